"""Two rulebooks over recorded cycles: the sieve leaves nothing out, and differences are told with their rules."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from adapters import cli
from adapters.answers.lookup import reading
from adapters.comparing.causes import Cause
from adapters.comparing.comparison import Comparison, Difference, compare
from adapters.demo.progress import Lines
from adapters.rulediff.books import book_at, book_of_record
from adapters.rulediff.groups import grouped
from adapters.rulediff.recorded import Side, Sieve, Stretch, decided_again, parted, stretch
from knowledge.values import Json
from rules.rulebook import Rulebook
from tests.shared_run import SharedRun

SPAN = ("2011-01-27", "2011-01-31")
"""Around the first entry of the shared run, which is decided on 2011-01-28."""
OVERBOUGHT = ("rules/book/veto.clp", r"\(> \?rsi 80\.0\)", "(> ?rsi 60.0)")
PROPOSED = ["2011-01-27", "2011-01-28"]
"""Sessions of it that have a candidate."""
BLACKOUT = ("rules/book/earnings.pl", r"=< 3\.", "=< 300.")
Edit = tuple[str, str, str]
Found = TypeVar("Found")


def edited(shared: SharedRun, folder: Path, *edits: Edit) -> Path:
    """A copy of the desk's files with something changed, without its log."""
    desk = shared.bare(folder)
    for file, before, after in edits:
        text = (desk.folder / file).read_text(encoding="utf-8")
        assert re.search(before, text), (file, before)
        (desk.folder / file).write_text(re.sub(before, after, text, count=1), encoding="utf-8")
    return folder


def books(shared: SharedRun, folder: Path, *edits: Edit) -> tuple[Rulebook, Rulebook]:
    other = book_at(edited(shared, folder, *edits), shared.desk)
    return book_of_record(shared.desk, None).rulebook, other.rulebook


def over_span(shared: SharedRun, how: Callable[..., Found], *more: object) -> Found:
    with reading(shared.desk) as log:
        found = stretch(log, 500).records
        return how(log, Stretch(tuple(one for one in found if SPAN[0] <= one["period"] <= SPAN[1])), *more)


def in_full(log: object, cycles: Stretch, old: Rulebook, new: Rulebook) -> Comparison:
    """The oracle: every cycle decided in full under both."""
    with ExitStack() as stack:
        sides = [stack.enter_context(Side(log, cycles, book, 20.0)) for book in (old, new)]  # type: ignore[arg-type]
        return compare(*sides)


def test_what_the_sieve_lets_through_is_all_that_differs(shared: SharedRun, tmp_path: Path) -> None:
    old, new = books(shared, tmp_path / "o", OVERBOUGHT)
    found = over_span(shared, decided_again, old, new, 1, Lines(io.StringIO()))
    full = over_span(shared, in_full, old, new)
    assert found.differences == full.differences
    assert (found.both, found.same) == (full.both, full.same)
    assert found.differences
    assert 0 < found.same < found.both
    assert {one.cause.kind for one in found.differences} == {"rulebook"}
    group, *others = grouped(found.differences)
    assert (group.about, others) == ("veto-overbought", [])
    assert group.kinds["granted candidate went"] == 1
    assert group.instruments["IBM"] == 1


def test_a_cycle_over_which_an_engine_is_lost_is_decided_in_full() -> None:
    class Dying(Sieve):
        program = "import sys; sys.stdout.write(chr(10) + '{}' + chr(10)); sys.stdout.flush(); sys.stdin.readline()"

    with Dying(b"{}") as sieve:
        assert sieve.apart(b"{}", b"{}").result() is True


def test_a_rulebook_that_says_the_same_in_other_words_decides_the_same(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = edited(shared, tmp_path / "o", ("rules/book/veto.clp", r"\A", "; another comment\n"))
    assert (
        cli.run(["rules", "diff", str(shared.folder), str(other), "--cycles", "3", "--desk", str(shared.folder)]) == 0
    )
    told = capsys.readouterr().out
    assert "the rulebooks mean the same: other comments or files, and the same rules\n" in told
    assert "IN PRACTICE: 3 recorded cycles, 2011-03-02 to 2011-03-04\n" in told
    assert "all 3 decided the same\n" in told


def test_policies_are_compared_by_what_they_judge(shared: SharedRun, tmp_path: Path) -> None:
    pair = books(shared, tmp_path / "o", BLACKOUT)
    found = over_span(shared, parted, pair, 1, Lines(io.StringIO()))
    assert [one["period"] for one in found] == PROPOSED


def difference(cause: Cause, a: Json, b: Json, follows: int | None = None) -> Difference:
    return Difference("2011-01-28", "IBM", cause, a, b, follows)


def test_what_came_and_went_is_grouped_by_what_stands_behind_it() -> None:
    granted = {"outcome": "granted", "side": "buy", "quantity": "9", "target": "9", "rule": "one"}
    denied = {**granted, "outcome": "denied", "quantity": "0", "reasons": ["policy"]}
    silent = {"outcome": "no_candidate"}
    going = {"side": "sell", "quantity": "9", "reasons": ["time-stop"], "held_back": ""}
    fired = Cause("rulebook", ("rule one: fired only in B", "rule two: fired only in A"))
    found = grouped([
        difference(fired, silent, granted),
        difference(Cause("rulebook", ("policies in p.pl: judged permitted in A, forbidden in B",)), granted, denied),
        difference(Cause("rulebook", ("rule one: is another one",)), granted, {**granted, "quantity": "7"}),
        difference(Cause("portfolio", ("cash: 1 -> 2",)), {**silent, "exit": going}, silent, 0),
        difference(Cause("fault", ("B: lost",)), None, "lost"),
    ])  # fmt: skip
    assert {one.about: dict(one.kinds) for one in found} == {
        "one": {"granted candidate came": 1},
        "two": {"granted candidate came": 1},
        "policies in p.pl": {"grant became a denial": 1},
        "what others were granted": {"another size": 1},
        "books that came apart earlier": {"exit went": 1},
        "fault": {"no decision in one of the two": 1},
    }
