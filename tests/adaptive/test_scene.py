"""When the whole scene has changed, and what it has become."""

import numpy as np
import pytest
from drawn_scenes import foreground_share, seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.scene import (
    HIDDEN,
    LIGHT,
    LIGHT_FRAMES,
    LIGHT_SHARE,
    LITTLE,
    VIEW_FOR,
    Scene,
    hidden,
    kind_of_change,
)

SIZE = (120, 160)
ROOM = texture((*SIZE, 3), seed=1, low=30, high=90)
RATE = 25.0
VIEW_FRAMES = round(VIEW_FOR * RATE)
DIM, BRIGHT, PLAIN = (0.7,) * 3, (1.4,) * 3, (1.0,) * 3


def still() -> bool:
    """What is foreground stands still."""
    return True


def frames_until(share: float, gains: tuple[float, ...]) -> int | None:
    scene = Scene()
    return next((t for t in range(1, 200) if scene.changed(share, gains, RATE, still)), None)


@pytest.mark.parametrize(("share", "gains", "n"), [
    (0.3, DIM, LIGHT_FRAMES), (0.3, BRIGHT, LIGHT_FRAMES), (0.3, (1.0, 1.0, 1.4), LIGHT_FRAMES),
    (0.3, PLAIN, None), (0.1, DIM, None), (0.6, PLAIN, VIEW_FRAMES), (0.6, (1.1,) * 3, VIEW_FRAMES),
])
def test_how_soon_it_is_noticed(share, gains, n):
    assert frames_until(share, gains) == n


@pytest.mark.parametrize(("rate", "n"), [(1, LIGHT_FRAMES), (5, 5), (10, 10), (100, 100)])
def test_another_view_is_noticed_after_a_second_whatever_the_rate(rate, n):
    scene = Scene()
    assert [scene.changed(0.6, PLAIN, rate, still) for _ in range(n)] == [False] * (n - 1) + [True]


def test_what_goes_on_moving_is_no_other_view_until_it_stands_still():
    scene, n = Scene(), 3 * VIEW_FRAMES
    assert not any(scene.changed(0.6, PLAIN, RATE, lambda: False) for _ in range(n))
    assert scene.changed(0.6, PLAIN, RATE, still)


def test_another_view_is_noticed_sooner_if_most_edges_are_hidden():
    """It is asked now and then, and only while much is foreground."""
    much = LIGHT_SHARE + 0.01
    for share, hides, n in ((much, HIDDEN, VIEW_FRAMES), (much, HIDDEN - 0.01, None), (LIGHT_SHARE, 1.0, None)):
        scene, asked = Scene(), []
        for _ in range(VIEW_FRAMES):
            assert not scene.is_another(LITTLE, RATE, lambda: 1.0)
        changed = [scene.is_another(share, RATE, lambda asked=asked, hides=hides: asked.append(1) or hides)
                   for _ in range(2 * VIEW_FRAMES)]
        assert (changed.index(True) + 1 if any(changed) else None) == n
        assert len(asked) == (0 if share <= LIGHT_SHARE else 1 if n else 2)


def test_of_a_scene_that_was_never_empty_it_is_not_known_what_it_looks_like():
    scene = Scene()
    for _ in range(20):
        assert not any(scene.is_another(LITTLE, RATE, lambda: 1.0) for _ in range(VIEW_FRAMES - 1))
        assert not any(scene.is_another(LIGHT_SHARE + 0.01, RATE, lambda: 1.0) for _ in range(2 * VIEW_FRAMES))


def test_counting_begins_anew_after_a_pause_and_after_a_change():
    scene = Scene()
    for pause in (False, True):
        assert not any(scene.changed(0.3, DIM, RATE, still) for _ in range(LIGHT_FRAMES - 1))
        assert scene.changed(0.0 if pause else 0.3, PLAIN if pause else DIM, RATE, still) != pause


@pytest.mark.parametrize("gains", [DIM, BRIGHT, PLAIN])
def test_something_large_is_no_light_though_the_day_has_become_another(gains):
    """The exposure differs from the background's, but explains the picture, until something large comes by."""
    scene = Scene()
    for _ in range(3):
        assert not scene.changed(LITTLE, gains, RATE, still)
        assert not any(scene.changed(0.45, gains, RATE, still) for _ in range(100))


def test_a_light_is_noticed_in_another_day_as_well():
    scene = Scene()
    assert not scene.changed(LITTLE, DIM, RATE, still)
    brighter = tuple(gain / 1.3 for gain in DIM)
    noticed = [scene.changed(0.3, brighter, RATE, still) for _ in range(LIGHT_FRAMES)]
    assert noticed == [False] * (LIGHT_FRAMES - 1) + [True]


def test_after_a_change_what_explained_the_picture_before_is_over():
    scene = Scene()
    assert not scene.changed(LITTLE, DIM, RATE, still)
    assert [scene.changed(0.3, BRIGHT, RATE, still) for _ in range(LIGHT_FRAMES)][-1]
    assert [scene.changed(0.3, DIM, RATE, still) for _ in range(LIGHT_FRAMES)][-1]


def test_a_light_that_is_as_the_background_knows_it_is_none():
    scene = Scene()
    assert not scene.changed(LITTLE, DIM, RATE, still)
    assert not any(scene.changed(0.3, PLAIN, RATE, still) for _ in range(100))


def test_a_large_object_in_a_darker_day_changes_nothing(tmp_path):
    """Also after the model was saved and loaded."""
    rng, model = np.random.default_rng(6), Adaptive(threads=1)
    for _ in range(60):
        model.apply(seen(ROOM, rng))
    for factor in np.linspace(1, 0.7, 40):
        model.apply(seen(ROOM * factor, rng))
    assert model.gains[0] > LIGHT
    model.save(tmp_path / "m.npz")
    dark = with_box(ROOM * 0.7, (0, SIZE[0], 0, SIZE[1] // 3), 200)
    for one in (model, Adaptive.load(tmp_path / "m.npz")):
        shares = [foreground_share(one.apply(seen(dark, np.random.default_rng(7)))) for _ in range(20)]
        assert one.last_event is None
        assert min(shares) > 0.3


def a_lamp(shape: tuple[int, ...] = SIZE) -> np.ndarray:
    """By how much it lights the room: unevenly, so that no gain explains it."""
    return np.linspace(1.2, 2.5, shape[1])[None, :, None] * np.linspace(1, 1.4, shape[0])[:, None, None]


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 0], np.s_[..., :1]], ids=["colour", "grey", "one channel"])
def test_the_same_edges_are_a_light_and_others_a_view(channels):
    rng = np.random.default_rng(2)
    lit = seen(ROOM * a_lamp(), rng)
    assert kind_of_change(lit[channels], ROOM[channels]) == "light"
    assert kind_of_change(seen(texture((*SIZE, 3), seed=5), rng)[channels], ROOM[channels]) == "view"
    assert kind_of_change(np.zeros_like(lit)[channels], ROOM[channels]) == "view", "nothing to be seen is another one"


def after_a_change(model, before, after, n=50):
    """The masks from the change on, after 60 frames without."""
    rng = np.random.default_rng(3)
    for _ in range(60):
        model.apply(seen(before, rng))
    assert model.last_event is None
    return [model.apply(seen(after, rng)) for _ in range(n)]


@pytest.mark.parametrize("shape", [(120, 160, 3), (97, 131, 3), (240, 320, 3)])
def test_after_a_light_is_switched_masks_are_useful_within_two_seconds(shape):
    """Noticed, told, and something that comes in then is found."""
    room, model = texture(shape, seed=1, low=30, high=90), Adaptive(threads=1)
    lit = room * a_lamp(shape)
    masks = after_a_change(model, room, lit)
    event = model.last_event
    assert (event.kind, event.share > 0.2) == ("light", True)
    assert 60 < event.frame <= 60 + LIGHT_FRAMES + 2
    assert foreground_share(masks[0]) > 0.2, "else this tests nothing"
    assert max(map(foreground_share, masks[event.frame - 61:])) < 0.01
    box = shape[0] // 4, 3 * shape[0] // 4, shape[1] // 3, shape[1] // 2
    wanted = with_box(np.zeros(shape[:2]), box, 255) > 0
    mask = model.apply(seen(with_box(lit, box, 10), np.random.default_rng(4))) == 255
    assert np.count_nonzero(mask & wanted) > 0.85 * np.count_nonzero(mask | wanted)


def test_after_a_light_is_switched_it_learns_as_at_the_start():
    """The new background is the mean of all frames since, and not for long the first of them."""
    model, lit = Adaptive(threads=1), ROOM * a_lamp()
    after_a_change(model, ROOM, lit)
    off = np.abs(model.means[:, :, 0] - model.averaging.averaged(lit))[lit.max(axis=2) < 220]
    assert off.mean() < 0.3  # it is averaged less by then, as a lit room has more contrast


def test_somebody_large_who_comes_in_after_that_is_no_second_event():
    model, lit, rng = Adaptive(threads=1), ROOM * a_lamp(), np.random.default_rng(5)
    after_a_change(model, ROOM, lit)
    event = model.last_event
    masks = [model.apply(seen(with_box(lit, (0, 120, 50, 95), 10), rng)) for _ in range(20)]
    assert model.last_event == event
    assert min(map(foreground_share, masks)) > 0.25


def test_after_the_camera_is_turned_masks_are_useful_within_two_seconds():
    model = Adaptive(threads=1)
    masks = after_a_change(model, ROOM, texture((*SIZE, 3), seed=7, low=30, high=200))
    assert model.last_event.kind == "view"
    assert foreground_share(masks[0]) > 0.5, "else this tests nothing"
    assert model.last_event.frame <= 60 + VIEW_FRAMES + 2
    assert max(map(foreground_share, masks[model.last_event.frame - 61:])) < 0.01


def test_somebody_who_covers_a_third_of_the_picture_is_no_change():
    model = Adaptive(threads=1)
    masks = after_a_change(model, ROOM, with_box(ROOM, (0, 120, 50, 100), 200), n=100)
    assert model.last_event is None
    assert min(map(foreground_share, masks)) > 0.25


def test_of_a_region_of_interest_only_the_inside_counts():
    roi = with_box(np.zeros(SIZE, np.uint8), (20, 100, 60, 160), 1)
    model = Adaptive(threads=1, roi=roi)
    masks = after_a_change(model, ROOM, ROOM * a_lamp() ** 1.2)
    assert model.last_event.kind == "light"
    assert not masks[-1].any()


def test_how_much_of_the_edges_is_hidden():
    room, mask = texture((*SIZE, 3), seed=1, low=20, high=230, cell=4), np.zeros(SIZE, np.uint8)
    assert hidden(room, mask) == 0
    mask[:, :60] = 255
    assert hidden(room, mask) == pytest.approx(60 / 160, abs=0.08)
    assert hidden(room, mask[::2, ::2].copy()) == pytest.approx(hidden(room, mask), abs=0.03)
    room[:, 60:] = 90  # all there is to see
    assert hidden(room, mask) > 0.99
    assert hidden(np.full_like(room, 90), mask) == 0
    mask[:] = 127
    assert hidden(room, mask) == 1
