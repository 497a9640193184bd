"""Kept models are found again, and whatever happens to their files costs a training and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from advisors.registry import Registry, inputs_digest
from tests.advisors.heads.markets import Spy, SpyScorer, quick_heads

ROWS, UP = np.random.default_rng(1).standard_normal((200, 3)), np.tile([0.0, 1.0], 100)


def kept_file(folder: Path) -> Path:
    (found,) = folder.glob("*.txt")
    return found


def test_a_kept_model_is_read_instead_of_trained(tmp_path: Path) -> None:
    first, second = Spy(), Spy()
    trained = Registry(tmp_path).trained(first, ROWS, UP)
    registry = Registry(tmp_path)
    assert registry.trained(second, ROWS, UP) == trained
    assert (len(first.trainings), len(second.trainings), registry.notes) == (1, 0, [])


@pytest.mark.parametrize("harm", ["truncated", "empty", "flipped", "no digest", "wrong digest", "not text"])
def test_a_damaged_file_is_trained_anew_and_mended(tmp_path: Path, harm: str) -> None:
    Registry(tmp_path).trained(Spy(), ROWS, UP)
    path = kept_file(tmp_path)
    beside = path.with_name(path.name + ".digest")
    data = path.read_bytes()
    if harm == "truncated":
        path.write_bytes(data[:-1])
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "flipped":
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    elif harm == "no digest":
        beside.unlink()
    elif harm == "wrong digest":
        beside.write_text("sha256:0", encoding="ascii")
    else:
        beside.write_bytes(b"\xff\xfe")
    registry, spy = Registry(tmp_path), Spy()
    assert registry.trained(spy, ROWS, UP) == SpyScorer(200.0)
    assert len(spy.trainings) == 1
    assert len(registry.notes) == 1 and path.name in registry.notes[0]
    after = Registry(tmp_path)
    after.trained(Spy(), ROWS, UP)
    assert after.notes == []


def test_a_file_that_no_library_can_read_is_trained_anew(tmp_path: Path) -> None:
    from knowledge.values import digest

    for head in quick_heads():
        if head.name == "sentiment":
            continue
        Registry(tmp_path).trained(head, ROWS, UP)
        (path,) = tmp_path.glob(f"{head.name}-*.{head.suffix}")
        path.write_bytes(b"junk")
        path.with_name(path.name + ".digest").write_text(digest(b"junk"), encoding="ascii")
        registry = Registry(tmp_path)
        assert registry.trained(head, ROWS, UP).score(ROWS).shape == (200,)
        assert len(registry.notes) == 1


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="ascii")
    registry = Registry(tmp_path / "file" / "models")
    assert registry.trained(Spy(), ROWS, UP) == SpyScorer(200.0)
    assert len(registry.notes) == 1 and "is not kept" in registry.notes[0]


def test_every_input_counts() -> None:
    spy, other = Spy(), Spy(name="other")
    changed = ROWS.copy()
    changed[7, 1] = np.nextafter(changed[7, 1], np.inf)
    flipped = UP.copy()
    flipped[3] = 0.0
    digests = {
        inputs_digest(spy, ROWS, UP),
        inputs_digest(spy, changed, UP),
        inputs_digest(spy, ROWS, flipped),
        inputs_digest(spy, ROWS.reshape(300, 2), UP),
        inputs_digest(other, ROWS, UP),
    }
    assert len(digests) == 5
    assert inputs_digest(spy, ROWS.copy(), UP) == inputs_digest(spy, ROWS, UP)
