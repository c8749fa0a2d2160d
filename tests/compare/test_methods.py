"""Methods by their specs: found or not, with the parameters that were typed, alike in all else."""

import itertools
import pickle
import sys
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.adaptive.model import Adaptive
from bgsub.compare import rivals
from bgsub.compare.clips import labelled_clip
from bgsub.compare.methods import method, parameters_of
from bgsub.compare.metrics import ConfusionCounts, count
from bgsub.compare.specs import CONTRIB_NAMES
from bgsub.errors import InputError, MisuseError
from bgsub.masks.cleaning import clean
from bgsub.masks.params import CleaningParams
from bgsub.mixture.mog2 import MOG2
from bgsub.models.registry import MODELS

HAS_CONTRIB = hasattr(cv2, "bgsegm")
PYBGS = """
import os, sys
import numpy as np

__version__ = "3.3.1"

class FrameDifference:
    '''Like those of pybgs: writes its parameters below the current folder, and warms up.'''

    def __init__(self):
        os.makedirs("config", exist_ok=True)
        assert not os.listdir("config")
        open("config/FrameDifference.xml", "w").close()
        self.before = None

    def apply(self, image):
        before, self.before = self.before, image.copy()
        if before is None:
            assert os.path.exists("config") is False
            return None
        mask = np.where(before != image, 255, 0).astype(np.uint8)
        return mask

    def getBackgroundModel(self):
        return self.before

def transpose_image(image):
    return image
"""
FACTORY = """
import numpy as np

class Bright:
    def __init__(self, level=128, *, threads=None, mode="plain"):
        self.level, self.threads = level, threads

    def apply(self, image):
        return np.where(image.max(axis=2) > self.level, 255, 0).astype(np.uint8)

def any_word(**words):
    return Bright(words.get("level", 1))

def needs(level):
    return Bright(level)

def nothing():
    return None

number = 3

class Home:
    Bright = Bright
"""


@pytest.fixture
def frames():
    rng = np.random.default_rng(0)
    images = rng.integers(90, 110, (12, 32, 40, 3), dtype=np.uint8)
    for i, image in enumerate(images):
        image[8:20, 2 * i:2 * i + 12] = 200
        image.flags.writeable = False
    return images


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current folder with modules of one's own, forgotten afterwards."""
    (tmp_path / "my_methods.py").write_text(FACTORY)
    (tmp_path / "broken.py").write_text("import not_there_at_all")
    (tmp_path / "raising.py").write_text("raise RuntimeError('two\\nlines')")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def masks(found, frames, threads=1):
    """Of a method that went to a worker and back."""
    subtractor = pickle.loads(pickle.dumps(found)).make(threads)
    return [subtractor.apply(frame).copy() for frame in frames]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", list(MODELS))
def test_ours(name, frames):
    found, cleans = method(name), name == "adaptive"
    assert (found.info.name, found.info.kind, found.info.cleaned, found.error) == (name, "bgsub", cleans, "")
    more = {**asdict(CleaningParams()), "raw": False} if cleans else {}
    assert found.info.parameters == {**asdict(MODELS[name]().params), **more}
    model = MODELS[name]()
    assert same(masks(found, frames), [model.apply(frame) for frame in frames])
    made = found.make(3)
    assert getattr(made, "subtractor", made).threads == 3


@pytest.fixture(scope="module")
def speckled():
    """A square that moves, and dots of one frame each."""
    rng = np.random.default_rng(7)
    images = rng.integers(90, 110, (12, 96, 128, 3), dtype=np.uint8)
    for i, image in enumerate(images):
        image[rng.random(image.shape[:2]) < 0.003] = 255
        image[30:60, 4 * i:4 * i + 25] = 220
    return images


@pytest.mark.parametrize(("text", "given"), [
    ("adaptive", {}), ("adaptive?clean=true", {}), ("adaptive?raw=false", {}), ("adaptive?raw=true", {"raw": True}),
    ("adaptive?clean=false", {"raw": True}), ("adaptive?median=3", {"cleaning": CleaningParams(median=3)}),
])
@pytest.mark.parametrize("clean", [False, True])
def test_adaptive_is_cleaned_once_or_not_at_all(speckled, text, given, clean):
    found = method(text, clean)
    model = Adaptive(**given)
    assert same(masks(found, speckled), [model.apply(frame) for frame in speckled])
    assert found.info.cleaned == (not model.raw)
    assert found.info.parameters["raw"] == model.raw
    assert found.info.parameters.get("median") == (None if model.raw else model.cleaning.median)


def test_the_three_ways_of_cleaning_it_differ(speckled):
    found = [masks(method(text), speckled) for text in ("adaptive", "adaptive?raw=true", "adaptive?median=3")]
    assert not any(same(one, other) for one, other in itertools.combinations(found, 2))


def test_seconds_of_adaptive_are_those_of_the_clip():
    clip = labelled_clip(Path(__file__).parents[2] / "videos" / "ghost")
    found = method("adaptive")
    assert found.info.parameters["frame_rate"] is None
    assert found.make(1, replace(clip, frame_rate=50.0)).subtractor.params.frame_rate == 50
    assert method("adaptive?frame_rate=7&raw=true").make(1, clip).params.frame_rate == 7


def test_parameters_of_ours(frames):
    found = method("mog2?history=7&detect_shadows=false")
    assert (found.info.parameters["history"], found.info.parameters["detect_shadows"]) == (7, False)
    model = MOG2(history=7, detect_shadows=False)
    assert same(masks(found, frames), [model.apply(frame) for frame in frames])


def test_seconds_are_turned_into_frames_by_the_clip(frames):
    found = method("stauffer-grimson?absorb_after=2")
    clip = labelled_clip(Path(__file__).parents[2] / "videos" / "ghost")
    assert found.info.parameters["frame_rate"] is None
    assert found.make(1, replace(clip, frame_rate=50.0)).params.frame_rate == 50
    assert method("stauffer-grimson?absorb_after=2&frame_rate=7").make(1, clip).params.frame_rate == 7


def test_cleaning_is_everybodys(frames):
    raw = masks(method("cv2:mog2"), frames)
    cleaned = [clean(mask, CleaningParams()) for mask in raw]
    assert not same(raw, cleaned)
    assert same(masks(method("cv2:mog2", clean=True), frames), cleaned)
    assert same(masks(method("cv2:mog2?clean=true"), frames), cleaned)
    assert same(masks(method("cv2:mog2?clean=false", clean=True), frames), raw)
    params = CleaningParams(median=3)
    found = method("cv2:mog2?median=3")
    assert same(masks(found, frames), [clean(mask, params) for mask in raw])
    assert (found.info.cleaned, found.info.parameters["median"]) == (True, 3)
    assert "median" not in method("cv2:mog2").info.parameters


def test_parameters_of_opencv(frames):
    found = method("cv2:MOG2?history=7&detectShadows=false&nmixtures=2&learningRate=0.1")
    told = found.info.parameters
    assert found.info.version == cv2.__version__
    assert (told["history"], told["detectShadows"], told["nMixtures"], told["varThreshold"]) == (7, False, 2, 16)
    assert told["backgroundRatio"] == 0.9
    rival = cv2.createBackgroundSubtractorMOG2(history=7, detectShadows=False)
    rival.setNMixtures(2)
    assert same(masks(found, frames), [rival.apply(frame, learningRate=0.1) for frame in frames])


def test_what_a_sweep_can_change():
    values = parameters_of(method("stauffer-grimson"))
    assert (values["match_sigmas"], values["median"]) == (2.5, 7)
    values = parameters_of(method("cv2:knn?median=3"))
    assert (values["dist2Threshold"], values["median"], values["learningRate"]) == (400, 3, None)


@pytest.mark.parametrize(("text", "words"), [
    ("mog2?histori=3", "mog2 has no parameter 'histori'; did you mean history"),
    ("mog2?raw=true", "mog2 has no parameter 'raw'"), ("adaptive?raw=3", "raw must be true or false; got 3"),
    ("adaptive?raw=true&clean=true", "says both clean and raw; leave out one of them"),
    ("adaptive?raw=true&median=3", "gives median and no cleaning"),
    ("mog2?xyz=3", "there are n_components, .*, clean, median, close, fill_holes, min_blob"),
    ("mog2?history=-1", "history must be a whole number"), ("mog2?history=a", "history must be a whole number"),
    ("mog2?absorb_after=-1", "absorb_after"), ("mog2?history=9&absorb_after=1", "not both"),
    ("cv2:mog2?detectShadow=true", "did you mean detectShadows"),
    ("cv2:mog2?history=soon", "cv2:mog2 refuses history=soon"),
    ("cv2:mogg2", "did you mean cv2:mog2"), ("cv2:xyz", "there are cv2:mog2, cv2:knn, cv2:mog"),
    ("mog2?clean=3", "clean must be true or false"), ("mog2?median=-3", "median"),
    ("mog2?clean=false&median=3", "gives median and no cleaning"),
    ("masks:/nowhere/at/all", "no such file"),
])
def test_misuse(text, words):
    with pytest.raises(MisuseError, match=words) as caught:
        method(text)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(HAS_CONTRIB, reason="here is a contrib wheel")
@pytest.mark.parametrize("name", CONTRIB_NAMES)
def test_without_the_contrib_wheel(name):
    found = method(f"cv2:{name}?anything=3")
    assert found.error.startswith(f"cv2:{name} is in OpenCV's contrib wheels only")
    assert (found.info.version, found.info.parameters) == ("", {"anything": 3})
    with pytest.raises(InputError, match="pip install opencv-contrib-python"):
        found.make()


@pytest.mark.skipif(not HAS_CONTRIB, reason="OpenCV's other methods need a contrib wheel")
@pytest.mark.parametrize("name", CONTRIB_NAMES)
def test_with_the_contrib_wheel(name, frames):
    found = method(f"cv2:{name}")
    for shown in (frames, frames[..., 0]):
        assert {(mask.shape, mask.dtype.name) for mask in masks(found, shown)} == {(frames.shape[1:3], "uint8")}
    words = {"mog": "nmixtures", "gmg": "initializationFrames", "cnt": "minPixelStability", "lsbp": "nSamples",
             "gsoc": "nSamples"}
    assert method(f"cv2:{name}?{words[name]}=4").info.parameters != found.info.parameters


def test_a_background_that_is_not_there(frames):
    class Empty:
        def apply(self, image):
            return image

        def getBackgroundImage(self):
            raise cv2.error("not implemented")

    for made in (Empty, type("Bare", (), {"apply": Empty.apply})):
        with pytest.raises(InputError, match="has no background picture"):
            rivals.Factory("it", made).background()


def test_pybgs(here, frames):
    """With a stand-in that has the interface of pybgs."""
    (here / "pybgs.py").write_text(PYBGS)
    (here / "config").mkdir()
    sys.path.insert(0, str(here))
    try:
        found = method("pybgs:framedifference")
    finally:
        sys.path.remove(str(here))
    assert (found.info.kind, found.info.version, found.error) == ("pybgs", "3.3.1", "")
    subtractor = found.make()
    first, second = subtractor.apply(frames[0]), subtractor.apply(frames[1])
    assert not first.any()
    assert first.shape == second.shape == frames.shape[1:3]
    assert np.array_equal(second, np.where(frames[0, ..., 0] != frames[1, ..., 0], 255, 0))
    assert np.array_equal(subtractor.background(), frames[1])
    subtractor.reset()
    assert not subtractor.apply(frames[2]).any()
    assert list((here / "config").iterdir()) == []
    with pytest.raises(MisuseError, match="did you mean pybgs:FrameDifference"):
        method("pybgs:FrameDiference")
    with pytest.raises(MisuseError, match="has no parameter 'threshold'"):
        method("pybgs:FrameDifference?threshold=3")


def test_without_pybgs(monkeypatch):
    monkeypatch.setitem(sys.modules, "pybgs", None)
    with pytest.raises(InputError, match="pip install pybgs"):
        method("pybgs:SuBSENSE").make()


def test_factories(here, frames):
    found = method("my_methods:Bright?level=150")
    assert found.info.parameters == {"level": 150, "mode": "plain"}
    assert same(masks(found, frames), [np.where(frame.max(axis=2) > 150, 255, 0) for frame in frames])
    assert found.make(3)._subtractor.threads == 3
    assert method("my_methods:Bright?threads=1").make(3)._subtractor.threads == 1
    assert masks(method("my_methods:Home.Bright"), frames)
    assert same(masks(method("my_methods:any_word?level=150&x=y"), frames), masks(found, frames))


@pytest.mark.parametrize(("text", "words"), [
    ("my_methods:Brigth", "my_methods has no 'Brigth'; did you mean Bright"),
    ("my_methods:number", "my_methods:number is of type int; expected a call"),
    ("my_methods:Bright?levle=3", "did you mean level"),
    ("my_methods:needs", "cannot be called so: missing a required argument: 'level'"),
])
def test_misused_factories(here, text, words):
    with pytest.raises(MisuseError, match=words):
        method(text)


@pytest.mark.parametrize(("text", "words"), [
    ("my_method:Bright", "no module 'my_method', .*; did you mean my_methods"),
    ("xyzzy.plugh:make", "no module 'xyzzy', neither installed nor in the current folder$"),
    ("broken:make", "broken cannot be imported: No module named 'not_there_at_all'"),
    ("raising:make", "raising cannot be imported: RuntimeError: two lines"),
    ("my_methods:nothing", "my_methods:nothing made a NoneType; expected an object with apply"),
])
def test_factories_that_cost_their_column_only(here, text, words):
    path = list(sys.path)
    found = method(text)
    with pytest.raises(InputError, match=words):
        found.make()
    assert sys.path == path


@pytest.mark.skipif(not HAS_CONTRIB, reason="OpenCV's other methods need a contrib wheel")
@pytest.mark.parametrize(("name", "f_measure"), [("mog", 0.827), ("cnt", 0.288), ("gsoc", 0.466), ("knn", 0.563)])
def test_opencv_scores_what_it_scores_elsewhere(name, f_measure, data_dir):
    """On a public sequence, with one thread, since GSOC and LSBP are not reproducible with more."""
    clip = labelled_clip(data_dir / "sequences" / "IBMtest2")
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        subtractor = method(f"cv2:{name}").make(1, clip)
        counts = ConfusionCounts()
        for frame, truth in clip.pairs():
            mask = subtractor.apply(frame.image)
            counts += ConfusionCounts() if truth is None else count(mask, truth, clip.roi)
    finally:
        cv2.setNumThreads(before)
    assert counts.f_measure == pytest.approx(f_measure, abs=0.0006)
