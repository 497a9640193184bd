"""The report of a decision: each verdict with its derivation as a picture and in words, limits, proof, orders.

One decision by its id or day, or those of a range that proposed something. Told by `engine.telling`, from the record
and what it names by digest; no engine is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from adapters.answers.lookup import decision_at, decision_of, evidence_of, is_date
from adapters.audit.kinds import period_of
from adapters.reports.derivation import derivation, exit_derivation
from adapters.reports.frame.drawing import LAYERS
from adapters.reports.frame.page import (
    Block,
    Card,
    Column,
    Folded,
    Page,
    Picture,
    Prose,
    Section,
    Table,
    Written,
    anchor,
    code,
    link,
    record,
)
from adapters.reports.frame.span import Span
from adapters.reports.frame.told import count, percent
from adapters.reports.headroom import Headroom, readings, shown
from adapters.reports.headroom_told import picture
from adapters.reports.lives import KINDS as ORDERS
from adapters.reports.lives import Life, Lives
from adapters.reports.orders import orders_table
from adapters.reports.refusals import SHAPES
from engine.telling.as_html import as_html
from engine.telling.evidence import Evidence
from engine.telling.explain import circumstances, explain_exit, explain_stop, explain_verdict
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

MOST = 40
"""Decisions that one report tells."""


def cycle(span: Span, name: str | None) -> Page:
    """The page of one decision, by its id or day, or of all in the days of `span` that proposed something."""
    if name is None:
        return _several(span)
    found = decision_at(span.log, name) if is_date(name[:10]) else decision_of(span.log, name)[0]
    title = f"Decision of {period_of(found)}"
    subtitle = f"Cycle report of desk {span.desk}, {span.mode}, decision {found['record_id']}"
    if found["kind"] == "fault":
        said = (f"There is no decision of {period_of(found)}: {found['fault']}", "So nothing was permitted.")
        return Page("cycle", title, subtitle, said, (), span.origin)
    evidence = evidence_of(span.log, found)
    sections = (
        Section("verdicts", "Verdicts", (verdicts_table(found),)),
        *_told(evidence, found),
        *_silent(evidence, found),
        Section("limits", "Limits after all grants", tuple(_limits(span, found))),
        Section("conditions", "Trading state and conditions", (_conditions(found),)),
        Section("proof", "What the solver was asked", tuple(_proof(found))),
        Section("orders", "What came of it", (_orders(span, found),)),
        Section("circumstances", "Circumstances and inputs", tuple(_circumstances(evidence, found))),
    )
    return Page("cycle", title, subtitle, tuple(_lead(found)), sections, span.origin, tuple(_cards(found)))


def _several(span: Span) -> Page:
    told = [one for one in span.records(["decision"]) if proposed(one) or one["exits"] or one["fault"]]
    if len(told) > MOST:
        words = f"{len(told)} decisions of {span.words} proposed something, and a report tells {MOST} at most"
        raise Faulty(Fault("command line", 1, 1, f"{words}; give days nearer to each other, or name one decision"))
    title, subtitle = f"Decisions of {span.words}", f"Cycle report of desk {span.desk}, {span.mode}".rstrip(", ")
    sections = tuple(_chapter(span, one) for one in told)
    said = f"{count(len(told), 'decision').capitalize()} of these days proposed an entry or an exit, or failed."
    return Page("cycle", title, subtitle, (said,), sections, span.origin)


def proposed(found: Json) -> list[Json]:
    """The verdicts that had a candidate."""
    return [one for one in found["verdicts"] if "side" in one]


def _chapter(span: Span, found: Json) -> Section:
    evidence, name = evidence_of(span.log, found), found["record_id"]
    lead = Prose(tuple(_lead(found)))
    blocks: tuple[Block, ...] = (lead, Written(Markup("<p>{}</p>").format(record(name))), verdicts_table(found, False))
    return Section(anchor("decision", name), period_of(found), blocks, tuple(_told(evidence, found)))


# --- what it says -------------------------------------------------------------------------------------------------


def _asked(verdict: Json) -> str:
    """What it was to be, and how much of that it may be."""
    side, quantity, target = verdict["side"], amount(verdict["quantity"]), amount(verdict["target"])
    if target == "0":
        return str(side)
    return f"to {side} {target} shares" if quantity == "0" else f"{side} {quantity} of {target} shares"


def _lead(found: Json) -> Iterator[str]:
    if found["fault"]:
        yield f"The cycle is undetermined, so nothing was permitted: {found['fault']}"
        return
    verdicts = proposed(found)
    for one in verdicts[:6]:
        because = f", because of {', '.join(one['reasons'])}" if one["reasons"] else ""
        yield f"{one['instrument']}: {one['outcome']}, {_asked(one)}{because}."
    if len(verdicts) > 6:
        yield f"And {len(verdicts) - 6} more."
    silent = len(found["verdicts"]) - len(verdicts)
    if silent:
        yield f"The rules proposed nothing for {count(silent, 'instrument')}."
    for one in found["exits"]:
        reasons = ", ".join(one["reasons"])
        yield f"{one['instrument']}: exit, {one['side']} {amount(one['quantity'])} shares ({reasons})."


def _cards(found: Json) -> Iterator[Card]:
    yield Card("trading state", found["trading_state"], f"regime {found['regime']}")
    yield Card("candidates", str(len(proposed(found))), f"of {count(len(found['verdicts']), 'instrument')}")
    yield Card("warrants", str(len(found["warrants"])), "orders permitted")
    yield Card("exits", str(len(found["exits"])), "")
    proof = found.get("proof")
    agrees = "no entry to prove" if proof is None else "agrees" if proof["agrees"] else "does not agree"
    yield Card("solver", agrees, "" if proof is None else proof["solver"])


def verdicts_table(found: Json, linked: bool = True) -> Table:
    """Each instrument with its verdict."""
    rows = []
    for one in found["verdicts"]:
        verdict = f"{SHAPES.get(one['outcome'], '')} {one['outcome'].replace('-', ' ')}"
        why = ", ".join(one["reasons"]) or (one["miss"]["rule"] + " came closest" if one.get("miss") else "–")
        kind = "verdict" if "side" in one else "silent"
        name = (
            link(kind, f"{found['record_id']}-{one['instrument']}", one["instrument"]) if linked else one["instrument"]
        )
        side = one.get("side", "–")
        rule = code(one["rule"]) if one.get("rule") else "–"
        rows.append((name, verdict, side, rule, *(amount(one[part]) if part in one else "–" for part in
                     ("quantity", "target", "limit_price", "stop_price")), why))  # fmt: skip
    columns = (
        Column("instrument", keep=True), Column("verdict", keep=True), Column("side"), Column("rule"),
        Column("permitted", number=True), Column("asked", number=True), Column("worst price", number=True),
        Column("stop", number=True), Column("because of"),
    )  # fmt: skip
    return Table(columns, rows, empty="No instrument was in the universe.")


def _told(evidence: Evidence, found: Json) -> Iterator[Section]:
    """A section for each verdict on a candidate, each exit and each stop that moved."""
    name = found["record_id"]
    for one in proposed(found):
        key = f"{name}-{one['instrument']}"
        told = explained(explain_verdict(evidence, one), key)
        svg = derivation(evidence, one)
        says = f"how the verdict on {one['instrument']} was derived, from facts to warrant"
        title = f"{one['instrument']}: {SHAPES.get(one['outcome'], '')} {one['outcome']}"
        yield Section(anchor("verdict", key), title, (Picture(svg, says), told))
    for one in found["exits"]:
        key = f"{name}-exit-{one['instrument']}"
        svg = exit_derivation(evidence, one)
        pictures = (Picture(svg, f"how the exit of {one['instrument']} was derived"),) if svg else ()
        yield Section(anchor("exit", key), f"{one['instrument']}: exit",
                      (*pictures, explained(explain_exit(evidence, one), key)))  # fmt: skip
    for order in (one["order"] for one in found["warrants"]):
        if order["role"] == "stop":
            key = f"{name}-stop-{order['instrument']}"
            told = explained(explain_stop(evidence, order), key)
            yield Section(anchor("stop", key), f"{order['instrument']}: its stop is moved", (told,))


def _silent(evidence: Evidence, found: Json) -> Iterator[Section]:
    """Why nothing was proposed, by instrument."""
    parts = []
    for one in found["verdicts"]:
        if "side" not in one:
            key = f"{found['record_id']}-{one['instrument']}"
            told = Folded("The rule that came closest", (explained(explain_verdict(evidence, one), key),))
            parts.append(Section(anchor("silent", key), one["instrument"], (told,)))
    if parts:
        yield Section("silent", "Where nothing was proposed, and why", (), tuple(parts))


def explained(told: Telling, key: str) -> Written:
    """An explanation as the renderer of explanations writes it."""
    return Written(Markup(as_html(told, prefix=f"{anchor('t', key)}-", unfolded=3)))  # noqa: S704 - it escapes


def _limits(span: Span, found: Json) -> Iterator[Block]:
    told = Headroom(span.limits)
    told.take(found)
    yield Prose(("Each numeric limit, at the worst filling of everything that was granted and already waits.",))
    yield picture(told, told.by_layer())
    known = {one.id: one for one in span.limits(found["inputs"]["limits"]).limits}
    rows = []
    for one in readings(found, known):
        if one.numeric:
            limit = known[one.limit]
            cells = (code(one.measure), LAYERS[limit.layer][0], limit.owner, *shown(told.rows[one.limit], one))
            rows.append((*cells, percent(one.used, 1)))
    columns = (
        Column("measure", keep=True), Column("layer", keep=True), Column("owner"), Column("value", number=True),
        Column("bound", number=True), Column("slack", number=True), Column("used", number=True),
    )  # fmt: skip
    yield Folded(f"Each of {len(rows)} readings", (Table(columns, rows, "Numeric limits, after all grants"),))


def _conditions(found: Json) -> Table:
    rows = [_condition("all", one) for one in found["states"]]
    states = {one["limit"] for one in found["states"]}
    for verdict in found["verdicts"]:
        conditions = [one for one in verdict.get("findings", []) if one["limit"] not in states]
        rows += [_condition(verdict["instrument"], one) for one in conditions]
    columns = (
        Column("for"), Column("limit", keep=True), Column("what was found"), Column("value", number=True),
        Column("bound", number=True), Column("holds", keep=True),
    )  # fmt: skip
    return Table(columns, rows, empty="Nothing was read.")


def _condition(of: str, one: Json) -> tuple[str, ...]:
    figures = (amount(one["value"], 6), amount(one["bound"], 6))
    return (of, code(one["limit"]), one["detail"], *figures, "yes" if one["holds"] else "✖ no")


def _proof(found: Json) -> Iterator[Block]:
    proof = found.get("proof")
    if proof is None:
        yield Prose(("There was no entry, so there was nothing to prove.",))
        return
    agrees = "agrees with the gate" if proof["agrees"] else f"does not agree: {proof['fault']}"
    yield Prose((f"Z3 ({proof['solver']}), from an encoding of its own, {agrees}.",))
    rows = [(one["question"], one["expected"], one["answered"]) for one in proof["answers"]]
    columns = (Column("question"), Column("expected", keep=True), Column("answered", keep=True))
    yield Table(columns, rows, empty="It was asked nothing.")
    for name, sentences in sorted(proof.get("sentences", {}).items()):
        yield Prose(tuple(f"{name}: {sentence}" for sentence in sentences), soft=True)


def _orders(span: Span, found: Json) -> Block:
    lives = of_decision(span, found)
    return orders_table(lives) if lives else Prose(("Nothing was warranted, so nothing came of it.",))


def of_decision(span: Span, found: Json) -> Sequence[Life]:
    """The orders that a decision warranted, with what became of them up to the end of the span."""
    lives = Lives(span.minutes)
    lives.take(found)
    known = {*lives.found, *lives.terms}
    for event in span.history(ORDERS):
        if event["client_order_id"] in known:
            lives.take(event)
    return list(lives.found.values())


def _circumstances(evidence: Evidence, found: Json) -> Iterator[Block]:
    told = tell("circumstances", *circumstances(evidence))
    yield explained(told, f"{found['record_id']}-circumstances")
    rows = [(name, code(digest)) for name, digest in sorted(found["inputs"].items())]
    yield Table((Column("input", keep=True), Column("digest")), rows, "What it was decided from, by digest")
    versions = [(name, version) for name, version in sorted(found["versions"].items())]
    yield Table((Column("engine", keep=True), Column("version")), versions, "Engines")
