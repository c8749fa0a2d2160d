"""Methods over one clip: fairness, what failures cost, and what is counted, kept and shown."""

from pathlib import Path

import compare_helpers as helpers
import cv2
import numpy as np
import pytest
from compare_helpers import CALLS, FIRST, LAST, SIZE, clip_of, write_sequence

from bgsub.compare.lane import Task, folder_name
from bgsub.compare.methods import method
from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.runner import run_clip
from bgsub.errors import InputError


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory):
    return clip_of(write_sequence(tmp_path_factory.mktemp("runner") / "square"))


def mine(*names: str):
    return tuple(method(f"compare_helpers:{name}") for name in names)


def run(clip, *names: str, **settings):
    return run_clip(Task(clip, mine(*names), **settings))


def test_counts_are_those_of_a_slow_count(clip):
    """Half of the square's pixels in a mask, all of it in the other, and whatever is noise in the third."""
    part = run(clip, "Threshold", "Threshold?above=85", "Threshold?above=250")
    wanted = [slow_count(clip, above) for above in (150, 85, 250)]
    assert [result.counts for result in part.results] == wanted
    assert wanted[1].fp > wanted[1].shadow_fp > 0
    assert wanted[2].tp == 0
    assert {(result.n_frames, result.n_scored) for result in part.results} == {(LAST, LAST - FIRST + 1)}
    first = part.results[0]
    assert list(first.f_over_time) == list(range(FIRST, LAST + 1))
    assert first.f_over_time[5] == 1
    assert first.f_over_time[6] is None, "nothing there and nothing found"
    assert part.results[2].f_over_time[5] == 0, "something there and nothing found"
    assert first.extras.flicker is not None
    assert (first.sequence, first.method, first.error) == ("square", "compare_helpers:Threshold", "")


def slow_count(clip, above: int) -> ConfusionCounts:
    tally = dict.fromkeys(("tp", "fp", "fn", "tn", "shadow_fp", "shadow"), 0)
    for frame, truth in clip.pairs():
        for value, label in zip(frame.image[..., 0].ravel(), [] if truth is None else truth.ravel(), strict=False):
            if label == 170:
                continue
            found, moving = value > above, label == 255
            tally[("t" if found == moving else "f") + ("p" if found else "n")] += 1
            tally["shadow"] += label == 50
            tally["shadow_fp"] += label == 50 and found
    return ConfusionCounts(**{name: int(value) for name, value in tally.items()})


def test_all_see_all_frames_in_order_and_take_turns(clip):
    CALLS.clear()
    run(clip, "Threshold?above=1", "Threshold?above=2", "Threshold?above=3")
    sums = [int(frame.image.sum(dtype=np.int64)) for frame, _ in clip.pairs()]
    by_name = {f"Threshold?above={i}": [seen for name, seen in CALLS if name == f"Threshold?above={i}"]
               for i in (1, 2, 3)}
    assert all(seen == sums for seen in by_name.values())
    order = "".join(name[-1] for name, _ in CALLS)
    assert order[:12] == "123231312123"


@pytest.mark.parametrize(("name", "error", "n_frames"), [
    ("Raises", "ValueError at frame 5: five is too many", 4),
    ("Whole", "expected a mask of uint8 (40, 56) with 255 for foreground, got uint8 (40, 56, 3) at frame 1", 0),
    ("Truth", "expected a mask of uint8 (40, 56) with 255 for foreground, got bool (40, 56) at frame 1", 0),
    ("Nothing", "expected a mask of uint8 (40, 56) with 255 for foreground, got NoneType at frame 1", 0),
    ("Scribbles", "ValueError at frame 1: assignment destination is read-only", 0),
    ("no_factory", "RuntimeError when it was made: not today", 0),
])
def test_a_failure_costs_its_own_column(clip, name, error, n_frames):
    alone = run(clip, "Threshold").results[0]
    failed, beside = run(clip, name, "Threshold").results
    assert (failed.error, failed.n_frames, failed.n_scored) == (error, n_frames, 0)
    assert failed.counts == ConfusionCounts()
    assert (failed.extras, failed.ms_per_frame, failed.f_over_time) == (None, None, {})
    assert beside.counts == alone.counts
    assert beside.extras == alone.extras


def test_where_all_fail_the_rest_of_the_clip_is_not_read(clip):
    CALLS.clear()
    part = run(clip, "Raises", "Whole")
    assert all(result.error for result in part.results)
    assert len(CALLS) == 6


def test_a_mask_that_is_written_over_later_counts_as_it_was(clip):
    one, other = run(clip, "OneBuffer", "Threshold").results
    assert (one.counts, one.extras) == (other.counts, other.extras)


def test_masks_without_255_are_noticed(clip):
    assert run(clip, "Ones", "Threshold").notes == (
        "square: compare_helpers:Ones never says 255, only up to 1: all of that counts as background",)


def test_the_first_frames_do_not_count_for_the_time(clip):
    slow, quick = run(clip, "SlowStart", "Threshold").results
    assert slow.ms_per_frame.high < 5
    assert 0 < quick.ms_per_frame.low <= quick.ms_per_frame.median <= quick.ms_per_frame.high
    part = run(clip, "Threshold")
    assert part.clock.methods > 0
    assert part.clock.decoding > 0


@pytest.mark.parametrize("threads", [1, 3])
def test_all_have_the_same_threads(clip, tmp_path, threads):
    before = cv2.getNumThreads()
    run(clip, "Meddles", "Threads", threads=threads, masks=tmp_path, max_frames=5)
    assert int(cv2.imread(str(tmp_path / "compare_helpers-Threads/square/bin000003.png"), 0)[0, 0]) == threads
    assert cv2.getNumThreads() == before
    assert run_clip(Task(clip, (method("mog2"),), threads, max_frames=5)).results[0].error == ""


def test_masks_are_kept_in_the_layout_of_results(clip, tmp_path):
    run(clip, "Threshold?above=85", masks=tmp_path)
    folder = tmp_path / "compare_helpers-Threshold-above=85" / "square"
    assert [path.name for path in sorted(folder.iterdir())] == [f"bin{i:06d}.png" for i in range(1, LAST + 1)]
    for frame, _ in clip.pairs():
        mask = cv2.imread(str(folder / f"bin{frame.index:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert (mask == helpers.Threshold(85).mask(frame.image)).all()
    again = run_clip(Task(clip, (method(f"masks:{folder}"), *mine("Threshold?above=85"))))
    assert again.results[0].counts == again.results[1].counts
    assert again.results[0].ms_per_frame is None, "nothing was computed"


def test_pictures_of_frames_at_which_methods_differ(clip, tmp_path):
    part = run(clip, "Threshold", "Threshold?above=250", out=tmp_path)
    assert part.pictures
    for picture in part.pictures:
        assert picture.frame % 2 == 1, "there is nothing in the others"
        assert all((tmp_path / path).is_file() for path in picture.files.values())
        assert {"input", "truth", "compare_helpers:Threshold", "compare_helpers:Threshold errors"} <= set(picture.files)


def test_without_truth_there_is_agreement(tmp_path):
    clip = clip_of(write_sequence(tmp_path / "square", truth=False))
    part = run(clip, "Threshold", "Threshold?above=250", "Raises", out=tmp_path / "out")
    assert part.agreement.methods == ("compare_helpers:Threshold", "compare_helpers:Threshold?above=250")
    assert part.agreement.iou == ((1.0, 0.0), (0.0, None))
    heat = cv2.imread(str(tmp_path / "out" / part.agreement.heat_map), cv2.IMREAD_UNCHANGED)
    assert heat.shape == SIZE
    assert (heat[helpers.SQUARE] == 255).all()
    first = part.results[0]
    assert (first.n_frames, first.n_scored, first.counts) == (LAST, 0, ConfusionCounts())
    assert part.pictures
    assert run(clip, "Threshold").agreement.heat_map == ""


def test_a_part_of_a_clip(clip):
    assert run(clip, "Threshold", max_frames=FIRST).results[0].ms_per_frame is not None
    part = run(clip, "Threshold", max_frames=10)
    assert (part.results[0].n_frames, part.results[0].n_scored) == (10, 10 - FIRST + 1)
    with pytest.raises(InputError, match="raise --max-frames"):
        run(clip, "Threshold", max_frames=FIRST - 1)


@pytest.mark.parametrize(("name", "folder"), [
    ("cv2:mog2?history=200&detectShadows=false", "cv2-mog2-history=200&detectShadows=false"),
    ("masks:../a/b", "masks-..-a-b"), ("..", "-"), ("a.b:c", "a.b-c"), ("Wald mögen", "Wald-mögen"),
])
def test_names_of_folders(name, folder):
    assert folder_name(name) == folder
    assert Path(folder).name == folder
