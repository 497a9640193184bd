"""What came nearest to what a case expects, in sentences: for the person whose case fails.

A missing conclusion is told by the conclusion of its template that agrees in most slots, and by the rule's first
failing condition (`rules.nearest`); one that should not be there by the rule or the clauses behind it. Left out: what
would have to change besides; the first thing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from knowledge.facts import Fact, value_text
from knowledge.prolog.proof import PolicyVerdict, ProofNode
from rules.cases import Case, Wanted
from rules.matching import bindings, sentence
from rules.miss import Miss
from rules.nearest import miss_of
from rules.testing.bench import Bench, Outcome, seen_by_policies

MOST_LINES = 6
"""Lines of a proof that are told."""
MOST_BEHIND = 3
"""How far back a missing fact is followed."""


def to_missing(case: Case, wanted: Wanted, outcome: Outcome, bench: Bench) -> tuple[str, ...]:
    """What came nearest to a conclusion that is missing."""
    if wanted.is_judged:
        return tuple(_judged(wanted, outcome, bench))
    words = list(_alike(wanted, outcome))
    symbols = {name: value for name, value in wanted.slots.items() if name != "rule"}
    rule = _rule_for(case, wanted, bench)
    if rule is not None:
        words += _missed(miss_of(bench.rulebook.program, outcome.memory, rule, symbols))
    return tuple(words)


def to_silence(case: Case, outcome: Outcome, bench: Bench, spoke: bool) -> tuple[str, ...]:
    """Why a rule or policy spoke, or did not."""
    if case.kind == "policy":
        wanted = Wanted("forbidden", {"reason": case.about}, case.line, case.column)
        verdicts = [one for one in outcome.verdicts or () if case.about in one.reasons]
        return tuple(_proof(verdicts[0], case.about)) if spoke and verdicts else tuple(_judged(wanted, outcome, bench))
    if spoke:
        return tuple(_firings(case.about, outcome, bench))
    return tuple(_missed(miss_of(bench.rulebook.program, outcome.memory, case.about)))


def behind(one: Fact | PolicyVerdict, outcome: Outcome, bench: Bench, unwanted: Wanted) -> tuple[str, ...]:
    """Who concluded something."""
    if isinstance(one, PolicyVerdict):
        return tuple(_proof(one, unwanted.slots.get("reason")))
    rules = [firing.rule for firing in outcome.inference.firings if one.ref in firing.concluded]
    return tuple(line for rule in dict.fromkeys(rules) for line in _firings(rule, outcome, bench, one.ref))


def _rule_for(case: Case, wanted: Wanted, bench: Bench) -> str | None:
    """The rule that should have concluded it: the one named, the file's own, or the only one that can."""
    if "rule" in wanted.slots:
        return wanted.slots["rule"]
    able = [
        rule.name
        for rule in bench.rulebook.program.rules
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


def _firings(name: str, outcome: Outcome, bench: Bench, concluded: str | None = None) -> Iterator[str]:
    """The sentence of each firing of a rule."""
    rule = next(one for one in bench.rulebook.program.rules if one.name == name)
    known = {fact.ref: fact for fact in outcome.memory}
    for firing in outcome.inference.firings:
        if firing.rule == name and (concluded is None or concluded in firing.concluded):
            matched = [None if ref is None else known[ref] for ref in firing.matched]
            yield f"{name} fired: {sentence(rule, bindings(rule, matched))}"


def _judged(wanted: Wanted, outcome: Outcome, bench: Bench) -> Iterator[str]:
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
        if wanted.template == "permitted":
            yield from _proof(verdict, None)
        elif "reason" in wanted.slots:
            yield from _against(verdict, wanted.slots["reason"], outcome, bench)


def about_reason(
    verdict: PolicyVerdict, candidate: Fact, reason: str, facts: Sequence[Fact], bench: Bench
) -> Iterator[str]:
    """Lines of the proof with which a reason forbids a candidate; where it does not, what speaks against that."""
    if reason in verdict.reasons:
        yield from _proof(verdict, reason)
        return
    nodes = bench.policies.against(facts, candidate, reason)
    yield from _cut(line for node in nodes for line in _lines(node, 0))


def _against(verdict: PolicyVerdict, reason: str, outcome: Outcome, bench: Bench) -> Iterator[str]:
    """Why a reason does not forbid a candidate."""
    key = (verdict.instrument, verdict.side)
    candidate = next(
        one for one in outcome.memory if one.template == "candidate" and key == (one["instrument"], one["side"])
    )
    yield from about_reason(verdict, candidate, reason, seen_by_policies(outcome.given), bench)


def _proof(verdict: PolicyVerdict, reason: str | None) -> Iterator[str]:
    """Lines of the proofs of what was said; of a reason, where one is named, its own."""
    proofs = [proof for proof, why in zip(verdict.proofs, verdict.reasons, strict=False) if reason in (None, why)]
    yield from _cut(line for proof in proofs for line in _lines(proof, 0))


def _cut(lines: Iterable[str]) -> Iterator[str]:
    """The first few lines, and how many more there are."""
    every = list(lines)
    yield from every[:MOST_LINES]
    if len(every) > MOST_LINES:
        yield f"… {len(every) - MOST_LINES} lines more"


def _lines(node: ProofNode, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}{node.sentence}"
    for child in node.children:
        yield from _lines(child, depth + 1)
