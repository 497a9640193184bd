"""What the texts of a desk name, and where: what hover, definitions, references and renaming have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["rule", "template", "slot", "measure", "variable", "predicate", "reason", "file"]
Role = Literal["definition", "conclusion", "use", "spoken"]
"""`spoken`: in the sentence of a rule, which stands before the conditions that bind its variables."""


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """Something with a name. Two mentions of the same thing name equal ones.

    `owner` is the template of a slot, the group of a measure, and of a variable the file and the number of its rule or
    clause. A predicate is called `name/arity`.
    """

    kind: Kind
    name: str
    owner: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """Where a text names something: the offsets `[start, end)` of the name alone, without quotes or question marks."""

    file: str
    start: int
    end: int
    of: Named
    role: Role = "use"


@dataclass(frozen=True, slots=True)
class Outlined:
    """A rule, a predicate, a case: its name, what it says, and the offsets of the whole and of its name."""

    kind: Literal["rule", "predicate", "case", "load"]
    name: str
    says: str
    start: int
    end: int
    name_start: int
    name_end: int
    owner: str = ""


def first_of_each(mentions: Iterable[Mention]) -> Iterator[Mention]:
    """The mentions; of each variable the first one that is not only spoken is its definition."""
    bound: set[Named] = set()
    for one in mentions:
        if one.of.kind == "variable" and one.role == "use" and one.of not in bound:
            bound.add(one.of)
            yield replace(one, role="definition")
        else:
            yield one
