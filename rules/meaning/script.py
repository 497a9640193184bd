"""Numbers, words and truth as SMT-LIB text, and the script they are declared in.

A number of a slot is a whole multiple of its quantum inside its range, so it is declared as a whole number of quanta. A
word is a whole number too: the words that are known stand in their order with room between them, so that `<` on the
numbers is the order of `str-compare`. Nothing here knows the solver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from knowledge.values import MOST_DIGITS

ROOM = 1_000
"""Unknown words that fit between two known ones."""
TRUE, FALSE = "true", "false"


class Untranslated(Exception):
    """A condition outside of the subset that is translated; the message says why."""


@dataclass(frozen=True, slots=True)
class Num:
    """A number: a term of sort Real, bounds and a step that divides all its values where these are known.

    `rough`: CLIPS computes it in binary64, so it may be off by a last digit.
    """

    text: str
    low: Fraction | None = None
    high: Fraction | None = None
    step: Fraction | None = None
    rough: bool = False

    @property
    def known(self) -> Fraction | None:
        """Its value, if it is a constant."""
        return self.low if self.low is not None and self.low == self.high else None


@dataclass(frozen=True, slots=True)
class Word:
    """A symbol or text: a term of sort Int, and the word where it is a constant (a text begins with a quote mark)."""

    text: str
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """A term of sort Bool."""

    text: str


Term = Num | Word | Truth


class Lexicon:
    """The known words in their order, each with its number."""

    def __init__(self, words: Iterable[str]) -> None:
        ordered = sorted(set(words))
        self._codes = {word: (place + 1) * ROOM for place, word in enumerate(ordered)}
        self._words = {code: word for word, code in self._codes.items()}
        self.last = (len(ordered) + 1) * ROOM
        """Beyond every known word."""

    def word(self, word: str) -> Word:
        """A known word as a term. Raises `KeyError`."""
        return Word(str(self._codes[word]), word)

    def spelled_out(self, word: str) -> Word:
        """Any word as a term: one that is not known gets a number beyond those that are."""
        code = self._codes.get(word)
        if code is None:
            code = self._codes[word] = -(len(self._codes) + 1)
        return Word(whole(code), word)

    def spelled(self, code: int) -> str | None:
        """The known word with this number."""
        return self._words.get(code)


@dataclass
class Script:
    """Declarations and assertions, in order; names are given out by counting, so the same questions give one text."""

    lines: list[str] = field(default_factory=list)
    count: int = 0
    numbers: dict[str, tuple[str, Fraction]] = field(default_factory=dict)
    """What a number of a slot is counted by, and in which steps."""

    def name(self, kind: str) -> str:
        """A name that is not taken."""
        self.count += 1
        return f"{kind}{self.count}"

    def declare(self, kind: str, sort: str) -> str:
        """A free constant."""
        name = self.name(kind)
        self.lines.append(f"(declare-const {name} {sort})")
        return name

    def say(self, text: str) -> None:
        """Assert."""
        if text != TRUE:
            self.lines.append(f"(assert {text})")

    def number(self, low: Decimal | None, high: Decimal | None, quantum: Decimal) -> Num:
        """A number of a slot, free inside its range. No fact's number has more digits than the door admits."""
        step = Fraction(quantum)
        widest = Fraction(10**MOST_DIGITS - 1) * min(step, Fraction(1))
        least = -widest if low is None else max(Fraction(low), -widest)
        most = widest if high is None else min(Fraction(high), widest)
        name = self.declare("n", "Int")
        self.say(f"(<= {whole(-(-least // step))} {name} {whole(most // step)})")
        text = f"(to_real {name})" if step == 1 else f"(* {real(step)} (to_real {name}))"
        self.numbers[text] = name, step
        return Num(text, least, most, step)


def real(value: Fraction | Decimal | int) -> str:
    """A number as SMT-LIB text of sort Real."""
    number = Fraction(value)
    size = f"{abs(number.numerator)}.0"
    if number.denominator != 1:
        size = f"(/ {size} {number.denominator}.0)"
    return f"(- {size})" if number < 0 else size


def whole(value: int) -> str:
    """A number as SMT-LIB text of sort Int."""
    return f"(- {-value})" if value < 0 else str(value)


def constant(value: Fraction | Decimal | int) -> Num:
    """A number that is written in a rule."""
    number = Fraction(value)
    return Num(real(number), number, number, abs(number) or None)


def both(parts: Iterable[str]) -> str:
    """Their conjunction."""
    found = [one for one in dict.fromkeys(parts) if one != TRUE]
    if FALSE in found:
        return FALSE
    return TRUE if not found else found[0] if len(found) == 1 else f"(and {' '.join(found)})"


def either(parts: Iterable[str]) -> str:
    """Their disjunction."""
    found = [one for one in dict.fromkeys(parts) if one != FALSE]
    if TRUE in found:
        return TRUE
    return FALSE if not found else found[0] if len(found) == 1 else f"(or {' '.join(found)})"


def negated(text: str) -> str:
    """Its opposite."""
    return FALSE if text == TRUE else TRUE if text == FALSE else f"(not {text})"


def implied(when: str, then: str) -> str:
    """That one follows from the other."""
    if TRUE in (when, then):
        return then
    return TRUE if when == FALSE else negated(when) if then == FALSE else f"(=> {when} {then})"


def equal(one: Term, other: Term) -> str:
    """That two terms are of one kind and one value."""
    if type(one) is not type(other):
        return FALSE
    known = [None if isinstance(each, Truth) else each.known for each in (one, other)]
    if None not in known:
        return TRUE if known[0] == known[1] else FALSE
    return TRUE if one.text == other.text else f"(= {one.text} {other.text})"
