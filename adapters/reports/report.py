"""The report of a run: one HTML file that needs nothing else, with the same bytes for the same run.

What is told of single decisions comes from `engine.telling.explain`, so that the page says what `warrant explain` says.
The page names no folder and no clock. Left out: anything that needs a script; details fold by the browser itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.answers.aftermath import aftermath
from adapters.answers.lookup import evidence_of
from adapters.audit.kinds import period_of
from adapters.audit.log import LogReader
from adapters.demo.desk import TRIALS, Changed
from adapters.reports.frame.drawing import LAYERS, MARKS
from adapters.reports.plots import plots
from adapters.reports.results import Results, interval, percent, ratio, sure, worth
from adapters.reports.results_text import bound
from adapters.reports.summary import Fate, Tally
from engine.limits.kinds import KINDS
from engine.telling.explain import explain_verdict
from engine.telling.figures import amount
from engine.telling.narrative import Telling

TEMPLATES = Path(__file__).resolve().parent / "templates"
SHAPES = {"granted": "▲", "cut": "◆", "denied": "✖", "undetermined": "?", "no-candidate": "·"}
"""The marks of the plots (`plots.MARKS`), as text."""


@dataclass(frozen=True, slots=True)
class Node:
    """A sentence of an explanation and what it rests on; `again` where that was told before."""

    text: str
    parts: tuple[Node, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One decision, explained."""

    anchor: str
    title: str
    session: str
    record_id: str
    tree: Node
    unfolded: int = 2
    """Levels of the tree that are shown at once."""


def write_report(path: Path, results: Results, log: LogReader, changed: Sequence[Changed] = ()) -> None:
    """Write the report to `path`; it takes that name when it is complete."""
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(render(results, log, changed), encoding="utf-8")
    draft.replace(path)


def render(results: Results, log: LogReader, changed: Sequence[Changed] = ()) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters.update(percent=percent, interval=interval, amount=amount, money=_money, sure=sure, ratio=ratio)
    counts = results.tally
    page = environment.get_template("report.html.j2").render(
        results=results,
        counts=counts,
        denied_alone=sum(not one.crowded_out for one in counts.denied()),
        denied_crowded=sum(one.crowded_out for one in counts.denied()),
        cards=list(_cards(results)),
        plots=plots(results),
        refusals=list(_refusals(results)),
        layers={layer: words for layer, (words, _, _) in LAYERS.items()},
        shapes=SHAPES,
        marks=MARKS,
        closest=counts.closest().most_common(),
        examples=list(examples(results, log)),
        journal=counts.fates,
        changed=[(one, bound(one.limit, one.shipped), bound(one.limit, one.limit.bound)) for one in changed],
        trials=TRIALS,
        worth=list(worth(results)),
    )
    # A number and its unit stay on one line.
    return re.sub(r"(?<=[0-9]) %", "\u00a0%", page)


def examples(results: Results, log: LogReader) -> Iterator[Example]:
    """One telling decision of each outcome that occurs, explained from its record."""
    for anchor, title, fate in chosen(results.tally):
        yield _example(log, anchor, title, fate.record_id, fate.instrument)
    silences = [one for one in results.tally.silences if one.measured]
    if silences:
        near = max(silences, key=lambda one: Fraction(one.held, one.conditions))
        shown = _example(log, "example-no-candidate", "no candidate", near.record_id, near.instrument)
        yield replace(shown, unfolded=len(near.chain) + 1)


def chosen(tally: Tally) -> Iterator[tuple[str, str, Fate]]:
    """The candidates worth showing, as anchor, title and fate; the first one where several are as telling."""
    by_outcome = {name: [one for one in tally.fates if one.outcome == name] for name in MARKS}
    if granted := by_outcome["granted"]:
        yield "example-granted", "granted", max(granted, key=lambda one: one.conviction)
    if cut := by_outcome["cut"]:
        yield "example-cut", "cut", min(cut, key=lambda one: one.kept)
    if crowded := [one for one in by_outcome["denied"] if one.crowded_out]:
        yield "example-crowded-out", "denied, crowded out by an earlier grant", crowded[0]
    if alone := [one for one in by_outcome["denied"] if not one.crowded_out]:
        yield "example-denied", "denied on its own", max(alone, key=lambda one: (len(one.reasons), bool(one.policies)))


def tree(telling: Telling, told: set[Telling] | None = None) -> Node:
    """The explanation as nodes, each shared cause told once, as `engine.telling.narrative.lines` does."""
    told = set() if told is None else told
    parts = []
    for part in telling.parts:
        again = bool(part.parts) and part in told
        told.add(part)
        parts.append(Node(part.text, (), again=True) if again else tree(part, told))
    return Node(telling.text, tuple(parts))


def _example(log: LogReader, anchor: str, title: str, record_id: str, instrument: str) -> Example:
    record = log.record(record_id)
    verdict = next(one for one in record["verdicts"] if one["instrument"] == instrument)
    told = explain_verdict(evidence_of(log, record), verdict)
    told = told.further(*aftermath(log, record, [instrument]))
    return Example(anchor, title, period_of(record), record_id, tree(told))


def _cards(results: Results) -> Iterator[tuple[str, str, str]]:
    """The figures a reader wants first: label, figure, what to know about it."""
    run, hold, counts = results.performance, results.benchmark_performance, results.tally
    yield (
        "decisions",
        f"{counts.cycles:,}",
        f"{sum(counts.outcomes.values()):,} verdicts, {len(counts.fates)} candidates",
    )
    yield (
        "NAV at the end",
        f"{_money(results.navs[-1])}",
        f"{results.currency}; buy-and-hold {_money(results.benchmark[-1])}",
    )
    if run is not None and hold is not None:
        yield "result a year", percent(run.annual.value), interval(run.annual)
        yield (
            "deepest drawdown",
            percent(run.drawdown.value),
            f"{interval(run.drawdown)}; buy-and-hold {percent(hold.drawdown.value, 1)}",
        )
    yield "invested on average", percent(results.exposure), "of NAV, absolute"


def _refusals(results: Results) -> Iterator[dict[str, Any]]:
    limits = {one.id: one for one in results.limits.limits}
    policies = ", ".join(f"{name.replace('_', ' ')} {times}" for name, times in results.tally.policies().most_common())
    for one in results.tally.refusals():
        limit = limits.get(one.reason)
        meaning = KINDS[limit.kind].meaning if limit is not None else "the size that the odds allow is below one lot"
        if one.reason == "compliance.policy" and policies:
            meaning = policies
        yield {"layer": one.layer, "reason": one.reason, "meaning": meaning, "alone": one.alone, "crowded": one.crowded}


def _money(number: float) -> str:
    return amount(round(number), 0)
