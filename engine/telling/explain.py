"""Why, and why not: explanations made from the record alone, never by asking a model again.

The input is a decision record with the snapshot, portfolio, rulebook and limits it names by digest. What is told:
facts, firings, policy proof, conditions, limits with value, bound and slack, size factors, the solver's answer. Words
first, numbers with units, digests last. Orders and fills come after the decision and are told by the shell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from engine.exits import REVERSAL
from engine.fellows import BASKET
from engine.gate.market import Market, read_market
from engine.limits.kinds import NUMERIC
from engine.limits.model import Limit, Limits
from engine.obligations import REASON
from engine.orders.portfolio import Portfolio
from engine.standing import portfolio_facts
from engine.telling import convex
from engine.telling.baskets import basket_of, leaving_with
from engine.telling.duties import obliged
from engine.telling.figures import amount, percent, short
from engine.telling.narrative import Telling, tell
from engine.telling.repairs import repairs
from engine.telling.sizes import size_of
from engine.telling.stress import stress
from engine.telling.tail_loss import tail_loss
from knowledge.door import admit
from knowledge.facts import Fact, Snapshot
from knowledge.prolog.proof import ProofNode
from knowledge.templates import vocabulary
from knowledge.values import Json
from rules.matching import bindings, sentence
from rules.rulebook import Rulebook

_TIGHTEST = 6
"""Limits told with their slack in a granted verdict, tightest first; the record has them all."""


@dataclass(frozen=True)
class Evidence:
    """A decision record and the values it names by digest."""

    record: Mapping[str, Json]
    snapshot: Snapshot
    portfolio: Portfolio
    rulebook: Rulebook
    limits: Limits

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Every fact of the cycle by its ref."""
        derived = (admit(template, slots) for template, slots in self.record["derived"])
        known = (*self.snapshot.facts, *portfolio_facts(self.snapshot, self.portfolio), *derived)
        return {fact.ref: fact for fact in known}

    @cached_property
    def market(self) -> Market:
        """The terms of all instruments."""
        return read_market(self.snapshot, self.portfolio, self.limits.parameters.cluster_threshold)

    @cached_property
    def supports(self) -> dict[str, list[Json]]:
        """The firings that concluded each fact, by ref."""
        found: dict[str, list[Json]] = {}
        for firing in self.record["firings"]:
            for ref in dict.fromkeys(firing["concluded"]):
                found.setdefault(ref, []).append(firing)
        return found

    @cached_property
    def limit(self) -> dict[str, Limit]:
        """Limits by id, each as it was on the day."""
        return self.limits.rows(self.record["as_of"][:10])


def explain_decision(evidence: Evidence, instruments: Iterable[str] = ()) -> Telling:
    """The whole cycle, or the verdicts on some instruments of it."""
    record, chosen = evidence.record, set(instruments)
    parts = [explain_verdict(evidence, one) for one in record["verdicts"] if not chosen or one["instrument"] in chosen]
    parts += [_exit(evidence, one) for one in record["exits"] if not chosen or one["instrument"] in chosen]
    moved = [one["order"] for one in record["warrants"] if one["order"]["role"] == "stop"]
    parts += [_trail(evidence, one) for one in moved if not chosen or one["instrument"] in chosen]
    head = f"decision {record['record_id']} of desk {record['desk']} as of {record['as_of']}"
    if record["fault"]:
        parts.insert(0, tell(f"the cycle is undetermined, so nothing was permitted: {record['fault']}"))
    portfolio = evidence.portfolio
    parts += obliged(record, evidence.limit, Fraction(portfolio.nav), portfolio.currency)
    parts.append(_circumstances(evidence))
    parts.append(tell("inputs", *(tell(f"{name} {digest}") for name, digest in sorted(record["inputs"].items()))))
    return tell(head, *parts)


def explain_verdict(evidence: Evidence, verdict: Json) -> Telling:
    """The verdict on one instrument, with everything that led to it."""
    name, outcome = verdict["instrument"], verdict["outcome"]
    if outcome == "no-candidate":
        miss = verdict.get("miss")
        return tell(f"{name}: no candidate, the rules proposed nothing", *([_miss(miss)] if miss else []))
    if "side" not in verdict:
        return tell(f"{name}: {outcome}; {'; '.join(verdict['reasons'])}")
    parts = [_why_proposed(evidence, verdict), *basket_of(evidence.record, verdict), *_policy(verdict)]
    parts += [_conditions(evidence, verdict), *_sized(evidence, verdict), *_numbers(evidence, verdict)]
    parts += [*repairs(verdict, evidence.limit), *_solver(evidence, verdict)]
    return tell(_headline(evidence, verdict), *parts)


def _headline(evidence: Evidence, verdict: Json) -> str:
    verb = "buy" if verdict["side"] == "buy" else "sell short"
    target, quantity = amount(verdict["target"]), amount(verdict["quantity"])
    name, outcome = verdict["instrument"], verdict["outcome"]
    prices = f"at {amount(verdict['limit_price'])} or better, protective stop at {amount(verdict['stop_price'])}"
    if outcome == "granted":
        return f"{name}: granted, {verb} {quantity} shares {prices}"
    because = " and ".join(verdict["reasons"])
    if outcome == "cut":
        more = "one unit" if "basket" in verdict else "one lot"
        return f"{name}: cut, {verb} {quantity} of {target} shares {prices}; {more} more breaks {because}"
    if outcome == "denied":
        crowded = not any(not core["grants"] for core in verdict.get("cores", []))
        how = "crowded out by earlier grants" if crowded else "on its own"
        if "basket" in verdict:
            because = " and ".join(dict.fromkeys(core["constraint"] for core in verdict["cores"]))
        return f"{name}: denied ({how}), to {verb} {target} shares; because of {because}"
    return f"{name}: {outcome}, nothing permitted; {because}"


# --- rules ------------------------------------------------------------------------------------------------------


def _why_proposed(evidence: Evidence, verdict: Json) -> Telling:
    side = "long" if verdict["side"] == "buy" else "short"
    return tell("proposed by the rules", *_fact(evidence, f"candidate({verdict['instrument']},{side})", 0))


def _fact(evidence: Evidence, ref: str, depth: int) -> tuple[Telling, ...]:
    """What a fact rests on: the rules that concluded it, or, where it came in, what it says."""
    firings = evidence.supports.get(ref, [])
    if not firings or depth > 12:
        fact = evidence.facts.get(ref)
        return (tell(_stated(fact) if fact is not None else ref),)
    return tuple(_firing(evidence, firing, depth) for firing in firings)


def _firing(evidence: Evidence, firing: Json, depth: int) -> Telling:
    rule = next(one for one in evidence.rulebook.program.rules if one.name == firing["rule"])
    matched = [evidence.facts.get(ref) if ref is not None else None for ref in firing["matched"]]
    parts = [part for ref in firing["matched"] if ref is not None for part in _fact(evidence, ref, depth + 1)]
    return tell(f"{sentence(rule, bindings(rule, matched))} [{rule.name}, {rule.owner}]", *parts)


def _stated(fact: Fact) -> str:
    """A fact in words: its key, and its other slots with their units."""
    template = vocabulary().templates[fact.template]
    said = []
    for name, value in fact.slots:
        if name in template.key:
            continue
        slot = template.slots[name]
        measure = vocabulary().measure(fact.template, fact.word(slot.by)) if slot.by else None
        unit = measure.unit if measure is not None else slot.unit
        words = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        shown = short(words) if unit == "digest" else words
        said.append(f"{name} {shown}" if not slot.by else f"= {shown} ({unit})")
    return f"{fact.ref}: {', '.join(said)}".replace(": =", " =")


def _miss(miss: Json) -> Telling:
    """The closest rule, the condition that failed, by how much; then why the fact it needed was not there."""
    what, *details = miss["failing"].split("; ")
    parts = [tell(f"what failed: {what}", *(tell(one) for one in details))]
    if miss["gap"] is not None:
        unit = f" ({miss['unit']})" if miss["unit"] else ""
        value, threshold, gap = (amount(miss[part]) for part in ("value", "threshold", "gap"))
        parts.append(tell(f"by how much: {value} where {threshold} is asked, {gap} is missing{unit}"))
    if miss["because"]:
        parts.append(_miss(miss["because"]))
    held = f"{miss['held'] or 'none'} of its {miss['conditions']} conditions held"
    return tell(f"closest rule: {miss['rule']} ({miss['owner']}, {miss['source']}); {held}", *parts)


def _exit(evidence: Evidence, one: Json) -> Telling:
    held = f"; held back: {one['held_back']}" if one["held_back"] else ""
    parts: list[Telling] = []
    against = "long" if one["side"] == "buy" else "short"
    for reason in one["reasons"]:
        kind, _, rule = reason.partition(":")
        if kind == REASON and rule:
            parts.append(tell(f"`{rule}` asks for it: one lot less would leave it beyond its bound"))
        elif kind == REVERSAL and rule:
            proposed = _fact(evidence, f"candidate({one['instrument']},{against})", 0)
            parts.append(tell(f"`{rule}` proposes the other side, and a position closes before it turns", *proposed))
        elif kind == BASKET and rule:
            parts.append(leaving_with(evidence.record, evidence.portfolio, one["instrument"]))
        else:
            parts += _fact(evidence, f"exit({one['instrument']},{reason})", 0)
    if one["worsens"]:
        parts.append(tell(f"granted although it worsens {', '.join(one['worsens'])}"))
    asked = amount(one["asked"])
    verb = "sell" if one["side"] == "sell" else "buy back"
    return tell(f"{one['instrument']}: exit, {verb} {amount(one['quantity'])} of {asked} shares{held}", *parts)


def _trail(evidence: Evidence, order: Json) -> Telling:
    name = order["instrument"]
    asked = sorted(
        ref for ref, fact in evidence.facts.items() if fact.template == "trail" and fact["instrument"] == name
    )
    parts = [part for ref in asked for part in _fact(evidence, ref, 0)]
    return tell(f"{name}: protective stop moved to {amount(order['stop_price'])}", *parts)


# --- policies, conditions, limits -------------------------------------------------------------------------------


def _policy(verdict: Json) -> list[Telling]:
    policy = verdict.get("policy")
    if policy is None:
        return []
    proofs = [_proof(ProofNode.from_json(proof)) for proof in policy["proofs"]]
    if policy["fault"]:
        proofs.append(tell(policy["fault"]))
    return [tell(f"policies: {policy['outcome']}", *proofs)]


def _proof(node: ProofNode) -> Telling:
    # Of the clauses that failed, a reader wants the goal at which each failed; what held before it is in the record.
    if node.status in ("fails", "absent", "differs"):
        deepest = [child for child in node.children if child.status != "holds"]
        return tell(f"{node.sentence} [{node.source}]", *(_proof(child) for child in deepest))
    return tell(f"{node.sentence} [{node.source}]", *(_proof(child) for child in node.children))


def _conditions(evidence: Evidence, verdict: Json) -> Telling:
    found = verdict.get("findings", [])
    failing = [one for one in found if not one["holds"]]
    parts = [_finding(evidence, one) for one in (failing or found)]
    if failing:
        return tell(f"conditions: {len(failing)} of {len(found)} do not hold", *parts)
    return tell(f"conditions: all {len(found)} hold", *parts)


def _finding(evidence: Evidence, one: Json) -> Telling:
    """A condition: what was found, and the figures where there are any."""
    limit = evidence.limit.get(one["limit"])
    layer = f" [layer {limit.layer}, {limit.owner}]" if limit is not None else ""
    unit = limit.unit if limit is not None else ""
    figures = ""
    if unit not in ("", "-") and one["bound"] != "0":
        named = "" if unit == "NAV" else f" {unit}"
        figures = f": {amount(one['value'])} against {amount(one['bound'])}{named}"
    mark = "" if one["holds"] else " does not hold"
    return tell(f"{one['limit']}{mark}: {one['detail']}{figures}{layer}")


def _sized(evidence: Evidence, verdict: Json) -> list[Telling]:
    regime, currency = evidence.record["regime"], evidence.portfolio.currency
    return size_of(verdict, evidence.snapshot, evidence.limits, regime, currency)


def _numbers(evidence: Evidence, verdict: Json) -> list[Telling]:
    parts: list[Telling] = []
    if verdict["outcome"] == "granted":
        readings = sorted(evidence.record["readings"], key=_tightness)[:_TIGHTEST]
        told = (_reading(evidence, one) for one in readings)
        parts.append(tell("limits: all hold however the orders fill; the tightest after this decision", *told))
    if verdict.get("binding"):
        told = (_reading(evidence, one) for one in verdict["binding"])
        more = "one unit more of the basket" if "basket" in verdict else "one lot more"
        parts.append(tell(f"limits: what {more} would break", *told))
    for core in verdict.get("cores", []):
        if core["limit"] in evidence.limit and evidence.limit[core["limit"]].spec.form in NUMERIC:
            parts.append(_core(evidence, verdict, core))
    return parts


def _core(evidence: Evidence, verdict: Json, core: Json) -> Telling:
    limit = evidence.limit[core["limit"]]
    own = [one for one in verdict.get("crowding", []) if one[0] == core["constraint"] and one[1] in core["grants"]]
    shares = [tell(f"{name} takes {_of_nav(evidence, part)} of it") for _, name, part in own]
    stood = next((one for one in evidence.record["readings"] if one["measure"] == core["constraint"]), None)
    if limit.spec.form == "convex":
        shares = convex.crowding(evidence.portfolio, limit, _share(evidence, limit), own, stood)
    elif stood is not None and limit.unit == "NAV" and core["grants"]:
        before = f"{_of_nav(evidence, stood['base'])} stood before this decision's entries"
        most = f"{_money(evidence, stood['bound'])}{_written(evidence, limit)}"
        shares = [tell(f"{before}, of at most {most}"), *shares]
    crowd = f" beside {', '.join(core['grants'])}" if core["grants"] else ""
    least = "one unit of the basket" if "basket" in verdict else "one lot"
    return tell(
        f"limits: not even {least} fits {core['constraint']}{crowd}: {limit.spec.meaning} [layer {limit.layer}]",
        *shares,
    )


def _reading(evidence: Evidence, one: Json) -> Telling:
    limit = evidence.limit[one["limit"]]
    bound = max(Fraction(one["bound"]), Fraction(one["base"]))
    figures = f"{_of_nav(evidence, one['value'])} of at most {_money(evidence, bound)}{_written(evidence, limit)}"
    if limit.spec.form == "convex":
        figures = convex.figures(evidence.portfolio, limit, _share(evidence, limit), one)
    elif limit.unit not in ("NAV", "least gross"):
        figures = f"{amount(one['value'])} of at most {amount(bound)}"
    elif Fraction(one["value"]) > bound:
        figures += f", {amount(Fraction(one['value']) - bound, 2)} {evidence.portfolio.currency} too much"
    return tell(f"{one['measure']}: {limit.spec.meaning}: {figures} [layer {limit.layer}, {limit.owner}]")


def _written(evidence: Evidence, limit: Limit) -> str:
    """The bound as the file has it: a share of the NAV that is left after the worst slippage and fees."""
    if limit.unit != "NAV":
        return ""
    return f" ({percent(_share(evidence, limit))} of NAV after the worst costs)"


def _share(evidence: Evidence, limit: Limit) -> Fraction:
    """The bound in the regime."""
    return limit.bound * (evidence.limits.multiplier(evidence.record["regime"]) if limit.regime else 1)


def _money(evidence: Evidence, value: str | Fraction) -> str:
    return f"{amount(value, 0)} {evidence.portfolio.currency}"


def _tightness(one: Json) -> tuple[Fraction, str]:
    if "corner" in one:
        return -convex.tightness(one), one["measure"]
    bound = max(Fraction(one["bound"]), Fraction(one["base"]))
    used = Fraction(one["value"]) / bound if bound > 0 else Fraction(1)
    return -used, one["measure"]


def _of_nav(evidence: Evidence, value: str | Fraction) -> str:
    nav = Fraction(evidence.portfolio.nav)
    money = _money(evidence, value)
    return f"{percent(Fraction(value) / nav)} of NAV ({money})" if nav > 0 else money


def _solver(evidence: Evidence, verdict: Json) -> list[Telling]:
    proof = evidence.record.get("proof")
    if proof is None:
        return []
    parts = [tell(sentence) for sentence in proof.get("sentences", {}).get(verdict["instrument"], [])]
    agrees = "agrees" if proof["fault"] is None else f"does not agree: {proof['fault']}"
    return [tell(f"Z3, from an encoding of its own, {agrees}", *parts)]


def _circumstances(evidence: Evidence) -> Telling:
    record, portfolio = evidence.record, evidence.portfolio
    multiplier = evidence.limits.multiplier(record["regime"])
    nav = Decimal(portfolio.nav)
    parts = [
        tell(f"regime {record['regime']}, risk multiplier {amount(multiplier)}", *_fact(evidence, "regime()", 0)),
        tell(f"NAV {amount(nav, 2)} {portfolio.currency}, today {amount(portfolio.day_pnl, 2)}"),
    ]
    parts += [
        tell(f"holds {amount(abs(held.quantity))} {held.instrument} {'long' if held.quantity > 0 else 'short'}")
        for held in portfolio.positions
    ]
    parts += stress(record, Fraction(nav), portfolio.currency)
    parts += tail_loss(portfolio, evidence.market)
    return tell(f"trading state {record['trading_state']}", *parts)
