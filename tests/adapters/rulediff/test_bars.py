"""Two rulebooks over bars: two backtests of one desk, their money, and what that is worth."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.backtest import run as backtests
from adapters.backtest.run import Asked
from adapters.comparing.comparison import Comparison
from adapters.reports.performance import Estimate
from adapters.rulediff.bars import Outcome, OverBars, over_bars
from adapters.rulediff.books import Book
from adapters.rulediff.groups import grouped
from adapters.rulediff.telling import Told, told_json, told_lines, worth
from rules.rulebook import Rulebook, read_rulebook
from rules.texts import Source
from tests.adapters.backtest.test_run import Silent
from tests.shared_run import SharedRun

pytestmark = pytest.mark.sqlite_file  # a backtest keeps its log in a file

FIRST, LAST = "2011-01-27", "2011-02-01"
"""The shared run's first entry is decided on 2011-01-28 and filled on 2011-01-31."""


def test_each_rulebook_lives_with_what_it_bought(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = shared.bare(tmp_path / "desk")
    monkeypatch.setattr(backtests.World, "of", staticmethod(shared.world_of))
    old = read_rulebook(desk.folder)
    none = tuple(Source(file, re.sub("> [?]rsi 80", "> ?rsi 1", text)) for file, text in old.rules)
    new = Rulebook(none, old.policies)
    found = over_bars(desk, (old, new), Asked(FIRST, LAST, jobs=1, fresh=True), Silent())
    assert (found.first, found.last, found.sessions) == (FIRST, LAST, 4)
    assert (found.old.entries, found.new.entries) == (1, 0)
    assert (found.new.profit, found.new.costs, found.new.traded, found.new.fills) == (0, 0, 0, 0)
    assert found.old.fills > 0
    assert found.old.traded > 0
    assert found.old.turnover == pytest.approx(float(found.old.traded / found.old.nav), rel=0.01)
    first = grouped(found.found.differences)[0]
    assert first.about == "veto-overbought"
    told = Told(Book(old, "OLD"), Book(new, "NEW"), None, (), bars=found)
    assert told.differs
    assert told_json(told)["bars"]["new"]["profit"] == "0.00"
    lines = list(told_lines(told))
    assert f"IN PRACTICE: 4 sessions of bars, {FIRST} to {LAST}" in lines
    assert any(line.startswith("profit after costs") for line in lines)
    # Neither run was made where the desk is, and nothing is left of them.
    assert not (desk.folder / "runs").exists()
    assert not desk.store.exists()


def runs(excess: Estimate | None) -> OverBars:
    nothing = Outcome(Fraction(1), Fraction(0), Fraction(0), Fraction(0), 0.0, 0, 0)
    return OverBars(FIRST, LAST, 4, "USD", nothing, nothing, excess, Comparison(both=4, same=4))


def test_what_a_stretch_is_worth_follows_from_its_numbers() -> None:
    said = "The difference in profit rests on 0 entries that came, went or had another size, in 4 sessions"
    for excess, words in (
        (None, "There are too few sessions for an interval: it proves nothing."),
        (Estimate(0.01, -0.02, 0.04), "-2.0 % to +4.0 %: it holds zero"),
        (Estimate(0.03, 0.02, 0.04), "+2.0 % to +4.0 %. It leaves zero out"),
    ):
        first, second = worth(runs(excess))
        assert first.startswith(said)
        assert words in second
