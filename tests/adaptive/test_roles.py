"""How pixels are to learn: the kernel against the rule, one by one."""

import numpy as np
import pytest

from bgsub.adaptive.roles import (
    BACKGROUND,
    BESIDE,
    BUSY,
    GHOST,
    MAY_BE_SHADOW,
    NOWHERE,
    OBJECT,
    REDRAWN,
    SWAYING,
    assign,
)


def role(mask: int, near: int, label: int, sways: int, ghost: int, redrawn: int) -> int:
    if redrawn:
        return REDRAWN
    if ghost and mask == 255:
        return GHOST
    if sways:
        return SWAYING
    if mask == 255:
        return OBJECT
    return (BESIDE if near else BACKGROUND) + (MAY_BE_SHADOW if label == 127 else 0)


@pytest.mark.parametrize("with_busy", [True, False])
@pytest.mark.parametrize("with_redrawn", [True, False])
@pytest.mark.parametrize("with_ghosts", [True, False])
@pytest.mark.parametrize("with_swaying", [True, False])
def test_roles_follow_mask_labels_ghosts_and_what_passes(with_swaying, with_ghosts, with_redrawn, with_busy):
    rng = np.random.default_rng(1)
    mask, labels = (rng.choice([0, 127, 255], (7, 41)).astype(np.uint8) for _ in range(2))
    near, ghosts = (rng.choice([0, value], (7, 41)).astype(np.uint8) for value in (255, 1))
    redrawn, swaying = (np.uint8(rng.random(mask.shape) < 0.3) for _ in range(2))
    swaying, ghosts, redrawn = (values if is_there else NOWHERE for values, is_there in (
        (swaying, with_swaying), (ghosts, with_ghosts), (redrawn, with_redrawn)))
    busy = rng.choice([0, BUSY], mask.shape).astype(np.uint8) if with_busy else NOWHERE
    out = np.full_like(mask, 77)
    assign(mask, near, labels, swaying, ghosts, redrawn, busy, out)
    of_each = [given.reshape(-1) if given.size else np.zeros(mask.size, int) for given in (swaying, ghosts, redrawn)]
    expected = [role(*six) for six in zip(mask.flat, near.flat, labels.flat, *of_each, strict=True)]
    assert (out % BUSY).reshape(-1).tolist() == expected
    assert ((out >= BUSY) == (busy > 0 if with_busy else False)).all()
