"""Checkpoints: models go on bit for bit, the file is always whole, and when one is due depends on video alone."""

import itertools

import cv2
import numpy as np
import pytest

from bgsub.errors import InputError, OutputError
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.models.registry import MODELS, from_contents
from bgsub.video import checkpoint
from bgsub.video.checkpoint import Checkpoint, Checkpoints
from bgsub.video.files import VideoFile
from bgsub.video.fingerprint import fingerprint
from bgsub.video.frame import Frame
from bgsub.video.images import ImageSequence
from bgsub.video.pipeline import Job, Selection, read_ahead
from bgsub.video.sinks import write_image

EMPTY = Checkpoint({"input": 1}, 2.0, False, {}, {}, {}, None)


def street(n):
    """Frames of a shaking camera in which a block moves, stands, and is gone; then the light is switched."""
    rng = np.random.default_rng(4)
    scene = cv2.resize(rng.integers(40, 160, (15, 20, 3), dtype=np.uint8), (80, 60), interpolation=cv2.INTER_CUBIC)
    for i in range(n):
        frame = np.roll(scene, (i // 7 % 2, i // 5 % 3), axis=(0, 1)).astype(np.int16)
        if i < 50:
            left = min(3 * i, 40)
            frame[20:40, left:left + 15] = (200, 60, 90)
        frame += rng.integers(-3, 4, frame.shape) + (0 if i < 70 else 70)
        yield np.clip(frame, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_a_model_goes_on_bit_for_bit(tmp_path, name, scale):
    path = tmp_path / "m.mkv.parts" / "checkpoint"
    path.parent.mkdir()
    roi = np.zeros((60, 80), np.uint8)
    roi[3:55, 4:77] = 1

    def masker(model):
        return Masker(model, CleaningParams(), scale=scale, roi=roi)

    whole, again = masker(MODELS[name](memory=30) if name == "adaptive" else MODELS[name]()), masker(MODELS[name](
        memory=30) if name == "adaptive" else MODELS[name]())
    for i, frame in enumerate(street(100)):
        if i in (1, 13, 37, 58, 73, 74, 90):
            EMPTY._replace(job={"n_frames": i}, model=again.subtractor.contents()).write(path)
            again = masker(from_contents(path, *Checkpoint.read(path).model))
        assert np.array_equal(whole.apply(frame), again.apply(frame)), i
    header, arrays = whole.subtractor.contents()
    other, others = again.subtractor.contents()
    assert header == other
    assert all(np.array_equal(arrays[key], others[key], equal_nan=True) for key in arrays)


def test_it_reads_what_was_written_wherever_it_is_moved(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "m.mkv.parts").mkdir(parents=True)
    part = tmp_path / "a" / "m.mkv.parts" / "000001.mkv"
    arrays = {"x": np.arange(12, dtype=np.float32).reshape(3, 4)}
    kept = EMPTY._replace(parts={str(part): 3}, told={"a": [1, None]}, model=({"model": "m"}, arrays))
    kept.write(part.with_name("checkpoint"))
    found = Checkpoint.read(part.with_name("checkpoint"))
    assert found._replace(model=None) == kept._replace(model=None)
    assert found.model[0] == {"model": "m"}
    assert np.array_equal(found.model[1]["x"], arrays["x"])
    moved = part.with_name("checkpoint").rename(tmp_path / "b" / "m.mkv.parts" / "checkpoint")
    assert list(Checkpoint.read(moved).parts) == [str(tmp_path / "b" / "m.mkv.parts" / "000001.mkv")]


def test_there_is_none():
    assert Checkpoint.read(checkpoint.Path("nowhere/m.mkv.parts/checkpoint")) is None


def test_one_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "m.parts" / "checkpoint"
    path.parent.mkdir()
    EMPTY.write(path)
    before = path.read_bytes()
    monkeypatch.setattr(checkpoint.np.lib.format, "write_array", lambda *words, **keywords: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        EMPTY._replace(model=({}, {"x": np.ones(3)})).write(path)
    assert [one.name for one in path.parent.iterdir()] == ["checkpoint"]
    assert path.read_bytes() == before
    with pytest.raises(OutputError, match="cannot write the checkpoint"):
        EMPTY.write(tmp_path / "gone" / "checkpoint")


def test_any_byte_that_is_wrong_is_told(tmp_path):
    path = tmp_path / "m.parts" / "checkpoint"
    path.parent.mkdir()
    EMPTY._replace(model=({"model": "m"}, {"x": np.arange(999.0)})).write(path)
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match="no checkpoint, or damaged"):
            Checkpoint.read(path)
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 255
    path.write_bytes(middle)
    with pytest.raises(InputError, match="no checkpoint, or damaged"):
        Checkpoint.read(path)


def due(times, every, stop=None):
    """At which frames one is due; with `stop`, in two runs."""
    found, begun = [], EMPTY._replace(every=every)
    for part in (times[:stop], times[stop:]) if stop else (times,):
        keeper = Checkpoints(checkpoint.Path("x"), begun, lambda: ({}, {}), dict)
        found += [time for time in part if keeper.due(Frame(1, time, np.zeros((1, 1))))]
        begun = begun._replace(job={"n_frames": 1, "since": keeper._since, "turn": keeper._turn})
    return found


def test_when_it_is_due_depends_on_times_alone():
    times = [4.0, 4.5, 6.0, 6.1, 7.9, 12.5, 12.6, 12.0, 14.0]
    assert due(times, 2.0) == [6.0, 12.5, 14.0]
    for stop in range(1, len(times)):
        assert due(times, 2.0, stop) == [6.0, 12.5, 14.0]
    assert due(times, 100.0) == []


@pytest.mark.parametrize("n_damaged", [0, 1])
def test_a_job_passes_over_frames_that_are_done(tmp_path, n_damaged):
    for i in range(9):
        write_image(tmp_path / f"in{i}.png", np.full((4, 6), i, np.uint8))
    if n_damaged:
        (tmp_path / "in3.png").write_bytes(b"no image")

    class Model:
        def __init__(self):
            self.seen = []

        def apply(self, image):
            self.seen.append(int(image[0, 0]))
            return np.zeros_like(image)

    counts = {"n_frames": 3 - n_damaged, "seconds": 7.0, "n_foreground": 5, "n_pixels": 100, "index": 4}
    source, model = ImageSequence(tmp_path), Model()
    job = Job(source, model, list, Selection(start=0.08).of(source))
    job.go_on(counts)
    job.run()
    assert model.seen == [5, 6, 7, 8]
    assert (job.n_frames, job.n_pixels, job.n_foreground, job.last.index) == (7 - n_damaged, 100 + 4 * 24, 5, 8)
    assert job.seconds > 7


def test_frames_that_were_read_ahead_come_once_and_are_let_go():
    frames = (Frame(i, i / 10, np.full((2, 2), i, np.uint8)) for i in itertools.count(1))
    first, all_frames = read_ahead(frames, 3)
    assert [frame.index for frame in first] == [1, 2, 3]
    assert [frame.index for frame in itertools.islice(all_frames, 5)] == [1, 2, 3, 4, 5]


def test_inputs_are_told_apart(tmp_path):
    frames = list(street(30))
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (80, 60))
    for frame in frames:
        writer.write(frame)
    writer.release()
    data = (tmp_path / "a.avi").read_bytes()
    (tmp_path / "same.avi").write_bytes(data)
    (tmp_path / "other.avi").write_bytes(data[:3000] + bytes([data[3000] ^ 1]) + data[3001:])
    one, same, other = (fingerprint(VideoFile(tmp_path / f"{name}.avi")) for name in ("a", "same", "other"))
    assert one == same
    assert one != other
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        for i, frame in enumerate(frames[:5]):
            write_image(tmp_path / name / f"{i}.png", frame)
    assert fingerprint(ImageSequence(tmp_path / "x")) == fingerprint(ImageSequence(tmp_path / "y"))
    write_image(tmp_path / "y" / "3.png", frames[9])
    assert fingerprint(ImageSequence(tmp_path / "x")) != fingerprint(ImageSequence(tmp_path / "y"))
