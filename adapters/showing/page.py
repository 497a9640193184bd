"""The page of a rulebook: every rule and policy with its sentence first, its neighbours next and its source last.

One file that needs nothing else, with the same bytes for the same rulebook. What the words of the vocabulary mean
stands at its end. Left out: what the rules did on a day (`warrant explain`), and how well cases cover them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from adapters.showing.graph import picture
from knowledge.clips.asked import patterns
from knowledge.clips.tree import VARIABLE, AllOf, AnyOf, Constraint, Literal, Rule, Value
from knowledge.prolog.lint import sentences_of
from knowledge.prolog.text import Clause, PolicyText, Sentence
from knowledge.templates import Measure, Template, Vocabulary
from rules.cases import Case
from rules.feeding import Fed, Feeding, feeding_of
from rules.rulebook import Rulebook

TEMPLATES = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True, slots=True)
class RuleCard:
    """What the page says of one rule."""

    rule: Rule
    fed: Fed
    feeders: tuple[str, ...]
    fed_by: tuple[str, ...]
    cases: tuple[str, ...]
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """What the page says of a reason to forbid, or of a predicate such reasons rest on."""

    name: str
    sentence: str
    clauses: tuple[str, ...]
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The rules, or the policies, of one file; `about` is the comment at its top."""

    file: str
    about: str
    rules: tuple[RuleCard, ...] = ()
    policies: tuple[PolicyCard, ...] = ()


def page(rulebook: Rulebook, policies: PolicyText, cases: Sequence[Case], words: Vocabulary) -> str:
    """The HTML text."""
    feeding = feeding_of(rulebook.program)
    shown = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    shown.trim_blocks = shown.lstrip_blocks = True
    shown.filters["sentence"] = _variables
    shown.filters["slots"] = _slots
    asked = [name for name in feeding.template_columns if name in words.templates]
    policy_parts = _policy_parts(rulebook, policies, cases, words)
    return shown.get_template("rulebook.html.j2").render(
        fingerprint=rulebook.fingerprint,
        owners=sorted({rule.owner for rule in rulebook.program.rules}),
        rules=len(rulebook.program.rules),
        reasons=len({card.name for part in policy_parts for card in part.policies if "/" not in card.name}),
        parts=_rule_parts(rulebook, feeding, cases, words),
        policy_parts=policy_parts,
        templates=[(words.templates[name], _users(feeding, name)) for name in sorted(asked)],
        graph=Markup(picture(feeding)),  # noqa: S704 - every name in it is escaped there
    )


def _rule_parts(rulebook: Rulebook, feeding: Feeding, cases: Iterable[Case], words: Vocabulary) -> list[Part]:
    """The rules by file, in the order in which the files are read."""
    listed = _cases_by_subject(cases)
    fed = {one.rule: one for one in feeding.rules}
    texts = dict(rulebook.rules)
    parts = []
    for file, rules in groupby(rulebook.program.rules, key=lambda rule: rule.file):
        cards = tuple(
            RuleCard(
                rule,
                fed[rule.name],
                feeding.feeders(fed[rule.name]),
                feeding.fed_by(fed[rule.name]),
                listed.get(rule.name, ()),
                tuple(_measures(rule, words)),
            )
            for rule in rules
        )
        parts.append(Part(file, _comment(texts[file], ";"), cards))
    return parts


def _policy_parts(rulebook: Rulebook, policies: PolicyText, cases: Iterable[Case], words: Vocabulary) -> list[Part]:
    """The reasons to forbid and the predicates they rest on, by file."""
    said = sentences_of(policies, words)
    listed = _cases_by_subject(cases)
    parts = []
    for source in rulebook.policies:
        found: dict[str, list[Clause]] = {}
        for clause in policies.clauses:
            if clause.file.name == source.file:
                found.setdefault(_name(clause), []).append(clause)
        cards = tuple(
            PolicyCard(
                name,
                _spoken(said.get(clauses[0].head.name)) if "/" in name else "",
                tuple(clause.file.text[clause.tree.start : clause.tree.end] + "." for clause in clauses),
                listed.get(name, ()),
            )
            for name, clauses in found.items()
        )
        parts.append(Part(source.file, _comment(source.text, "%"), (), cards))
    return parts


def _name(clause: Clause) -> str:
    """The reason that a clause of `forbidden/2` gives, else its predicate: `earnings_soon/1`."""
    name, arity = clause.head.name
    if (name, arity) == ("forbidden", 2) and clause.head.args[1].kind == "atom":
        return clause.head.args[1].value
    return f"{name}/{arity}"


def _cases_by_subject(cases: Iterable[Case]) -> dict[str, tuple[str, ...]]:
    listed: dict[str, tuple[str, ...]] = {}
    for case in cases:
        listed[case.about] = (*listed.get(case.about, ()), case.name)
    return listed


def _comment(text: str, mark: str) -> str:
    """The comment that a file opens with, as one paragraph."""
    lines = []
    for line in text.splitlines():
        if not line.startswith(mark):
            break
        lines.append(line.lstrip(mark).strip())
    return " ".join(filter(None, lines))


def _measures(rule: Rule, words: Vocabulary) -> list[Measure]:
    """The measures that the patterns of a rule name, each once."""
    found: dict[str, Measure] = {}
    for pattern in patterns(rule.conditions):
        shape = words.templates[pattern.template]
        for test in pattern.slots:
            if shape.slots[test.slot].measures:
                for word in _symbols(test.constraint):
                    if measure := words.measure(pattern.template, word):
                        found[word] = measure
    return list(found.values())


def _symbols(constraint: Constraint) -> list[str]:
    match constraint:
        case Value(term=Literal(kind="symbol", value=word)):
            return [str(word)]
        case AllOf() | AnyOf():
            return [word for part in constraint.parts for word in _symbols(part)]
        case _:
            return []


def _users(feeding: Feeding, template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules that conclude a template, and those that ask about it."""
    concluding = tuple(fed.rule for fed in feeding.rules if template in fed.concludes)
    return concluding, tuple(fed.rule for fed in feeding.rules if template in fed.asks)


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")


def _spoken(sentence: Sentence | None) -> str:
    """A declared sentence, with each parameter as `?name`, as rules write theirs."""
    if sentence is None:
        return ""
    pieces = list(sentence.pieces)
    pieces[1::2] = [f"?{_HUMP.sub('-', name).strip('-').lower()}" for name in pieces[1::2]]
    return "".join(pieces)


def _variables(sentence: str) -> Markup:
    """A sentence with its variables set apart."""
    return Markup(VARIABLE.sub(lambda found: f"<var>{found[1]}</var>", str(escape(sentence))))  # noqa: S704 - escaped before


def _slots(shape: Template) -> list[str]:
    """The slots of a template in words: name, type or choices, unit, range."""
    lines = []
    for slot in shape.slots.values():
        kind = " | ".join(slot.allowed) or (f"one of the {slot.measures}" if slot.measures else slot.type)
        reach = f", {slot.low if slot.low is not None else '…'} to {slot.high}" if slot.high is not None else ""
        lines.append(f"{slot.name}: {kind}{f', {slot.unit}' if slot.unit else ''}{reach}")
    return lines
