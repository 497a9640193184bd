"""The report of the limits: what each bounds, whose it is, how near it came, what it refused, who changed it when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adapters.answers.amendments import amendments
from adapters.reports.frame.drawing import BLUE, LAYERS, PER_CENT, VERMILLION, dates, on_page, per_cent
from adapters.reports.frame.page import Block, Card, Column, Page, Picture, Prose, Section, Table, code, joined, record
from adapters.reports.frame.span import Span
from adapters.reports.frame.told import count, percent
from adapters.reports.headroom import Headroom, Row
from adapters.reports.headroom_told import headroom_section
from adapters.reports.summary import Fate, fates
from engine.limits.kinds import BOUNDLESS
from engine.limits.model import ALWAYS, Limit
from engine.telling.figures import amount, short
from knowledge.values import Json

MOST_CURVES = 8
_SHARES = frozenset({
    "NAV", "NAV a year", "reference price", "average price", "average daily volume", "close", "index", "least gross",
})  # fmt: skip
"""Units of which a bound is a share."""


@dataclass(frozen=True)
class Held:
    """What the report is made from."""

    span: Span
    headroom: Headroom
    candidates: tuple[Fate, ...]
    files: tuple[tuple[str, str, str, int], ...]
    """Limits files in the order in which decisions used them: digest, first and last period, decisions."""
    rows: tuple[Limit, ...]
    """Those of the newest file, or of the last that decided before these days."""


def limits(span: Span) -> Page:
    """The page of the limits in the days of `span`."""
    held = _read(span)
    changes = [one for one in amendments(span.log) if one["as_of"][:10] >= span.first and _seen(span, one)]
    changed = Section("changes", "Who changed them, and when", tuple(_changes(changes)))
    title, subtitle = f"Limits, {span.words}", f"Limits report of desk {span.desk}, {span.mode}".rstrip(", ")
    if not held.rows:
        said = ("No decision was made in or before these days, so no limit was in force over any.",)
        return Page("limits", title, subtitle, said, (changed,), span.origin)
    sections = (
        headroom_section(held.headroom),
        Section("curves", "Headroom over time", tuple(_curves(held))),
        Section("hits", "What limits refused", tuple(_hits(held))),
        changed,
        Section("table", "Each limit", tuple(_table(held))),
    )
    cards = (
        Card("limits", str(len({one.id for one in held.rows})), "in the newest file"),
        Card("decisions", f"{len(held.headroom.periods):,}", "held against them"),
        Card("not held", str(sum(row.beyond > 0 for row in held.headroom.rows.values())), "limits, at least once"),
        Card("changes", str(len(changes)), "approvals and changes"),
    )
    return Page("limits", title, subtitle, tuple(_lead(held, changes)), sections, span.origin, cards)


def _read(span: Span) -> Held:
    headroom, found, files = Headroom(span.limits), list[Fate](), dict[str, list[str]]()
    for one in span.records(["decision"]):
        headroom.take(one)
        found += fates(one)
        files.setdefault(one["inputs"]["limits"], []).append(headroom.periods[-1])
    last = next(span.newest(["decision"]), None)
    rows = () if last is None else span.limits(last["inputs"]["limits"]).limits
    used = tuple((digest, days[0], days[-1], len(days)) for digest, days in files.items())
    return Held(span, headroom, tuple(found), used, rows)


def _seen(span: Span, row: Json) -> bool:
    """Whether it is about limits, and stands in the records that the report may see."""
    found = span.log.record(row["record_id"])
    return bool(found["seq"] < span.size) and not found.get("what")


def _lead(held: Held, changes: Sequence[Json]) -> Iterator[str]:
    beyond = sorted((row for row in held.headroom.rows.values() if row.beyond), key=lambda row: -row.beyond)
    decisions = len(held.headroom.periods)
    if not decisions:
        yield "Nothing was decided in these days, so no limit was held against anything."
    elif beyond:
        names = ", ".join(f"{row.limit.id} ({row.beyond} times)" for row in beyond[:5])
        yield f"Over {count(decisions, 'decision')}, {count(len(beyond), 'limit')} did not hold at least once: {names}."
    else:
        yield f"Over {count(decisions, 'decision')} every limit held."
    near = held.headroom.tightest(4)
    if near:
        told = ", ".join(f"{row.tightest.measure} ({percent(min(row.tightest.used, 1.0), 0)})" for row in near)
        yield f"Nearest to their bounds, or beyond: {told}."
    files = count(len(held.files), "limits file")
    yield f"Decisions used {files}; the log has {count(len(changes), 'approval or change', 'approvals and changes')}."


def _table(held: Held) -> Iterator[Block]:
    rows = []
    for one in sorted(held.rows, key=lambda one: one.layer):
        row = held.headroom.rows.get(one.id)
        window = f"{one.effective}{f' to {one.until}' if one.until else ''}"
        when = "" if one.when is ALWAYS else f"; {one.when}"
        figure = "–" if one.kind in BOUNDLESS else _bound(one)
        rows.append((
            LAYERS[one.layer][0], code(one.id), one.spec.meaning, figure, one.owner, one.source, f"{window}{when}",
            "–" if row is None else _most(row), "–" if row is None else f"{row.beyond} of {len(row.readings)}",
        ))  # fmt: skip
    columns = (
        Column("layer", keep=True), Column("limit", keep=True), Column("what it bounds"), Column("bound"),
        Column("owner"),
        Column("source"), Column("in force since"), Column("at most", number=True), Column("not held", number=True),
    )  # fmt: skip
    yield Table(columns, rows)
    used = [(code(short(digest)), first, last, f"{times:,}") for digest, first, last, times in held.files]
    files = (Column("limits file"), Column("first"), Column("last"), Column("decisions", number=True))
    yield Table(files, used, "Limits files that decisions were held against", "no decision in these days")


def _bound(one: Limit) -> str:
    """The bound with its unit, as a share where it is one."""
    if one.unit in _SHARES:
        return f"{amount(one.bound * 100)} % of {one.unit}"
    return f"{amount(one.bound)} {one.unit}"


def _most(row: Row) -> str:
    one = row.tightest
    return percent(one.used, 1) if one.holds else "beyond"


def _curves(held: Held) -> Iterator[Block]:
    """The limits that used most of their bounds, each with its share over the decisions."""
    found = [row for row in held.headroom.tightest(100) if row.limit.spec.form != "condition"][:MOST_CURVES]
    found = [row for row in found if len(row.readings) > 1]
    if not found:
        yield Prose(("Too few decisions for a curve.",))
        return
    height = 0.5 + 1.45 * -(-len(found) // 2)
    svg = on_page("curves", lambda figure: _draw(figure, found), height)
    says = "the share of its bound that each of the tightest numeric limits used, over the decisions"
    yield Picture(svg, says, "The share of its bound that each used, at its tightest subject; the line is the bound.")


def _draw(figure: Figure, rows: Sequence[Row]) -> None:
    grid = figure.subplots(-(-len(rows) // 2), 2, sharex=True, sharey=True, squeeze=False)
    for axes, row in zip(grid.flat, rows, strict=False):
        days = np.array([one.period[:16] for one in row.readings], dtype="datetime64[m]")
        shares = np.array([PER_CENT * min(one.used, 1.2) for one in row.readings])
        # One line for each decision in which it was read: between them nothing is known.
        axes.vlines(days, 0, shares, color=BLUE, linewidth=1.0)
        axes.plot(days, shares, linestyle="none", marker=".", markersize=2.6, color=BLUE)
        axes.axhline(PER_CENT, color=VERMILLION, linestyle="--", linewidth=1.0)
        axes.set_title(row.limit.id, loc="left", fontsize="medium", pad=3)
        axes.set_ylim(0, 125)
        per_cent(axes)
    for axes in grid.flat[len(rows) :]:
        axes.set_visible(False)
    _last_row(grid, len(rows))


def _last_row(grid: np.ndarray[tuple[int, int], np.dtype[np.object_]], shown: int) -> None:
    """Dates under the lowest plot of each column, also where the last row has one plot only."""
    for column in range(grid.shape[1]):
        lowest: Axes = grid[(shown - 1 - column) // grid.shape[1], column]
        dates(lowest)
        lowest.tick_params(labelbottom=True)


def _hits(held: Held) -> Iterator[Block]:
    alone, crowded, cuts = Counter[str](), Counter[str](), Counter[str]()
    for one in held.candidates:
        if one.outcome == "denied":
            alone.update(one.alone)
            crowded.update(reason for reason in one.reasons if reason not in one.alone)
        elif one.outcome == "cut":
            cuts.update(one.reasons)
    layers = {one.id: one.layer for one in held.rows}
    names = sorted({*alone, *crowded, *cuts}, key=lambda name: (layers.get(name, 0), name))
    rows = []
    for name in names:
        hit = [one for one in held.candidates if name in one.reasons]
        months = Counter(one.session[: 7 if len({one.session[:7] for one in hit}) <= 24 else 4] for one in hit)
        when = joined([f"{month}: {times}" for month, times in sorted(months.items())])
        numbers = (str(alone[name]), str(crowded[name]), str(cuts[name]))
        rows.append((LAYERS[layers.get(name, 0)][0], code(name), *numbers, when))
    columns = (
        Column("layer", keep=True), Column("limit", keep=True), Column("denied on its own", number=True),
        Column("crowded out", number=True), Column("cut", number=True), Column("when, and how often"),
    )  # fmt: skip
    said = f"{count(len(held.candidates), 'candidate').capitalize()} were held against the limits."
    yield Prose((said,))
    yield Table(columns, rows, empty="No limit denied or cut a candidate in these days.")


def _changes(changes: Sequence[Json]) -> Iterator[Block]:
    rows = []
    for one in changes:
        person = f"{one['who']}, {one['how']}" if one.get("who") else "–"
        until = f" up to {one['until']}" if one.get("until") else ""
        files = f"{short(one['old'])} → {short(one['new'])}"
        told = "; ".join(map(str, one.get("changes") or ())) or "–"
        rows.append((one["as_of"], one["outcome"], f"{one['verdict']}{until}", person, one["reason"], code(files), told,
                     record(one["record_id"])))  # fmt: skip
    columns = (
        Column("when", keep=True), Column("what", keep=True), Column("verdict of the comparison"), Column("who"),
        Column("reason"), Column("file"), Column("what changed"), Column("record"),
    )  # fmt: skip
    yield Table(columns, rows, empty="No limit was changed, and no change was asked for, in these days.")
    yield Prose(("Every approval names a person; `claimed` means that nothing but a typed name says so.",), soft=True)
