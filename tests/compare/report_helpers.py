"""Comparisons made up for the tests of the report."""

import cv2
import numpy as np

from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.results import Agreement, Comparison, Extras, MethodInfo, MethodResult, Picture, Sweep, SweepPoint
from bgsub.compare.turns import Spread

OURS, THEIRS, ODD = "stauffer-grimson", "cv2:mog2?history=200&detectShadows=false", "my<b>&module:make"
NAMES = (OURS, THEIRS, ODD)
MACHINE = {"cpu": "A processor", "processors": 2, "bgsub": "1.2.3", "opencv": "5.0.0"}


def result(sequence, method, tp, fp, fn, tn=1000, *, category="", shadow=(0, 0), ms=2.0, error="", n_scored=40):
    """One method on one sequence; F goes up and down over time, with gaps."""
    f_over_time = {} if error or not n_scored else {
        frame: None if frame % 10 == 0 else 0.5 + 0.4 * np.sin(frame / 9 + tp) for frame in range(101, 101 + n_scored)}
    return MethodResult(
        sequence, category, method, 60, 0 if error else n_scored, ConfusionCounts(tp, fp, fn, tn, *shadow),
        None if error else Extras(0.5, None, 0.01, 0.1), f_over_time,
        None if error or not ms else Spread(ms, 0.9 * ms, 1.2 * ms), None if error else 50_000_000, error)


def infos(names=NAMES):
    """What is said of the methods."""
    return tuple(MethodInfo(name, "cv2", "5.0.0", {"history": 500}, name == OURS) for name in names)


def with_truth(folder):
    """Three methods on three sequences of two categories, one of which failed once; pictures of two frames."""
    results = [
        result("road", OURS, 80, 20, 20, category="day", shadow=(3, 10), ms=1.0),
        result("road", THEIRS, 60, 40, 40, category="day", shadow=(5, 10), ms=3.0),
        result("road", ODD, 90, 10, 10, category="day", shadow=(1, 10)),
        result("square", OURS, 50, 50, 50, category="day"),
        result("square", THEIRS, 70, 30, 30, category="day"),
        result("square", ODD, 90, 10, 10, category="day"),
        result("night", OURS, 60, 40, 40, category="dark"),
        result("night", THEIRS, 30, 70, 70, category="dark"),
        result("night", ODD, 0, 0, 0, category="dark", error="a mask of 3 rows <expected 240>"),
    ]
    pictures = (picture(folder, "day/road", 117), picture(folder, "dark/night", 9))
    return Comparison(tuple(results), infos(), MACHINE, 2, ("road: no ROI <all counts>",), pictures,
                      command="bgsub compare data/ -o out/", made="2026-01-31")


def without_truth(folder):
    """Two methods on one sequence of which no truth is known."""
    results = (result("clip", OURS, 0, 0, 0, 0, n_scored=0), result("clip", THEIRS, 0, 0, 0, 0, n_scored=0))
    _write(folder / "heat.png", np.arange(256, dtype=np.uint8).reshape(16, 16))
    agreement = Agreement("clip", "", (OURS, THEIRS), 60, ((1.0, 0.25), (0.25, None)), (0.01, None), (0.1, 0.2),
                          "heat.png")
    return Comparison(results, infos(NAMES[:2]), MACHINE, 1, pictures=(picture(folder, "clip", 3, truth=False),),
                      agreements=(agreement,))


def with_sweep():
    """One method at four values of a parameter, the default among them; at the last, nothing is found."""
    values = {1.5: (0.4, 0.9, 0.554), 2.5: (0.6, 0.8, 0.686), 3.5: (0.8, 0.7, 0.747), 9.0: (None, 0.0, 0.0)}
    names = tuple(f"{OURS}?match_sigmas={value}" for value in values)
    results = tuple(result("road", name, 50 + 10 * number, 20, 20) for number, name in enumerate(names))
    points = tuple(SweepPoint(value, *measures) for value, measures in values.items())
    return Comparison(results, infos(names), MACHINE, 1, sweeps=(Sweep(OURS, "match_sigmas", 2.5, points),))


def picture(folder, sequence, frame, truth=True):
    """One of each kind, written as PNG."""
    names = ["input", *(["truth"] if truth else [])]
    for method in NAMES if truth else NAMES[:2]:
        names += [method, f"{method} errors"] if truth else [method]
    files = {name: f"pictures/{frame}_{number}.png" for number, name in enumerate(names)}
    (folder / "pictures").mkdir(exist_ok=True)
    for number, path in enumerate(files.values()):
        _write(folder / path, np.full((24, 32, 3), 20 * number, np.uint8))
    return Picture(sequence, frame, "two methods differ in 12 pixels (1.5 % of the picture) on the mean", files)


def _write(path, image):
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
