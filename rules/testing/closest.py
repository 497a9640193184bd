"""What came nearest to what a case expects, in sentences: for the person whose case fails.

A missing conclusion is told by the conclusion of its template that agrees in most slots, and by the rule's first
failing condition (`rules.nearest`); one that should not be there by the rule or the clauses behind it. Left out: what
would have to change besides; the first thing is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.facts import Fact, value_text
from knowledge.prolog.proof import PolicyVerdict, ProofNode
from rules.cases import Case, Wanted
from rules.matching import bindings, sentence
from rules.miss import Miss
from rules.nearest import miss_of
from rules.rulebook import Rulebook
from rules.testing.bench import Outcome

MOST_LINES = 6
"""Lines of a proof that are told."""
MOST_BEHIND = 3
"""How far back a missing fact is followed."""


def to_missing(case: Case, wanted: Wanted, outcome: Outcome, rulebook: Rulebook) -> tuple[str, ...]:
    """What came nearest to a conclusion that is missing."""
    if wanted.is_judged:
        return tuple(_judged(wanted, outcome))
    words = list(_alike(wanted, outcome))
    symbols = {name: value for name, value in wanted.slots.items() if name != "rule"}
    rule = _rule_for(case, wanted, rulebook)
    if rule is not None:
        words += _missed(miss_of(rulebook.program, outcome.memory, rule, symbols))
    return tuple(words)


def to_silence(case: Case, outcome: Outcome, rulebook: Rulebook, spoke: bool) -> tuple[str, ...]:
    """Why a rule or policy spoke, or did not."""
    if case.kind == "policy":
        wanted = Wanted("forbidden", {"reason": case.about}, case.line, case.column)
        verdicts = [one for one in outcome.verdicts or () if case.about in one.reasons]
        return tuple(_proof(verdicts[0], case.about)) if spoke and verdicts else tuple(_judged(wanted, outcome))
    if spoke:
        return tuple(_firings(case.about, outcome, rulebook))
    return tuple(_missed(miss_of(rulebook.program, outcome.memory, case.about)))


def behind(one: Fact | PolicyVerdict, outcome: Outcome, rulebook: Rulebook, unwanted: Wanted) -> tuple[str, ...]:
    """Who concluded something."""
    if isinstance(one, PolicyVerdict):
        return tuple(_proof(one, unwanted.slots.get("reason")))
    rules = [firing.rule for firing in outcome.inference.firings if one.ref in firing.concluded]
    return tuple(line for rule in dict.fromkeys(rules) for line in _firings(rule, outcome, rulebook, one.ref))


def _rule_for(case: Case, wanted: Wanted, rulebook: Rulebook) -> str | None:
    """The rule that should have concluded it: the one named, the file's own, or the only one that can."""
    if "rule" in wanted.slots:
        return wanted.slots["rule"]
    able = [
        rule.name
        for rule in rulebook.program.rules
        if any(one.template == wanted.template for action in rule.actions for one in getattr(action, "assertions", ()))
    ]
    if case.about in able:
        return case.about
    return able[0] if len(able) == 1 else None


def _alike(wanted: Wanted, outcome: Outcome) -> Iterator[str]:
    """The conclusion of this template that agrees in most slots."""
    found = [fact for fact in outcome.inference.derived if fact.template == wanted.template]
    if not found:
        return

    def odd(fact: Fact) -> list[str]:
        return [name for name, value in wanted.slots.items() if value_text(fact[name]) != value]

    nearest = min(found, key=lambda fact: (len(odd(fact)), fact.ref))
    differs = "; ".join(f"{name} is {value_text(nearest[name])}, not {wanted.slots[name]}" for name in odd(nearest))
    yield f"`{nearest.ref}` was concluded: {differs}"


def _missed(miss: Miss | None) -> Iterator[str]:
    depth = 0
    while miss is not None and depth < MOST_BEHIND:
        yield f"{'because ' if depth else ''}{miss.sentence}"
        miss, depth = miss.because, depth + 1


def _firings(name: str, outcome: Outcome, rulebook: Rulebook, concluded: str | None = None) -> Iterator[str]:
    """The sentence of each firing of a rule."""
    rule = next(one for one in rulebook.program.rules if one.name == name)
    known = {fact.ref: fact for fact in outcome.memory}
    for firing in outcome.inference.firings:
        if firing.rule == name and (concluded is None or concluded in firing.concluded):
            matched = [None if ref is None else known[ref] for ref in firing.matched]
            yield f"{name} fired: {sentence(rule, bindings(rule, matched))}"


def _judged(wanted: Wanted, outcome: Outcome) -> Iterator[str]:
    """What the policies said in place of it."""
    about = {name: wanted.slots[name] for name in ("instrument", "side") if name in wanted.slots}
    found = [
        one
        for one in outcome.verdicts or ()
        if all({"instrument": one.instrument, "side": one.side}[name] == value for name, value in about.items())
    ]
    if not found:
        whose = f" of {' '.join(about.values())}" if about else ""
        yield f"there is no candidate{whose} to judge: none is given, and the rules proposed none"
    for verdict in found:
        reasons = f": {', '.join(verdict.reasons)}" if verdict.reasons else ""
        yield f"{verdict.instrument} {verdict.side} is {verdict.outcome}{reasons}"
        yield from _proof(verdict, wanted.slots.get("reason") if verdict.outcome == "permitted" else None)


def _proof(verdict: PolicyVerdict, reason: str | None) -> Iterator[str]:
    """Lines of a proof: of a verdict that forbids the reason's own, of a permission what speaks against the reason."""
    proofs = list(verdict.proofs)
    if reason is not None and verdict.outcome == "forbidden":
        proofs = [proof for proof, why in zip(proofs, verdict.reasons, strict=False) if why == reason]
    elif reason is not None:
        proofs = [node for proof in proofs for node in proof.walk() if _is_about(node, reason)]
    elif verdict.outcome == "permitted":
        return
    lines = [line for proof in proofs for line in _lines(proof, 0)]
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"… {len(lines) - MOST_LINES} lines more"


def _is_about(node: ProofNode, reason: str) -> bool:
    return node.goal.startswith("forbidden(") and node.goal.endswith((f", {reason})", f", '{reason}')"))


def _lines(node: ProofNode, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}{node.sentence}"
    for child in node.children:
        yield from _lines(child, depth + 1)
