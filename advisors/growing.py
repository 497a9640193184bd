"""Arrays to which rows come, without copying the rows that stand.

An array that was made here lies in a room with rows to spare behind it. Whoever adds to the newest of them writes
behind it; whoever adds to an older one, whose next rows are taken, gets a room of its own. What was given out never
changes, and is read-only.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
SPARE = 256
"""Rows that a room has to spare, at least: a year of sessions."""


class _Room(np.ndarray[Any, Any]):
    """Memory of which the first `used` rows are given out."""

    used = 0


def grown(before: NDArray[Number], rows: NDArray[Number]) -> NDArray[Number]:
    """`before` and below it `rows`, of the same width and type: read-only."""
    known, whole = len(before), len(before) + len(rows)
    room = _room(before)
    if room is None or room.used != known or len(room) < whole:
        room = _Room((whole + max(SPARE, whole // 8), *before.shape[1:]), before.dtype)
        room[:known] = before
    room[known:whole] = rows
    room.used = whole
    return _shown(room[:whole])


def lanes_grown(before: NDArray[Number], more: NDArray[Number]) -> NDArray[Number]:
    """The same along the last axis, so that what belongs to one lane lies side by side."""
    known, whole = before.shape[-1], before.shape[-1] + more.shape[-1]
    room = _room(before)
    if room is None or room.used != known or room.shape[-1] < whole:
        room = _Room((*before.shape[:-1], whole + max(SPARE, whole // 8)), before.dtype)
        room[..., :known] = before
    room[..., known:whole] = more
    room.used = whole
    return _shown(room[..., :whole])


def same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays are the same memory, so that nobody need look whether they are equal."""
    return (
        one.shape == other.shape
        and one.strides == other.strides
        and one.dtype == other.dtype
        and one.__array_interface__["data"][0] == other.__array_interface__["data"][0]
    )


def _shown(part: NDArray[Number]) -> NDArray[Number]:
    view = part.view(np.ndarray)
    view.flags.writeable = False
    return view


def _room(array: NDArray[Any]) -> _Room | None:
    """The room that an array lies in, if it begins there."""
    base: Any = array
    while getattr(base, "base", None) is not None:
        base = base.base
    if type(base) is not _Room or base.ndim != array.ndim:
        return None
    return base if same(base[tuple(map(slice, array.shape))], array) else None
