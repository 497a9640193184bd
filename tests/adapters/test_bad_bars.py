"""Bad bars in a feed: a quality fact, no entry for that instrument, and nothing changes for the others.

Real bars of three instruments, as CSV files and in the bar store; the last session of one of them is spoiled. The
heads' word is given here and is the same for all, so that only the bars decide.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from adapters.bars.feeds import INDEX, SampleFeed
from adapters.bars.store import BarStore
from adapters.desk.folder import read_desk
from adapters.desk.making import make_desk
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


def times(lines: Lines, factor: float, since: int = -1) -> None:
    for line in lines[since:]:
        line[1:5] = [str(round(float(cell) * factor, 4)) for cell in line[1:5]]


def jump(lines: Lines) -> None:
    times(lines, 3)


def up_by_half(lines: Lines) -> None:
    times(lines, 1.5)


def down_by_half_two_weeks_ago(lines: Lines) -> None:
    """A split nobody gave: its own session is long past, and every average is still made of it."""
    times(lines, 0.5, since=-10)


def point_slipped(lines: Lines) -> None:
    times(lines, 10)


def no_volume_below_zero(lines: Lines) -> None:
    lines[-1][5] = "-5"


def fraction_of_a_share(lines: Lines) -> None:
    lines[-1][5] = "1000.5"


def another_zone(lines: Lines) -> None:
    """Every date a day late, as midnight at another clock makes it."""
    for line in lines:
        line[0] = (date.fromisoformat(line[0]) + timedelta(days=1)).isoformat()


def missing(lines: Lines) -> None:
    """Nothing at all up to the session, and a bar long after."""
    lines[:] = [["2010-11-11", *lines[-1][1:]]]


SPOILED: dict[Callable[[Lines], None], str] = {
    not_a_number: "not-a-number", infinite: "not-a-number", empty: "not-a-number", gap: "gap", duplicate: "duplicate",
    crossed: "crossed", negative: "non-positive", frozen: "stale", jump: "outlier", up_by_half: "outlier",
    down_by_half_two_weeks_ago: "outlier", point_slipped: "outlier", no_volume_below_zero: "non-positive",
    fraction_of_a_share: "refused", missing: "missing",
}  # fmt: skip


def facts_with(desk: Path, spoil: Callable[[Lines], None] | None) -> list[Fact]:
    """The market facts of the last session of a desk whose feed is a folder of these files."""
    bars = desk / "bars"
    bars.mkdir(exist_ok=True)
    for name in (*NAMES, INDEX):
        lines = [list(line) for line in good_lines(name)]
        if spoil is not None and name == BAD:
            spoil(lines)
        if read_desk(desk).settings.feed.kind == "csv":
            written = [",".join(line) for line in [["date", *COLUMNS], *lines]]
            (bars / f"{name}.csv").write_text("\n".join(written) + "\n", encoding="utf-8")
        else:
            store = BarStore(bars)
            store.prepare(as_rows(name, lines))
            store.put(name)
    return list(market_facts(World.of(read_desk(desk), NAMES).survey, LAST))


def as_rows(name: str, lines: Lines) -> Rows:
    cells = [[float(cell or "nan") for cell in line[1:]] for line in lines]
    columns = {column: np.array([row[at] for row in cells]) for at, column in enumerate(COLUMNS)}
    return Rows(name, tuple(line[0] for line in lines), **columns, adj_close=np.full(len(lines), np.nan))


def decided(facts: list[Fact], held: int = 0) -> Decision:
    """The decision when every head says long on everything, and bets too small to crowd each other out."""
    heads = [head_fact(name, payoff="0.825") for name in HEADS]
    said = [advisory(name, head, "long") for name in NAMES for head in HEADS]
    snapshot = freeze(f"{LAST}T21:00:00Z", NAMES, [*facts, *said, *heads])
    positions = (position(BAD, held, sessions=5),) if held else ()
    return decide(snapshot, rulebook(), limits(), account(positions))


@pytest.fixture(scope="module", params=["csv", "bars"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk that reads CSV files, and one with a bar store."""
    folder = tmp_path_factory.mktemp("bars") / "desk"
    make_desk(folder)
    settings = folder / "warrant.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('kind = "sample"', f'kind = "{request.param}"\npath = "bars"'), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def clean(desk: Path) -> list[Fact]:
    """The facts of files in order."""
    return facts_with(desk, None)


def about(facts: list[Fact]) -> set[object]:
    """Facts that do not speak of the instrument whose bars are spoiled.

    Of lists what they say of the others; of the axes of the covariance, which all share, each one's variance.
    """
    return {_said(one) for one in facts if BAD not in (value for _, value in one.slots)}


def _said(one: Fact) -> object:
    if one.template == "correlations":
        pairs = zip(one.words("others"), one.numbers("values"), strict=True)
        return one["instrument"], tuple(pair for pair in pairs if pair[0] != BAD)
    if one.template == "risk":
        loadings = one.numbers("loadings")
        return one["instrument"], round(sum(each**2 for each in loadings) + one.number("residual"), 6)
    return one


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
    # Of such prices the rules do not even propose anything.
    unproposed = (jump, up_by_half, down_by_half_two_weeks_ago, point_slipped, missing)
    assert (verdict.outcome is Outcome.NO_CANDIDATE and spoil in unproposed) or "operations.quality" in verdict.reasons
    assert about(facts) == about(clean)
    assert entered(decision) == {name: shares for name, shares in entered(decided(clean)).items() if name != BAD}


@pytest.mark.parametrize("spoil", [not_a_number, gap, duplicate, crossed], ids=lambda one: one.__name__)
def test_a_held_instrument_with_a_bad_bar_stops_every_entry(spoil: Callable[[Lines], None], desk: Path) -> None:
    """No limit can be computed around a position without a price; it is told, and nothing else is guessed."""
    decision = decided(facts_with(desk, spoil), held=300)
    assert entered(decision) == {}
    for name in set(NAMES) - {BAD}:
        # Its margin and how its book moves with others are not known either, and what is not known forbids.
        reasons = ("account.maintenance", "operations.complete", "portfolio.books")
        assert decision.verdict(name).reasons == reasons


def test_rows_in_another_order_are_no_fault_and_change_nothing(desk: Path, clean: list[Fact]) -> None:
    """Time that runs backwards in a file is put in order by date."""
    assert facts_with(desk, lambda lines: lines.reverse()) == clean
    assert facts_with(desk, lambda lines: lines.insert(3, lines.pop())) == clean


def test_dates_of_another_zone_leave_sessions_without_bars_and_bars_without_sessions(desk: Path) -> None:
    facts = facts_with(desk, another_zone)
    issues = {one["issue"] for one in facts if one.template == "quality" and one["instrument"] == BAD}
    # Tuesday's bar lies on Wednesday; Friday's on a Saturday, of which Monday tells
    assert issues <= {"gap", "disorder", "stale"}
    world = World.of(read_desk(desk), NAMES)
    held = {one.session for one in world.survey.market.reports if one.instrument == BAD}
    mondays = [day for day in world.survey.market.panel.sessions if date.fromisoformat(day).weekday() == 0]
    assert set(mondays[1:]) <= held
