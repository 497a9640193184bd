"""Folders with names that no other can stand beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.backtest.place import Span, place_of
from tests.attack.stage import desk


@pytest.mark.parametrize("into", [".", "..", "made/..", "/"])
def test_a_backtest_sent_there_gets_a_name_or_is_where_it_was(tmp_path: Path, monkeypatch, into: str):
    (tmp_path / "made").mkdir()
    monkeypatch.chdir(tmp_path / "made")
    found = place_of(desk(tmp_path), Span("2011-01-03", "2011-01-04"), Path(into))
    assert found == (tmp_path / "made" / into).resolve() or found == Path(into)
    if into != "/":
        assert found.with_name(f".{found.name}.part").parent.resolve() == found.resolve().parent
