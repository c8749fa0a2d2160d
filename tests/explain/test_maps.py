"""Maps of all pixels agree with what is said of single ones."""

import cv2
import numpy as np
import pytest
from disk_helpers import largest_file
from explain_clips import CALM, MODELS, PARKED, street

from bgsub.errors import MisuseError, OutputError
from bgsub.explain import explain, look, watch
from bgsub.explain.maps import Mapper, targets, write
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams

FORGETFUL = {
    "stauffer-grimson": {"learning_rate": 0.005}, "mog2": {"history": 300},
    "adaptive": {"absorb_after": 20, "memory": 8},
}
of_all_models = pytest.mark.parametrize("name", MODELS)


def mapped(name, frames, **options):
    model = MODELS[name](**FORGETFUL[name])
    mapper = Mapper(model, Masker(model, CleaningParams(), **options), 25.0)
    for frame in frames:
        mapper.look(frame)
    return mapper


@of_all_models
def test_values(name):
    frames = street(46)
    mapper = mapped(name, frames)
    found = {key: one.values for key, one in mapper.maps().items()}
    model, (row, col) = mapper.model, PARKED
    state = look(model, row, col)
    assert found["components"][PARKED] == len(state.components)
    assert found["weight"][PARKED] == max(c.weight for c in state.components)
    assert found["sigma"][PARKED] == pytest.approx(state.components[0].sigma)
    assert found["distance"][PARKED] > 5 > 4 > found["distance"][CALM]
    masks = []
    masker = Masker(MODELS[name](**FORGETFUL[name]), CleaningParams())
    for frame in frames:
        masks.append(masker.apply(frame.image)[PARKED] == 255)
    assert found["foreground_share"][PARKED] == pytest.approx(np.mean(masks))
    assert found["since_foreground"][PARKED] == pytest.approx((45 - np.flatnonzero(masks)[-1]) / 25)
    assert np.isnan(found["since_foreground"][CALM])
    assert np.isnan(found["absorption"][CALM])
    assert ("tolerance" in found) == (name == "adaptive")


@of_all_models
@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_absorption_is_the_countdown(name, grey):
    frames = street(44, grey=grey)
    values = mapped(name, frames).maps()["absorption"].values * 25
    for pixel in (PARKED, (62, 92), (80, 110)):
        story = watch(lambda: iter(frames), MODELS[name](**FORGETFUL[name]), *pixel, cleaning=CleaningParams())
        if story.verdicts[-1] == 255:
            assert values[pixel] == pytest.approx(explain(story).countdown, rel=0.03, abs=2)
        else:
            assert np.isnan(values[pixel])


def test_sizes_with_scale():
    found = mapped("adaptive", street(30), scale=0.5).maps()
    assert found["weight"].values.shape == (48, 64)
    assert found["foreground_share"].values.shape == (96, 128)


def test_files(tmp_path):
    name = "adaptive"  # which has the most
    mapper = mapped(name, street(42))
    paths = targets(tmp_path / "maps", name, force=False)
    write(mapper, paths, wanted=42)
    assert {path.name for path in (tmp_path / "maps").iterdir()} == {path.name for path in paths.values()}
    with np.load(tmp_path / "maps" / "maps.npz") as arrays:
        for key, one in mapper.maps().items():
            np.testing.assert_array_equal(arrays[key], one.values)
    for key, path in paths.items():
        if key != "maps":
            assert len(np.unique(cv2.imread(str(path)))) > 20
    with pytest.raises(MisuseError, match="already there"):
        targets(tmp_path / "maps", name, force=False)
    targets(tmp_path / "maps", name, force=True)


def test_numbers_are_whole_or_not_there(tmp_path):
    mapper, paths = mapped("mog2", street(3)), targets(tmp_path / "maps", "mog2", force=False)
    with largest_file(2000), pytest.raises(OutputError, match=r"cannot write .*maps\.npz"):
        write(mapper, paths)
    assert list((tmp_path / "maps").iterdir()) == []


def test_refusals(tmp_path):
    mapper = mapped("mog2", street(3))
    for wanted, words in ((7, "the last one is 3"), (0, "the first one is 1")):
        with pytest.raises(MisuseError, match=words):
            write(mapper, targets(tmp_path / "maps", "mog2", force=False), wanted)
    assert not (tmp_path / "maps").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(MisuseError, match="is a file"):
        targets(tmp_path / "file", "mog2", force=False)
