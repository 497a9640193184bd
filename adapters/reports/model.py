"""The report of the models: what each head's probabilities were worth, how they drift, which model spoke when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from adapters.audit.kinds import Kind
from adapters.reports.frame.drawing import BLUE, FAINT, GREEN, ORANGE, PURPLE, SKY, VERMILLION, dates, on_page
from adapters.reports.frame.page import Block, Card, Column, Folded, Page, Picture, Prose, Section, Table, code, record
from adapters.reports.frame.span import Span
from adapters.reports.frame.told import count, listed, percent
from adapters.reports.heads import COIN, HORIZON, Heads, Health, Skill, skill
from adapters.reports.performance import wilson
from engine.telling.figures import short
from knowledge.values import Json, parse

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_MOST_REASONS = 5
FEWEST = 10
"""Opinions that a point of the diagram needs; the table has them all."""


@dataclass(frozen=True)
class Models:
    """What the report is made from."""

    heads: Heads
    skills: tuple[Skill, ...]
    """Of the heads that have opinions with a known outcome."""
    turns: tuple[Json, ...]
    """The `model` records of the days."""
    bounds: dict[str, float]
    """Of the limits on Brier score and stability, by kind."""

    @property
    def names(self) -> list[str]:
        """Every head that was heard."""
        return sorted(self.heads.health)


def model(span: Span) -> Page:
    """The page of the heads in the days of `span`."""
    found = _read(span)
    title, subtitle = f"Models, {span.words}", f"Model report of desk {span.desk}, {span.mode}".rstrip(", ")
    if not found.heads.health:
        said = ("No decision of these days heard a head, so there is nothing to measure.",)
        return Page("model", title, subtitle, said, (), span.origin)
    sections = (
        Section("skill", "Calibration", tuple(_calibration(found))),
        Section("drift", "Drift", tuple(_drift(found))),
        Section("standing", "As the desk knew them at the last decision", tuple(_standing(found))),
        Section("versions", "Versions and promotions", tuple(_versions(found))),
    )
    return Page("model", title, subtitle, tuple(lead(found)), sections, span.origin, tuple(_cards(found)))


def _read(span: Span) -> Models:
    heads, snapshots, digest = Heads(), dict[str, Json](), ""
    for one in span.records(["decision", "books"]):
        if one["kind"] == "books":
            heads.take(one)
            continue
        digest = one["inputs"]["limits"]
        name = one["inputs"]["snapshot"]
        snapshots = {name: snapshots.get(name) or parse(span.log.blob(name))}
        heads.hear(one, snapshots[name])
    scored = heads.scored()
    by_head = {name: [one for one in scored if one.head == name] for name in sorted({one.head for one in scored})}
    limits = span.limits(digest).limits if digest else ()
    bounds = {one.kind: float(one.bound) for one in limits if one.kind in ("head_brier", "head_psi")}
    skills = tuple(skill(name, opinions) for name, opinions in by_head.items())
    return Models(heads, skills, tuple(span.records([Kind.MODEL])), bounds)


def lead(found: Models) -> Iterator[str]:
    """What the heads are worth, said from the numbers."""
    scored = sum(one.count for one in found.skills)
    yield (
        f"{count(len(found.names), 'head').capitalize()} were heard and gave"
        f" {count(len(found.heads.opinions), 'opinion')} long or short, {scored:,} of which"
        f" have a known outcome {HORIZON} sessions later."
    )
    better = [one.head for one in found.skills if one.better]
    worse = [one.head for one in found.skills if one.worse]
    if not found.skills:
        yield "Nothing can be said of their skill."
    elif not better:
        more = f"; {listed(worse)} surely did worse" if worse else ""
        yield (
            "None of them was surely better than a coin, by the Brier score of its probabilities"
            f"{more}. These models likely have no skill: what the desk makes or loses is not their doing."
        )
    else:
        yield (
            f"Only {listed(better)} did surely better than a coin here. Among several heads one does by luck now and"
            " then, and one stretch of time proves nothing about another."
        )
    silent = [name for name in found.names if name not in {one.head for one in found.heads.opinions}]
    if silent:
        yield f"{listed(silent).capitalize()} had nothing to say."


def _cards(found: Models) -> Iterator[Card]:
    for one in found.skills:
        judged = "better than a coin" if one.better else "worse than a coin" if one.worse else "like a coin"
        yield Card(one.head, f"{one.brier:.4f}", f"Brier; {judged}")


# --- calibration ------------------------------------------------------------------------------------------------


def _calibration(found: Models) -> Iterator[Block]:
    yield Prose((
        "How often a head was right beside how often it said it would be: on the line the two are the same, above it"
        f" was right more often than it said. Bars are 95 % intervals (Wilson), in which one opinion in {HORIZON}"
        " counts, as horizons overlap; instruments move together too, so the truth is wider. Numbers count opinions;"
        f" points of fewer than {FEWEST} are in the table only.",
    ))  # fmt: skip
    if not found.skills:
        yield Prose(("No outcome is known yet.",))
        return
    svg = on_page(
        "reliability", lambda figure: _reliability(figure, found.skills), 0.4 + 3.1 * -(-len(found.skills) // 3)
    )
    yield Picture(svg, "how often each head was right, by the probability that it gave")
    rows = []
    for one in found.skills:
        share = wilson(one.right / one.count, max(one.count / HORIZON, 1.0))
        rows.append((
            one.head, f"{one.count:,}", percent(share.value, 1), f"{percent(share.low, 1)} to {percent(share.high, 1)}",
            f"{one.brier:.4f}", f"{one.brier - COIN:+.4f}".replace("-", "−"),
            f"{one.low:+.4f} to {one.high:+.4f}".replace("-", "−"),
            "surely better" if one.better else "surely worse" if one.worse else "not told from a coin",
        ))  # fmt: skip
    columns = (
        Column("head"), Column("opinions", number=True), Column("right", number=True), Column("95 %", keep=True),
        Column("Brier", number=True), Column("less a coin's", number=True), Column("95 %", keep=True),
        Column("against a coin (0.2500)"),
    )  # fmt: skip
    yield Table(columns, rows, "Each head against a coin")
    parts = [(one.head, percent(part.said, 1), f"{part.count:,}", percent(part.right / part.count, 1))
             for one in found.skills for part in one.bins]  # fmt: skip
    columns_of_parts = (
        Column("head", keep=True), Column("said, on average", number=True), Column("opinions", number=True),
        Column("right", number=True),
    )  # fmt: skip
    yield Folded("The points of the diagram", (Table(columns_of_parts, parts),))


def _reliability(figure: Figure, skills: Sequence[Skill]) -> None:
    across = min(len(skills), 3)
    grid = figure.subplots(-(-len(skills) // across), across, squeeze=False)
    for axes, one in zip(grid.flat, skills, strict=False):
        drawn = [part for part in one.bins if part.count >= FEWEST] or one.bins
        points = [(part.said, wilson(part.right / part.count, part.effective), part.count) for part in drawn]
        low, high = min(said for said, *_ in points) - 0.015, max(said for said, *_ in points) + 0.015
        axes.plot([low, high], [low, high], color=FAINT, linestyle="--", linewidth=1.0)
        for said, share, number in points:
            axes.plot([said, said], [share.low, share.high], color=BLUE, linewidth=1.1)
            axes.annotate(f"{number:,}", (said, share.high), textcoords="offset points", xytext=(0, 2), ha="center",
                          fontsize=7.5, color=FAINT)  # fmt: skip
        axes.plot([said for said, _, _ in points], [share.value for _, share, _ in points], color=BLUE, marker="o",
                  markersize=4.5, linestyle="none")  # fmt: skip
        axes.set_xlim(low, high)
        axes.set_ylim(min(share.low for _, share, _ in points) - 0.03, max(share.high for _, share, _ in points) + 0.08)
        axes.set_title(one.head, loc="left", fontsize="medium")
        axes.set_xlabel("said to be right")
        axes.set_ylabel("was right")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    for axes in grid.flat[len(skills) :]:
        axes.set_visible(False)


# --- drift, standing, versions --------------------------------------------------------------------------------------


def _drift(found: Models) -> Iterator[Block]:
    speaking = {name: series for name, series in found.heads.health.items()
                if any(one.status != "abstaining" for one in series) and len(series) > 1}  # fmt: skip
    if not speaking:
        yield Prose(("Too few decisions for a curve.",))
        return
    svg = on_page("drift", lambda figure: _curves(figure, speaking, found.bounds), 4.6)
    says = "population stability index and published Brier score of each head over the decisions"
    yield Picture(svg, says, "As each decision knew them. The red line is the bound of the limit, where there is one.")
    rows = []
    bound = found.bounds.get("head_psi")
    for name, series in speaking.items():
        worst = max(series, key=lambda one: one.psi)
        beyond = "–" if bound is None else f"{sum(one.psi > bound for one in series)} of {len(series)}"
        rows.append((name, f"{series[0].psi:.4f}", f"{series[-1].psi:.4f}", f"{worst.psi:.4f}", worst.period, beyond))
    columns = (
        Column("head"), Column("PSI at first", number=True), Column("at last", number=True),
        Column("at most", number=True), Column("on", keep=True), Column("above the bound", number=True),
    )  # fmt: skip
    yield Table(columns, rows, "Population stability of what each head says")


def _curves(figure: Figure, speaking: dict[str, list[Health]], bounds: dict[str, float]) -> None:
    above, below = figure.subplots(2, 1, sharex=True)
    _lines(above, speaking, lambda one: one.psi, bounds.get("head_psi"))
    above.set_ylabel("PSI")
    above.set_ylim(bottom=0)
    above.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, borderpad=0.1)
    _lines(below, speaking, lambda one: one.brier, bounds.get("head_brier"))
    below.axhline(COIN, color=FAINT, linestyle=":", linewidth=1.2, label="a coin")
    below.set_ylabel("Brier score")
    below.legend(handles=below.get_lines()[-1:], loc="lower left", bbox_to_anchor=(0, 1.0), borderpad=0.1)
    dates(below)


def _lines(axes: Axes, speaking: dict[str, list[Health]], of: Callable[[Health], float], bound: float | None) -> None:
    for number, (name, series) in enumerate(sorted(speaking.items())):
        days = np.array([one.period[:16] for one in series], dtype="datetime64[m]")
        axes.plot(
            days, [of(one) for one in series], label=name, color=_COLOURS[number % len(_COLOURS)],
            linestyle=_LINES[number % len(_LINES)], linewidth=1.2,
        )  # fmt: skip
    if bound is not None:
        axes.axhline(bound, color=VERMILLION, linestyle="--", linewidth=1.0)


def _standing(found: Models) -> Iterator[Block]:
    yield Prose(("What the limits of layer 5 were held against; each head's own walk-forward record.",), soft=True)
    rows = []
    for name in found.names:
        one = found.heads.health[name][-1]
        figures = (f"{one.observations:,}", percent(one.hit_rate, 1), f"{one.payoff:.3f}", percent(one.accuracy, 1))
        if not one.observations:
            figures = ("0", "–", "–", "–")
        rows.append((name, one.status, *figures, f"{one.brier:.4f}", f"{one.psi:.4f}", f"{one.age}"))
    columns = (
        Column("head"), Column("status", keep=True), Column("bets", number=True), Column("won", number=True),
        Column("payoff", number=True), Column("right lately", number=True), Column("Brier", number=True),
        Column("PSI", number=True), Column("days since training", number=True),
    )  # fmt: skip
    yield Table(columns, rows)
    silences = [(name, reason, f"{times:,}") for name, reasons in sorted(found.heads.abstentions.items())
                for reason, times in sorted(reasons.items(), key=lambda one: -one[1])[:_MOST_REASONS]]  # fmt: skip
    columns_of = (Column("head", keep=True), Column("why it said nothing"), Column("times", number=True))
    yield Table(columns_of, silences, "Abstentions", "no head abstained")


def _versions(found: Models) -> Iterator[Block]:
    said = (
        "A model is promoted when the log says that its head speaks with it. Where `warrant.toml` asks for two persons,"
        " a promotion waits for them and names the approval it used; else the walk-forward plan promotes by itself."
    )
    yield Prose((said,), soft=True)
    spoke = {name: len({one.model for one in series}) for name, series in found.heads.health.items()}
    yield Prose((f"Models that spoke: {', '.join(f'{name} {times}' for name, times in sorted(spoke.items()))}.",))
    rows = [
        (one["as_of"], one["head"], code(short(one["model"])), f"{one['age']}", one.get("outcome", "promoted"),
         one.get("reason") or "by the plan alone", record(one["record_id"]))
        for one in found.turns
    ]  # fmt: skip
    columns = (
        Column("when", keep=True), Column("head", keep=True), Column("model"),
        Column("days since training", number=True), Column("outcome", keep=True), Column("by"), Column("record"),
    )  # fmt: skip
    yield Table(columns, rows, "Promotions", "no head changed its model in these days")
