"""The parameters of OpenCV's MOG2 by OpenCV's names: getters, setters, and OpenCV's files."""

from __future__ import annotations

import json
import numbers
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bgsub.errors import MisuseError, OutputError
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.opencv_calls import OpenCVCalls

_FIELDS = {
    "history": "history",
    "nmixtures": "n_components",
    "backgroundRatio": "background_ratio",
    "varThreshold": "var_threshold",
    "varThresholdGen": "var_threshold_gen",
    "varInit": "initial_variance",
    "varMin": "min_variance",
    "varMax": "max_variance",
    "complexityReductionThreshold": "complexity_reduction",
    "detectShadows": "detect_shadows",
    "shadowValue": "shadow_value",
    "shadowThreshold": "shadow_threshold",
}
"""OpenCV's name of each parameter, in its files and here → that of `MOG2Params`."""
_HEADER = {"format": 3, "name": "BackgroundSubtractor.MOG2"}
"""What OpenCV's files say before the parameters."""
_MAPPING = 5
"""``cv2.FileNode_MAP``."""


class OpenCVParameters(OpenCVCalls):
    """Access to the parameters of a `MOG2` as `cv2.BackgroundSubtractorMOG2` gives it."""

    __slots__ = ()
    model: MOG2

    def getHistory(self) -> int:
        """Frames that the model remembers: the automatic learning rate falls to 1/history."""
        return self._get("history")

    def setHistory(self, history: int) -> None:
        """Raise it to absorb later what stands still, lower it to follow change sooner."""
        self._set("history", history)

    def getNMixtures(self) -> int:
        """Gaussians per pixel at most."""
        return self._get("nmixtures")

    def setNMixtures(self, nmixtures: int) -> None:
        """Raise it for backgrounds that take more colours; lowered after frames, it drops the lightest."""
        self._set("nmixtures", nmixtures)

    def getBackgroundRatio(self) -> float:
        """Share of the weights that is background."""
        return self._get("backgroundRatio")

    def setBackgroundRatio(self, ratio: float) -> None:
        """Raise it for backgrounds that take several colours, lower it if foreground vanishes too soon."""
        self._set("backgroundRatio", ratio)

    def getVarThreshold(self) -> float:
        """Squared distance, in variances, within which a colour is background."""
        return self._get("varThreshold")

    def setVarThreshold(self, varThreshold: float) -> None:
        """Raise it against noise, lower it to find more foreground."""
        self._set("varThreshold", varThreshold)

    def getVarThresholdGen(self) -> float:
        """Squared distance, in variances, within which a component learns from a colour."""
        return self._get("varThresholdGen")

    def setVarThresholdGen(self, varThresholdGen: float) -> None:
        """Lower it for more and narrower components."""
        self._set("varThresholdGen", varThresholdGen)

    def getVarInit(self) -> float:
        """Variance of a new component, per channel."""
        return self._get("varInit")

    def setVarInit(self, varInit: float) -> None:
        """Raise it if the first frames are noisy."""
        self._set("varInit", varInit)

    def getVarMin(self) -> float:
        """Variances stay above this."""
        return self._get("varMin")

    def setVarMin(self, varMin: float) -> None:
        """Raise it for noisy cameras, lower it to see fainter contrast."""
        self._set("varMin", varMin)

    def getVarMax(self) -> float:
        """Variances stay below this."""
        return self._get("varMax")

    def setVarMax(self, varMax: float) -> None:
        """Raise it to let a restless background spread."""
        self._set("varMax", varMax)

    def getComplexityReductionThreshold(self) -> float:
        """How soon a component that is not seen again is dropped."""
        return self._get("complexityReductionThreshold")

    def setComplexityReductionThreshold(self, ct: float) -> None:
        """Raise it for fewer components; 0 keeps all."""
        self._set("complexityReductionThreshold", ct)

    def getDetectShadows(self) -> bool:
        """Whether shadows are marked in the masks."""
        return self._get("detectShadows")

    def setDetectShadows(self, detectShadows: bool) -> None:
        """Without shadows the model is faster, and they are foreground."""
        whole = isinstance(detectShadows, numbers.Integral | np.bool_)
        self._set("detectShadows", bool(detectShadows) if whole else detectShadows)

    def getShadowValue(self) -> int:
        """What a mask holds where a shadow is."""
        return self._get("shadowValue")

    def setShadowValue(self, value: int) -> None:
        """From 0 (shadows are background) to 255 (they are foreground)."""
        self._set("shadowValue", value)

    def getShadowThreshold(self) -> float:
        """Share of the background's brightness that a shadow keeps at least."""
        return self._get("shadowThreshold")

    def setShadowThreshold(self, threshold: float) -> None:
        """Lower it for darker shadows."""
        self._set("shadowThreshold", threshold)

    def getDefaultName(self) -> str:
        """What the parameters stand under in a file of `save`."""
        return "BackgroundSubtractor_MOG2"

    def save(self, filename: str | Path) -> None:
        """Write the parameters, as OpenCV does, to a .xml, .json or YAML file; ``fg.model.save`` writes the model.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        path, name, contents = Path(filename), self.getDefaultName(), self._contents()
        if path.suffix == ".gz":
            raise MisuseError(f"the parameters are saved as .xml, .json or .yml; got {path}; leave out the .gz")
        if path.suffix == ".json":
            text = json.dumps({name: contents}, indent=4)
        elif path.suffix == ".xml":
            lines = "".join(f"  <{key}>{value}</{key}>\n" for key, value in contents.items())
            text = f'<?xml version="1.0"?>\n<opencv_storage>\n<{name}>\n{lines}</{name}>\n</opencv_storage>'
        else:
            lines = "".join(f"   {key}: {json.dumps(value)}\n" for key, value in contents.items())
            text = f"%YAML:1.0\n---\n{name}:\n{lines}"
        try:
            path.write_text(text)
        except OSError as error:
            raise OutputError(f"cannot save the parameters to {path}: {error.strerror or error}") from error

    def write(self, fs: Any, name: str | None = None) -> None:
        """Write the parameters into an open `cv2.FileStorage`."""
        if name is not None:
            fs.startWriteStruct(name, _MAPPING)
        for key, value in self._contents().items():
            fs.write(key, value)
        if name is not None:
            fs.endWriteStruct()

    def read(self, fn: Any) -> None:
        """Take the parameters from a `cv2.FileNode`.

        Raises
        ------
        MisuseError
            If it does not hold all of them.
        """
        if (not hasattr(fn, "getNode") or fn.getNode("name").string() != _HEADER["name"]
                or any(fn.getNode(key).empty() for key in _FIELDS)):
            raise MisuseError(f"the node must hold the parameters of {_HEADER['name']} that save() or write() wrote; "
                              f"get it with storage.getNode({self.getDefaultName()!r})")
        stored = {_FIELDS[key]: fn.getNode(key).real() for key in _FIELDS}
        stored["detect_shadows"] = stored["detect_shadows"] != 0
        self.model.params = replace(self.model.params, **stored)

    def _contents(self) -> dict[str, Any]:
        """What a file holds, as OpenCV names it; truth values as 0 and 1."""
        values = {key: self._get(key) for key in _FIELDS}
        return {**_HEADER, **values, "detectShadows": int(values["detectShadows"])}

    def _get(self, name: str) -> Any:
        """A parameter by OpenCV's name, of the precision that OpenCV keeps."""
        value = getattr(self.model.params, _FIELDS[name])
        return single(value) if isinstance(value, float) and name != "varThreshold" else value

    def _set(self, name: str, value: Any) -> None:
        field = _FIELDS[name]
        try:
            self.model.params = replace(self.model.params, **{field: value})
        except MisuseError as error:
            raise MisuseError(str(error).replace(field, name)) from None


def single(value: Any) -> Any:
    """A number, of the precision of float32."""
    return float(np.float32(value)) if isinstance(value, numbers.Real) else value
