"""Which facts a program's conditions can match at all, by the symbols that their patterns ask for.

A pattern that names `adx-14` matches no other measure, so an indicator that no pattern of any rule names changes no
inference: it need not enter working memory. Whoever is in doubt is asked for: a pattern without a symbol takes every
fact of its template, and so does a template that some rule concludes, as a conclusion may be a fact known before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from knowledge.clips import tree
from knowledge.facts import Fact
from knowledge.templates import Template, Vocabulary


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts of one template that some pattern may match: those whose texts at `places` are among `words`.

    One pair for each set of slots that patterns name symbols in.
    """

    choices: tuple[tuple[tuple[int, ...], frozenset[tuple[str, ...]]], ...]

    def takes(self, fact: Fact) -> bool:
        """Whether some pattern may match the fact."""
        texts = fact.texts
        for places, words in self.choices:  # noqa: SIM110 - asked of every fact, and `any` takes twice as long
            if tuple([texts[place] for place in places]) in words:
                return True
        return False


EVERY = Asked((((), frozenset([()])),))
"""All facts of a template."""


def asked_of(program: tree.Program, words: Vocabulary, concluded: Iterable[str]) -> dict[str, Asked]:
    """What is asked for by template; what is not there is asked for by no rule."""
    found: dict[str, dict[tuple[int, ...], set[tuple[str, ...]]]] = {}
    for rule in program.rules:
        for pattern in patterns(rule.conditions):
            shape = words.templates.get(pattern.template)
            if shape is not None:
                places, choices = _symbols(pattern, shape)
                found.setdefault(pattern.template, {}).setdefault(places, set()).update(choices)
    asked = {name: Asked(tuple((at, frozenset(some)) for at, some in sets.items())) for name, sets in found.items()}
    return {**asked, **dict.fromkeys(concluded, EVERY)}


def patterns(conditions: Iterable[tree.Condition]) -> Iterator[tree.Pattern]:
    """The patterns of conditions, at any depth."""
    for condition in conditions:
        match condition:
            case tree.Pattern():
                yield condition
            case tree.Not():
                yield from patterns((condition.condition,))
            case tree.And() | tree.Or() | tree.Exists():
                yield from patterns(condition.conditions)
            case tree.Forall():
                yield from patterns((condition.first, *condition.conditions))


def _symbols(pattern: tree.Pattern, shape: Template) -> tuple[tuple[int, ...], Iterator[tuple[str, ...]]]:
    """The places of the slots that a pattern asks one of some symbols of, and those symbols."""
    order = list(shape.slots)
    asked: dict[int, set[str]] = {}
    for one in pattern.slots:
        slot = shape.slots.get(one.slot)
        if slot is None or slot.type != "symbol" or slot.many:
            continue
        choice = symbols_of(one.constraint)
        if choice is not None:
            place = order.index(one.slot)
            asked[place] = asked.get(place, choice) & choice
    places = tuple(sorted(asked))
    return places, product(*(sorted(asked[place]) for place in places))


def symbols_of(constraint: tree.Constraint) -> set[str] | None:
    """The symbols one of which a slot is asked for; None where it may be something else."""
    parts = constraint.parts if isinstance(constraint, tree.AllOf) else (constraint,)
    choices = [choice for part in parts if (choice := _choice(part))]
    return set.intersection(*choices) if choices else None


def _choice(constraint: tree.Constraint) -> set[str]:
    """The symbols one of which a constraint asks for; empty where it asks for something else."""
    match constraint:
        case tree.Value(term=tree.Literal(kind="symbol", value=word)):
            return {str(word)}
        case tree.AnyOf(parts=parts):
            found = [_choice(part) for part in parts]
            return set().union(*found) if all(found) else set()
        case _:
            return set()
