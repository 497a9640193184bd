"""Bad bars in a folder of CSV files: a quality fact, no entry for that instrument, and nothing changes for the others.

Real bars of three instruments, written as files; the last session of one of them is spoiled. The heads' word is given
here and is the same for all, so that only the bars decide.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from adapters.bars.feeds import INDEX, SampleFeed
from adapters.desk.making import make_desk
from adapters.desk.settings import read_desk
from adapters.running.world import World
from advisors.market_facts import market_facts
from advisors.quality import COLUMNS, Rows
from engine.decide import decide
from engine.decision import Decision
from engine.gate.judge import Outcome
from knowledge.door import freeze
from knowledge.facts import Fact
from tests.promises.cycles import HEADS, account, advisory, entered, head_fact, limits, position, rulebook

FIRST, LAST = "2006-01-03", "2010-11-10"
NAMES = ("AAPL", "IBM", "MSFT")
BAD = "IBM"
Lines = list[list[str]]


@cache
def good_lines(name: str) -> tuple[tuple[str, ...], ...]:
    """The lines of a CSV file: date, open, high, low, close, volume."""
    feed = SampleFeed(NAMES)
    rows: Rows = next(one for one in (*feed.series(), feed.index()) if one.instrument == name)
    grids = [getattr(rows, column) for column in COLUMNS]
    return tuple(
        (day, *(repr(float(grid[at])) for grid in grids)) for at, day in enumerate(rows.dates) if FIRST <= day <= LAST
    )


def not_a_number(lines: Lines) -> None:
    lines[-1][4] = "NaN"


def infinite(lines: Lines) -> None:
    lines[-1][2] = "inf"


def empty(lines: Lines) -> None:
    lines[-1][5] = ""


def gap(lines: Lines) -> None:
    del lines[-1]


def duplicate(lines: Lines) -> None:
    lines.append(list(lines[-1]))


def crossed(lines: Lines) -> None:
    lines[-1][2], lines[-1][3] = lines[-1][3], lines[-1][2]


def negative(lines: Lines) -> None:
    lines[-1][3] = "-1.0"


def frozen(lines: Lines) -> None:
    lines[-1][1:] = lines[-2][1:]


def jump(lines: Lines) -> None:
    for column in (1, 2, 3, 4):
        lines[-1][column] = str(float(lines[-1][column]) * 3)


SPOILED: dict[Callable[[Lines], None], str] = {
    not_a_number: "not-a-number", infinite: "not-a-number", empty: "not-a-number", gap: "gap", duplicate: "duplicate",
    crossed: "crossed", negative: "non-positive", frozen: "stale", jump: "outlier",
}  # fmt: skip


def facts_with(desk: Path, spoil: Callable[[Lines], None] | None) -> list[Fact]:
    """The market facts of the last session of a desk whose feed is a folder of these files."""
    bars = desk / "bars"
    bars.mkdir(exist_ok=True)
    for name in (*NAMES, INDEX):
        lines = [list(line) for line in good_lines(name)]
        if spoil is not None and name == BAD:
            spoil(lines)
        written = [",".join(line) for line in [["date", *COLUMNS], *lines]]
        (bars / f"{name}.csv").write_text("\n".join(written) + "\n", encoding="utf-8")
    return list(market_facts(World.of(read_desk(desk), NAMES).survey, LAST))


def decided(facts: list[Fact], held: int = 0) -> Decision:
    """The decision when every head says long on everything, and bets too small to crowd each other out."""
    heads = [head_fact(name, payoff="0.825") for name in HEADS]
    said = [advisory(name, head, "long") for name in NAMES for head in HEADS]
    snapshot = freeze(f"{LAST}T21:00:00Z", NAMES, [*facts, *said, *heads])
    positions = (position(BAD, held, sessions=5),) if held else ()
    return decide(snapshot, rulebook(), limits(), account(positions))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk that reads CSV files."""
    folder = tmp_path_factory.mktemp("bars") / "desk"
    make_desk(folder)
    settings = folder / "warrant.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('kind = "sample"', 'kind = "csv"\npath = "bars"'), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def clean(desk: Path) -> list[Fact]:
    """The facts of files in order."""
    return facts_with(desk, None)


def about(facts: list[Fact]) -> set[Fact]:
    """Facts that do not speak of the instrument whose bars are spoiled."""
    return {one for one in facts if BAD not in (value for _, value in one.slots)}


def test_without_a_fault_everything_may_be_entered(clean: list[Fact]) -> None:
    """A guard: what is refused below is refused for the bars."""
    assert not [one for one in clean if one.template == "quality"]
    assert set(entered(decided(clean))) == set(NAMES)


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda one: one.__name__)
def test_a_bad_bar_stops_its_instrument_and_no_other(
    spoil: Callable[[Lines], None], desk: Path, clean: list[Fact]
) -> None:
    facts = facts_with(desk, spoil)
    assert {(one["instrument"], one["issue"]) for one in facts if one.template == "quality"} == {(BAD, SPOILED[spoil])}
    decision = decided(facts)
    verdict = decision.verdict(BAD)
    # A tripled price is so overbought that the rules do not even propose it.
    assert (verdict.outcome, spoil) == (Outcome.NO_CANDIDATE, jump) or "operations.quality" in verdict.reasons
    assert about(facts) == about(clean)
    assert entered(decision) == {name: shares for name, shares in entered(decided(clean)).items() if name != BAD}


@pytest.mark.parametrize("spoil", [not_a_number, gap, duplicate, crossed], ids=lambda one: one.__name__)
def test_a_held_instrument_with_a_bad_bar_stops_every_entry(spoil: Callable[[Lines], None], desk: Path) -> None:
    """No limit can be computed around a position without a price; it is told, and nothing else is guessed."""
    decision = decided(facts_with(desk, spoil), held=300)
    assert entered(decision) == {}
    for name in set(NAMES) - {BAD}:
        assert decision.verdict(name).reasons == ("operations.complete",)
