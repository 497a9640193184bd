"""Actions that are given: read strictly, kept in order, and read back the same."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from adapters.bars.given_actions import is_actions, parse_actions, read_actions, write_actions
from advisors.actions import Action
from knowledge.faults import Faulty

HEAD = "symbol,ex_date,kind,amount\n"


def faults(source: str) -> list[str]:
    with pytest.raises(Faulty) as caught:
        parse_actions(source, "actions.csv")
    return [str(fault) for fault in caught.value.faults]


def test_splits_and_dividends_in_the_ways_people_write_them() -> None:
    assert parse_actions(
        "Ticker,Ex-Date,Type,Ratio,Amount\nAAPL,2014-06-09,split,7:1,\n\nBTC/USDT,2020-01-02,Split,1/10,\nIBM,2014-02-06,Dividend,,0.95\n",
        "f",
    ) == (
        Action("2014-02-06", "IBM", "dividend", Decimal("0.95")),
        Action("2014-06-09", "AAPL", "split", Decimal(7)),
        Action("2020-01-02", "BTC-USDT", "split", Decimal("0.1")),
    )


@pytest.mark.parametrize(
    "line, said",
    [
        ("X,2014-06-09,spinoff,1", "2:14: `spinoff` is no kind of action known here; it is `split` or `dividend`"),
        (
            "X,2014-06-09,split,0",
            "2:20: `0` is no ratio of a split; write new shares for old ones, like `7:1` or `0.1`",
        ),
        ("X,2014-06-09,split,-2", "2:20: `-2` is no ratio of a split"),
        ("X,2014-06-09,split,3:3", "2:20: `3:3` is no ratio of a split"),
        ("X,2014-06-09,dividend,nan", "2:23: `nan` is no amount of cash per share; write it like `0.25`"),
        ("X,2014-06-31,split,2", "2:3: `2014-06-31` is no date; write it like `2011-01-03`"),
        ("a b,2014-06-30,split,2", "2:1: `a b` is no symbol"),
        ("X,2014-06-30,split,", "2:1: the line lacks `amount`"),
    ],
)
def test_what_cannot_be_read_is_a_fault_with_its_place(line: str, said: str) -> None:
    assert faults(HEAD + line + "\n")[0].startswith(f"actions.csv:{said}")


def test_two_amounts_for_one_action_are_a_fault_and_the_same_one_twice_is_one() -> None:
    twice = HEAD + "X,2014-06-09,split,2\nX,2014-06-09,split,2:1\n"
    assert len(parse_actions(twice, "f")) == 1
    assert "another split of `X`" in faults(HEAD + "X,2014-06-09,split,2\nX,2014-06-09,split,3\n")[0]


def test_the_first_line_says_whether_a_file_has_actions() -> None:
    assert is_actions(["Symbol", "Ex Date", "Kind", "Ratio"])
    assert not is_actions(["Date", "Open", "High", "Low", "Close", "Volume", "Type", "Value"])
    assert "lacks `ex_date`" in faults("symbol,kind,amount\n")[0]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    given = [
        Action("2014-06-09", "B", "split", Decimal("1.33333333333333")),
        Action("2014-06-10", "A", "dividend", Decimal("0.5")),
    ]
    write_actions(tmp_path / "actions.csv", given)
    assert read_actions(tmp_path / "actions.csv") == {"A": (given[1],), "B": (given[0],)}
    assert read_actions(tmp_path / "none.csv") == {}
