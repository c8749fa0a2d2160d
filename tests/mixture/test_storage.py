"""Model files: what is read back goes on like what was saved; what is damaged is told; nothing is lost."""

import errno
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from small_videos import MODELS, a_model, a_mog2, busy_video, masks_of, of_both_models, restless_video, state_of

import bgsub
from bgsub.errors import MisuseError, ModelFileError, OutputError
from bgsub.mixture import storage
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.stauffer_grimson import StaufferGrimson
from bgsub.models.registry import load


@pytest.fixture
def saved(tmp_path, request) -> Path:
    model = MODELS[getattr(request, "param", "stauffer-grimson")](n_components=3)
    masks_of(model, busy_video(1, 10, (4, 5, 3)))
    model.save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


saved_by_both_models = pytest.mark.parametrize("saved", MODELS, indirect=True)


def rewrite(path: Path, header: dict | None = None, savez=np.savez, without: str = "", **arrays) -> None:
    """Change some of a model file, and leave it a well-formed npz."""
    with np.load(path) as file:
        contents = dict(file)
    if header is not None:
        contents["header"] = np.array(json.dumps({**json.loads(str(contents["header"])), **header}))
    contents.update(arrays)
    contents.pop(without, None)
    savez(path, **contents)


@pytest.mark.parametrize("shape", [(5, 7, 3), (7, 5), (4, 4, 1)])
@pytest.mark.parametrize("reader", [load, StaufferGrimson.load, bgsub.load])
@pytest.mark.parametrize("n_before", [1, 25])
def test_loaded_model_goes_on_as_if_nothing_had_been(tmp_path, shape, reader, n_before):
    video = busy_video(2, 50, shape)
    whole = a_model(rho="density")
    masks = masks_of(whole, video)
    first = a_model(rho="density")
    masks_of(first, video[:n_before])
    first.save(tmp_path / "m.npz")
    second = reader(tmp_path / "m.npz", threads=3)
    assert type(second) is StaufferGrimson
    assert (second.params, second.n_frames, second.threads) == (first.params, n_before, 3)
    assert state_of(second) == state_of(first)
    assert np.array_equal(second.background(), first.background())
    assert np.array_equal(masks_of(second, video[n_before:]), masks[n_before:])
    assert state_of(second) == state_of(whole)


@pytest.mark.parametrize("roi", [None, np.tri(5, 7, -1, np.uint8)], ids=["whole frame", "roi"])
@pytest.mark.parametrize(("shape", "dtype"), [
    ((5, 7, 3), "uint8"), ((5, 7), "uint8"), ((5, 7, 3), "uint16"), ((5, 7, 3), "float32"), ((5, 7), "float32"),
])
@of_both_models
def test_loaded_model_of_any_kind_goes_on_as_if_nothing_had_been(a_model, tmp_path, shape, dtype, roi):
    video = restless_video(6, 50, shape, dtype)
    whole = a_model(roi=roi)
    masks_of(whole, video[:25])
    whole.freeze()
    whole.save(tmp_path / "m.npz")
    for reader in (load, type(whole).load, bgsub.load):
        model, twin = reader(tmp_path / "m.npz", threads=1), whole.copy()
        assert type(model) is type(whole)
        assert (model.params, model.n_frames, model.frozen) == (whole.params, 25, True)
        assert (model.roi is None) == (roi is None)
        assert roi is None or np.array_equal(model.roi, roi > 0)
        assert state_of(model) == state_of(whole)
        assert np.array_equal(model.background(), whole.background())
        assert np.array_equal(masks_of(model, video[25:30]), masks_of(whole, video[25:30]))
        for goes_on in (model, twin):
            goes_on.unfreeze()
        assert np.array_equal(masks_of(model, video[25:]), masks_of(twin, video[25:]))
        assert state_of(model) == state_of(twin)


def test_what_is_no_number_any_more_is_kept_too(tmp_path):
    model = a_mog2(n_components=4, complexity_reduction=0.3)  # see the test of such backgrounds in test_mog2.py
    video, rates = np.array([90, 200, 10, 90, 10], np.uint8).reshape(5, 1, 1), [None, 0.1, 0.1, 0.5, 0.0]
    masks_of(model, video, rates)
    assert np.isnan(model.means).any()
    model.save(tmp_path / "m.npz")
    loaded = load(tmp_path / "m.npz", threads=1)
    assert state_of(loaded) == state_of(model)
    video = restless_video(7, 40, (1, 1))
    assert np.array_equal(masks_of(loaded, video), masks_of(model, video))


def test_file_of_the_other_model(tmp_path):
    for make, other in ((a_model, MOG2), (a_mog2, StaufferGrimson)):
        model = make()
        model.apply(np.zeros((2, 3), np.uint8))
        model.save(tmp_path / "m.npz")
        with pytest.raises(ModelFileError, match=f"holds a model '{model.name}', not '{other.name}'; use bgsub.load"):
            other.load(tmp_path / "m.npz")


def test_every_parameter_of_mog2_is_kept(tmp_path):
    model = MOG2(n_components=np.int64(2), absorb_after=12, frame_rate=np.float32(12.5), var_threshold=3,
                 var_threshold_gen=4, background_ratio=0.6, initial_variance=200, min_variance=20, max_variance=10,
                 complexity_reduction=np.float32(0.1), detect_shadows=False, shadow_threshold=0.3, shadow_value=9)
    model.apply(np.zeros((2, 3), np.uint8))
    model.save(str(tmp_path / "m.npz"))
    assert load(str(tmp_path / "m.npz")).params == model.params


def test_every_parameter_is_kept(tmp_path):
    given = {"n_components": np.int64(2), "absorb_after": 12, "frame_rate": np.float32(12.5), "match_sigmas": 3,
             "background_ratio": 0.6, "initial_variance": 200, "min_variance": 20, "rho": "density"}
    model = StaufferGrimson(**given)
    model.apply(np.zeros((2, 3), np.uint8))
    model.save(str(tmp_path / "m.npz"))
    assert load(str(tmp_path / "m.npz")).params == model.params


def test_file_is_plain_npz_under_the_very_name(tmp_path):
    model = a_model()
    model.apply(np.zeros((2, 3), np.uint8))
    model.save(tmp_path / "state.model")
    assert [p.name for p in tmp_path.iterdir()] == ["state.model"]
    with np.load(tmp_path / "state.model", allow_pickle=False) as file:
        assert sorted(file.files) == ["header", "in_use", "means", "variances", "weights"]
        assert np.array_equal(file["weights"], model.weights)


@saved_by_both_models
def test_saving_again_replaces(saved):
    model = load(saved)
    masks_of(model, busy_video(3, 5, (4, 5, 3)))
    model.save(saved)
    assert state_of(load(saved)) == state_of(model)
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_file_is_written_beside_its_place(saved, monkeypatch):
    # across file systems there is no replacing in one step
    moves, replace = [], os.replace
    monkeypatch.setattr(storage.os, "replace", lambda *paths: (moves.append(paths), replace(*paths)))
    load(saved).save(saved)
    ((source, target),) = moves
    assert Path(source).parent == Path(target).parent == saved.parent


def test_older_numpy_takes_every_keyword_for_an_array(saved, monkeypatch):
    keywords = []
    monkeypatch.setattr(np, "savez", lambda file, *args, **arrays: keywords.extend(arrays))
    load(saved).save(saved.with_name("other.npz"))
    assert set(keywords) == {"header", "weights", "means", "variances", "in_use"}


# What cannot be read


def test_missing_file(tmp_path):
    for reader in (load, StaufferGrimson.load):
        with pytest.raises(MisuseError, match=r"no model file .*nowhere.npz"):
            reader(tmp_path / "nowhere.npz")
        with pytest.raises(MisuseError, match="no model file"):
            reader(tmp_path / "no folder" / "nowhere.npz")


def test_wrong_threads_are_not_blamed_on_the_file(saved):
    for reader in (load, StaufferGrimson.load):
        with pytest.raises(MisuseError, match="threads must be"):
            reader(saved, threads=0)


def _refused(path: Path) -> str:
    errors = []
    for reader in (load, StaufferGrimson.load):
        with pytest.raises(ModelFileError, match=path.name) as caught:
            reader(path)
        errors.append(str(caught.value))
    return errors[0]


@pytest.mark.parametrize("content", [
    b"", b"x", b"not a model\n" * 100, b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x93NUMPY", b"\x89PNG\r\n\x1a\n" * 9,
    pickle.dumps({"header": 1}),
])
def test_file_of_another_program(tmp_path, content):
    (tmp_path / "foreign.npz").write_bytes(content)
    assert "no bgsub model" in _refused(tmp_path / "foreign.npz")


def test_arrays_of_another_program(tmp_path):
    path = tmp_path / "foreign.npz"
    np.savez(path, weights=np.zeros(3))
    assert "no bgsub model" in _refused(path)
    np.savez(path, header=np.zeros(3))
    assert "no bgsub model" in _refused(path)
    for header in ("[]", "3", "null", "{}", '"text"', '{"format": "other", "version": 1}', "not json", "{" * 5000):
        np.savez(path, header=np.array(header))
        assert "no bgsub model" in _refused(path)
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 3)))
    assert "no bgsub model" in _refused(path)


def test_folder_is_no_model(tmp_path):
    _refused(tmp_path)


@saved_by_both_models
def test_truncated_file(saved):
    content = saved.read_bytes()
    for n in [*range(0, len(content), 97), len(content) - 1]:
        saved.write_bytes(content[:n])
        _refused(saved)


@pytest.mark.parametrize("savez", [np.savez, np.savez_compressed])
def test_flipped_bytes_are_noticed_or_harmless(saved, savez):
    rewrite(saved, savez=savez)
    content, expected = saved.read_bytes(), state_of(load(saved))
    rng = np.random.default_rng(4)
    n_refused = 0
    for i in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[i] ^= int(rng.integers(1, 256))
        saved.write_bytes(damaged)
        try:
            model = load(saved)
        except ModelFileError:
            n_refused += 1
        else:  # some bytes of a zip file mean nothing, such as dates
            assert state_of(model) == expected
    assert n_refused > len(content) / 3 / 2


@pytest.mark.parametrize("version", [0, 1, 99, "2.0", None])
@saved_by_both_models
def test_other_version(saved, version):
    rewrite(saved, {"version": version})
    message = _refused(saved)
    assert f"version {version!r}" in message
    assert "version 2" in message


@pytest.mark.parametrize("name", ["mog3", "", None, 3, ["stauffer-grimson"], {}])
def test_other_model(saved, name):
    rewrite(saved, {"model": name})
    assert "holds a model" in _refused(saved)


PARAMS = {"n_components": 3, "learning_rate": 0.01}


@pytest.mark.parametrize("header", [
    {"params": {**PARAMS, "n_components": 99}}, {"params": {**PARAMS, "learning_rate": float("nan")}},
    {"params": {**PARAMS, "learning_rate": "0.1"}}, {"params": {**PARAMS, "rho": "x"}},
    {"params": {**PARAMS, "unknown": 1}}, {"params": {**PARAMS, "n_components": 2}},
    {"params": {**PARAMS, "absorb_after": 3}}, {"params": []}, {"params": [1]}, {"params": None}, {"params": 3},
    {"n_frames": -1}, {"n_frames": float("inf")}, {"n_frames": float("nan")}, {"n_frames": "many"},
    {"n_frames": None}, {"n_frames": []}, {"dtype": "float64"}, {"dtype": "x"}, {"dtype": None},
], ids=str)
def test_header_out_of_range(saved, header):
    rewrite(saved, header)
    assert "damaged" in _refused(saved)


@saved_by_both_models
@pytest.mark.parametrize("key", ["params", "n_frames", "dtype", "frozen"])
def test_header_with_a_gap(saved, key):
    with np.load(saved) as file:
        contents = dict(file)
    header = json.loads(str(contents["header"]))
    del header[key]
    np.savez(saved, **{**contents, "header": np.array(json.dumps(header))})
    assert "damaged" in _refused(saved)


@pytest.mark.parametrize("name", ["weights", "means", "variances"])
@pytest.mark.parametrize("spoil", [
    lambda a: a[:-1], lambda a: a[:, :, :2], lambda a: a[None], lambda a: a.ravel(), lambda a: a[:0], np.sum,
    lambda a: np.where(a == a.max(), np.nan, a), lambda a: np.where(a == a.max(), np.float32(np.inf), a),
    lambda a: -a - 1, lambda a: a.astype(complex), lambda a: a.astype(str), lambda a: a.astype(float), lambda a: a > 0,
], ids=["short", "few", "axis", "flat", "empty", "scalar", "nan", "inf", "negative", "complex", "text", "float64",
        "bool"])
def test_arrays_that_do_not_fit(saved, name, spoil, request):
    with np.load(saved) as file:
        array = file[name]
    rewrite(saved, **{name: spoil(array)})
    if name == "means" and request.node.callspec.id.startswith("negative"):
        load(saved)  # as float32 frames may give them
        return
    assert "damaged" in _refused(saved)


@saved_by_both_models
@pytest.mark.parametrize("name", ["weights", "means", "variances", "in_use", "header"])
def test_missing_and_surplus_arrays(saved, name):
    rewrite(saved, surplus=np.zeros(3))
    _refused(saved)
    rewrite(saved, without="surplus")
    load(saved)
    rewrite(saved, without=name)
    _refused(saved)


@pytest.mark.parametrize("spoil", [
    lambda a: a + np.uint8(4), lambda a: a[:-1], lambda a: a.astype(int), lambda a: a > 0, lambda a: a[..., None],
], ids=["too many", "short", "int64", "bool", "axis"])
@saved_by_both_models
def test_numbers_in_use_that_do_not_fit(saved, spoil):
    with np.load(saved) as file:
        array = file["in_use"]
    rewrite(saved, in_use=spoil(array))
    assert "damaged" in _refused(saved)


@pytest.mark.parametrize("roi", [np.ones((5, 4), bool), np.ones((4, 5)), np.ones(20, bool), np.array("all")])
@saved_by_both_models
def test_roi_that_does_not_fit(saved, roi):
    rewrite(saved, roi=roi)
    assert "damaged" in _refused(saved)


class _Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["weights", "header", "surplus"])
def test_pickles_are_never_opened(saved, name, tmp_path):
    trace = tmp_path / "executed"
    with np.load(saved) as file:
        contents = dict(file)
    np.savez(saved, allow_pickle=True, **{**contents, name: np.array([_Bomb(trace)], object)})
    _refused(saved)
    saved.write_bytes(pickle.dumps(_Bomb(trace)))
    _refused(saved)
    assert not trace.exists()


# What cannot be written


def _unharmed(folder: Path, content: bytes) -> None:
    assert [p.name for p in folder.iterdir()] == ["model.npz"], "nothing half done is left"
    assert (folder / "model.npz").read_bytes() == content


def test_folder_that_is_missing_or_a_file(saved):
    model, content = load(saved), saved.read_bytes()
    for path in (saved.parent / "missing" / "m.npz", saved / "m.npz"):
        with pytest.raises(OutputError, match=r"cannot save the model to .*m.npz: [A-Z]"):
            model.save(path)
    _unharmed(saved.parent, content)


def test_target_that_is_a_folder(saved, tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    (folder / "m.npz").mkdir()
    with pytest.raises(OutputError, match="cannot save"):
        load(saved).save(folder / "m.npz")
    assert [p.name for p in folder.iterdir()] == ["m.npz"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(saved):
    content = saved.read_bytes()
    saved.parent.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            load(saved).save(saved)
    finally:
        saved.parent.chmod(0o700)
    _unharmed(saved.parent, content)


@pytest.mark.parametrize(("error", "expected"), [
    (OSError(errno.ENOSPC, "No space left on device"), OutputError), (KeyboardInterrupt(), KeyboardInterrupt),
    (MemoryError(), MemoryError),
])
@pytest.mark.parametrize("where", ["savez", "fsync", "replace"])
def test_failure_in_the_middle_leaves_the_old_file(saved, monkeypatch, error, expected, where):
    model, content = load(saved), saved.read_bytes()
    masks_of(model, busy_video(5, 3, (4, 5, 3)))

    def half_done(file, *args, **kwargs):
        if where == "savez":
            file.write(b"half a model")
        raise error

    monkeypatch.setattr(storage.np if where == "savez" else storage.os, where, half_done)
    with pytest.raises(expected) as caught:
        model.save(saved)
    if expected is OutputError:
        assert "model.npz: No space left" in str(caught.value)
    monkeypatch.undo()
    _unharmed(saved.parent, content)
