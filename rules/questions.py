"""Why nothing was concluded, asked of another process: the question as bytes, and its answer.

Both are functions of what they are given, so that it makes no difference who answers: `misses_of` an answer are what
`rules.nearest` says here. Facts go over as canonical text and come through the door again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from knowledge.clips import tree
from knowledge.columns import columns_of, facts_of
from knowledge.facts import Fact, Snapshot
from knowledge.values import canonical, parse
from rules.conditions import WorkingMemory
from rules.miss import Miss
from rules.nearest import nearest
from rules.plans import rules_of


def question(program: tree.Program, snapshot: Snapshot, others: Iterable[Fact], instruments: Sequence[str]) -> bytes:
    """Which rule came closest for each of these instruments? `others` are the facts beside the snapshot's, in order."""
    rules = rules_of(program)
    asked, facts = rules.templates, list[Fact]()
    for name in sorted(asked):
        if name in rules.named:
            place, words = rules.named[name]
            facts += [fact for fact in snapshot.all(name) if fact.texts[place] in words]
        else:
            facts += snapshot.all(name)
    facts += [one for one in others if one.template in asked]
    return b'{"facts":%b,"instruments":%b}' % (columns_of(facts).encode("utf-8"), canonical(list(instruments)))


def answer(program: tree.Program, asked: bytes) -> bytes:
    """The misses in the order of the instruments, null for none. Raises whatever goes wrong."""
    message = parse(asked)
    memory = WorkingMemory(facts_of(message["facts"]))
    found = [nearest(program, memory, name) for name in message["instruments"]]
    return canonical([None if miss is None else miss.to_json() for miss in found])


def misses_of(said: bytes, instruments: Sequence[str]) -> list[Miss | None]:
    """What an answer says. Raises `ValueError` where it is none to a question about so many instruments."""
    found = parse(said)
    if not isinstance(found, list) or len(found) != len(instruments):
        raise ValueError("this is no answer about these instruments")
    try:
        return [None if one is None else Miss.from_json(one) for one in found]
    except (KeyError, TypeError) as error:
        raise ValueError(f"this is no answer about a rule: {error}") from None
