"""Findings about meaning in words, each at its place, with the facts that show it as the text of a facts file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from knowledge.clips import tree
from knowledge.facts import Fact, ordered
from knowledge.facts_file import written
from rules.findings import Finding
from rules.lints.catalogue import LINTS
from rules.meaning.ground import parts_of, walk
from rules.meaning.scene import Atom


def told(
    code: str,
    rule: tree.Rule,
    at: tree.Node | None,
    sentence: str,
    advice: str = "",
    facts: Sequence[Fact] | None = None,
) -> Finding:
    """A finding about a rule: at one of its nodes, or at its name."""
    where = rule.name_at if at is None else at.at
    inside = rule.text[where.start - rule.at.start : where.end - rule.at.start]
    breaks = inside.count("\n")
    column = len(inside) - inside.rfind("\n") if breaks else where.column + len(inside)
    witness = None if facts is None else written(ordered(facts), f"{code} {rule.name}: {sentence}")
    lint = LINTS[code]
    return Finding(
        code, lint.severity, rule.file, where.line, where.column, where.line + breaks, column, rule.name,
        sentence, advice, None, witness,
    )  # fmt: skip


def conditions_in_words(rule: tree.Rule, atoms: Iterable[Atom]) -> str:
    """Conditions as the rule writes them, with their lines."""
    tests = [one for one in walk(rule.conditions) if isinstance(one, tree.SlotTest)]
    said = dict.fromkeys(f"`{_words(rule, one.at, tests)}` (line {one.at.at.line})" for one in atoms)
    return listed(list(said))


def _words(rule: tree.Rule, node: tree.Node, tests: Sequence[tree.SlotTest]) -> str:
    """A node as it is written; what is asked of a slot with the name of the slot."""
    slot = next((one.slot for one in tests if any(part is node for part in parts_of(one.constraint))), None)
    words = " ".join(rule.words(node).split()).removeprefix(":")
    return words if slot is None or isinstance(node, tree.Predicate) else f"{slot} {words}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
