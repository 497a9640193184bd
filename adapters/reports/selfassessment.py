"""The self-assessment: each control, what keeps it, and its evidence in the log; or plainly that there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from adapters.reports.assessment import AT_WORK, CHECKED, IN_PART, NOTHING, Assessment, Evidence
from adapters.reports.frame.page import (
    Block,
    Card,
    Column,
    Page,
    Prose,
    Section,
    Table,
    anchor,
    code,
    joined,
    link,
    record,
)
from adapters.reports.frame.span import Span
from adapters.reports.frame.told import count
from engine.limits.controls import LAYERS

_MARKS = {AT_WORK: "●", IN_PART: "◐", CHECKED: "○", NOTHING: "–"}


def selfassessment(span: Span) -> Page:
    """The page of the controls, over the days of `span`."""
    told = Assessment(span.limits)
    for one in span.records():
        told.take(one)
    found = told.evidence()
    title = f"Self-assessment, {span.words}"
    subtitle = f"Controls of desk {span.desk}, {span.mode}".rstrip(", ")
    by_layer: dict[int, list[Evidence]] = {}
    for one in found:
        by_layer.setdefault(one.control.layer, []).append(one)
    sections = (
        Section("summary", "Every control", (_summary(found),)),
        *(
            Section(f"layer-{layer}", f"Layer {layer}: {LAYERS[layer - 1]}", (), tuple(map(_part, by_layer[layer])))
            for layer in sorted(by_layer)
        ),
        Section("missing", "What is missing", (_missing(found),)),
    )
    return Page("selfassessment", title, subtitle, tuple(_lead(told, found)), sections, span.origin, _cards(found))


def _lead(told: Assessment, found: list[Evidence]) -> Iterator[str]:
    counts = Counter(one.verdict for one in found)
    yield (
        f"{count(len(found), 'control')}, held against {count(told.decisions, 'decision')} of these days: the log shows"
        f" {counts[AT_WORK]} at work, {counts[IN_PART]} in part, {counts[CHECKED]} checked and never hit, and no"
        f" evidence at all of {counts[NOTHING]}."
    )
    silent = [one.control.name for one in found if one.verdict == NOTHING]
    if silent:
        yield f"Without evidence: {'; '.join(silent)}."
    part = sum(bool(one.control.missing) for one in found)
    yield f"Of {count(part, 'control')} a part is missing, and each says which."


def _cards(found: list[Evidence]) -> tuple[Card, ...]:
    counts = Counter(one.verdict for one in found)
    notes = {
        AT_WORK: "refused something, or left its records",
        IN_PART: "left some of its records",
        CHECKED: "read, and never reached",
        NOTHING: "nothing in the log of these days",
    }
    return tuple(Card(name, str(counts[name]), note) for name, note in notes.items())


def _summary(found: list[Evidence]) -> Table:
    rows = []
    for one in found:
        last = one.last
        rows.append((
            link("control", one.control.name, one.control.name), one.control.source, LAYERS[one.control.layer - 1],
            f"{_MARKS[one.verdict]} {one.verdict}", _number(one.checked), _number(one.hit), _number(one.recorded),
            "–" if last is None else last.as_of[:10],
        ))  # fmt: skip
    columns = (
        Column("control"), Column("source"), Column("layer", keep=True), Column("in these days", keep=True),
        Column("checks", number=True), Column("hits", number=True), Column("records", number=True),
        Column("last", keep=True),
    )  # fmt: skip
    return Table(columns, rows)


def _number(times: int) -> str:
    return f"{times:,}" if times else "–"


def _part(one: Evidence) -> Section:
    """One control with its evidence."""
    control = one.control
    blocks: list[Block] = [Prose(tuple(_told(one)))]
    rows = [_limit_row(one, name) for name in dict.fromkeys(limit.id for limit in one.limits)]
    columns = (
        Column("limit", keep=True), Column("checks", number=True), Column("hits", number=True),
        Column("last hit", keep=True), Column("what it was"), Column("record"),
    )  # fmt: skip
    if rows:
        blocks.append(Table(columns, rows))
    traces = [(trace.what, _number(seen.times), seen.as_of[:10] or "–", seen.words or "–",
               record(seen.record_id) if seen.times else "–") for trace, seen in one.traces]  # fmt: skip
    if traces:
        kinds = (
            Column("records of"), Column("times", number=True), Column("last", keep=True), Column("in words"),
            Column("record"),
        )  # fmt: skip
        blocks.append(Table(kinds, traces))
    outside = [code(place) for place in (*control.places, *control.tests)]
    if outside:
        blocks.append(Table((Column("kept and shown by, outside the log"),), [(joined(outside),)]))
    return Section(anchor("control", control.name), control.name, tuple(blocks))


def _limit_row(one: Evidence, name: str) -> tuple[str, ...]:
    checks, hits = one.checks.get(name), one.hits.get(name)
    last = hits or checks
    return (
        code(name), _number(checks.times if checks else 0), _number(hits.times if hits else 0),
        hits.as_of[:10] if hits else "–", hits.words if hits else "checked only" if checks else "never read",
        record(last.record_id) if last else "–",
    )  # fmt: skip


def _told(one: Evidence) -> Iterator[str]:
    control = one.control
    told = f"{count(one.checked, 'check')}, {count(one.hit, 'hit')}, {count(one.recorded, 'record')}"
    said = {
        AT_WORK: f"At work: {told}.",
        IN_PART: f"At work in part: {told}.",
        CHECKED: f"Checked {one.checked:,} times and never reached.",
        NOTHING: "The log of these days holds no evidence of it.",
    }
    yield f"{control.source}. {said[one.verdict]}"
    unused = [kind for kind in control.kinds if not any(limit.kind == kind for limit in one.limits)]
    if unused:
        yield f"No limit of these kinds was in force at the end: {', '.join(unused)}."
    if not control.read and one.checked:
        yield f"{count(one.checked, 'check')} of its limits keep a part of it at most, and count as no evidence."
    if control.elsewhere and one.verdict == NOTHING:
        yield f"{control.elsewhere[0].upper()}{control.elsewhere[1:]}."
    if one.absent:
        yield f"No record in these days of: {'; '.join(one.absent)}."
    if control.missing:
        yield f"Missing: {control.missing}."


def _missing(found: list[Evidence]) -> Table:
    rows = [(link("control", one.control.name, one.control.name), one.control.missing) for one in found
            if one.control.missing]  # fmt: skip
    return Table((Column("control"), Column("what is missing")), rows, empty="Nothing is known to be missing.")
