"""Policies and conditions, told: the proof, or the goal at which it failed; each condition with value and bound."""

from __future__ import annotations

from fractions import Fraction

from engine.telling import tokens as say
from engine.telling.evidence import Evidence
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.prolog.proof import ProofNode
from knowledge.values import Json

_NEAR = Fraction(4, 5)
"""A condition whose value has come so close to its bound is told also where all conditions hold."""
_PLAIN = 2
"""Levels of a proof that a reader of the short form sees, where the candidate is permitted."""


def policies(verdict: Json) -> list[Telling]:
    """What the policies said, with the proof trees; none where they were not asked."""
    policy = verdict.get("policy")
    if policy is None:
        return []
    outcome = policy["outcome"]
    told = _PLAIN if outcome == "permitted" else 100
    proofs = [_proof(ProofNode.from_json(proof), told) for proof in policy["proofs"]]
    if policy["fault"]:
        proofs.append(tell(policy["fault"]))
    return [tell("policies: ", say.verdict(outcome), *proofs).named("policies")]


def _proof(node: ProofNode, told: int) -> Telling:
    # Of the clauses that failed, a reader wants the goal at which each failed; what held before it is in the record.
    failed = node.status in ("fails", "absent", "differs")
    children = [child for child in node.children if not failed or child.status != "holds"]
    place = say.policy(node.source, node.goal)
    found = tell(f"{node.sentence} [", place, "]", *(_proof(child, told - 1) for child in children))
    return found if told > 0 else found.as_detail()


def conditions(evidence: Evidence, verdict: Json) -> Telling:
    """Those that do not hold; where all do, all of them, and first of all those that nearly do not."""
    found = verdict.get("findings", [])
    failing = [one for one in found if not one["holds"]]
    if failing:
        head = f"conditions: {len(failing)} of {len(found)} do not hold"
        return tell(head, *(_finding(evidence, one) for one in failing)).named("conditions")
    parts = [
        told if _is_near(one) else told.as_detail() for one, told in ((one, _finding(evidence, one)) for one in found)
    ]
    return tell(f"conditions: all {len(found)} hold", *parts).named("conditions")


def _finding(evidence: Evidence, one: Json) -> Telling:
    """A condition: what was found, and the figures where there are any."""
    limit = evidence.limit.get(one["limit"])
    layer = f" [layer {limit.layer}, {limit.owner}]" if limit is not None else ""
    unit = limit.unit if limit is not None else ""
    figures: Phrase = ""
    if unit not in ("", "-") and one["bound"] != "0":
        value, bound = (say.number(one[name], unit, amount(one[name])) for name in ("value", "bound"))
        figures = (": ", value, " against ", bound, "" if unit == "NAV" else f" {unit}")
    mark: Phrase = "" if one["holds"] else (" ", say.verdict("does not hold"))
    named = say.limit(one["limit"], source=evidence.place(one["limit"]))
    return tell(named, mark, f": {one['detail']}", figures, layer)


def _is_near(one: Json) -> bool:
    try:
        value, bound = abs(Fraction(one["value"])), abs(Fraction(one["bound"]))
    except ValueError:
        return False
    return bound != 0 and value != 0 and min(value / bound, bound / value) >= _NEAR
