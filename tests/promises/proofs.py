"""A stranger's reading of a policy proof: no Prolog, only the nodes, the facts they name and their comparisons.

A node that holds rests on children that all hold; a goal that fails shows one that does not; `\\+` turns the goal below
it round; a fact is in the snapshot as it is written, or no fact fits; a comparison is worked out again. Which clauses
the policy text has is not asked: that text is in the record by its fingerprint, and a replay reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from knowledge.facts import Fact, Snapshot, value_text
from knowledge.prolog.proof import ProofNode

_COMPARISON = re.compile(r"(\S+) (=<|<|>=|>|=:=|=\\=|==|\\==|@=<|@<|@>=|@>) (\S+)\Z")
_FACT = re.compile(r"(\w+)\((.*)\)\Z")
FAILED = ("fails", "absent", "differs")


def complaints(root: ProofNode, snapshot: Snapshot) -> list[str]:
    """What does not hold in a proof."""
    return [one for node in root.walk() for one in _wrong(node, snapshot)]


def _wrong(node: ProofNode, snapshot: Snapshot) -> Iterator[str]:
    negated = node.goal.startswith("\\+ ")
    comparison = _COMPARISON.match(node.goal)
    if node.source == "snapshot":
        if node.status != "holds" or not _known(node.goal, snapshot):
            yield f"{node.goal}: no fact of the snapshot says so"
    elif node.status == "absent" and _known(node.goal, snapshot):
        yield f"{node.goal}: a fact of the snapshot says so"
    elif comparison and not node.children:
        if _compared(*comparison.groups()) is not (node.status == "holds"):
            yield f"{node.goal}: worked out again, it {'fails' if node.status == 'holds' else 'holds'}"
    elif negated:
        found = [child.status == "holds" for child in node.children]
        if node.children and any(found) is (node.status == "holds"):
            yield f"{node.goal}: what stands below says otherwise"
    elif node.children:
        whole = all(child.status == "holds" for child in node.children)
        if node.status == "holds" and not whole:
            yield f"{node.goal}: it rests on something that does not hold"
        if node.status == "fails" and whole and not _alternatives(node):
            yield f"{node.goal}: everything below it holds"


def _alternatives(node: ProofNode) -> bool:
    """Whether the children are the clauses that were tried, not the goals of one."""
    return all(child.goal == node.goal for child in node.children)


def _known(goal: str, snapshot: Snapshot) -> bool:
    name, written = _FACT.match(goal).groups()  # type: ignore[union-attr]
    wanted = [part.strip().strip("'") for part in written.split(", ")]
    return any(_fits(fact, wanted) for fact in snapshot.all(name.replace("_", "-")))


def _fits(fact: Fact, wanted: list[str]) -> bool:
    said = [value_text(value) for _, value in fact.slots]
    return len(said) == len(wanted) and all(
        part in ("_", own) or _same(part, own) for part, own in zip(wanted, said, strict=True)
    )


def _same(written: str, own: str) -> bool:
    try:
        return _number(written) == Fraction(own)
    except ValueError:
        return False


def _number(written: str) -> Fraction:
    """A number in Prolog's syntax: `17r20` is 17/20."""
    return Fraction(written.replace("r", "/"))


def _compared(left: str, operator: str, right: str) -> bool:
    if operator in ("==", "\\=="):
        return (left == right) is (operator == "==")
    if operator.startswith("@"):
        a, b = left.strip("'"), right.strip("'")
        return {"@=<": a <= b, "@<": a < b, "@>=": a >= b, "@>": a > b}[operator]
    x, y = _number(left), _number(right)
    return {"=<": x <= y, "<": x < y, ">=": x >= y, ">": x > y, "=:=": x == y, "=\\=": x != y}[operator]
