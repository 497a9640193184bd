"""What a sentence of an explanation is made of: a run of tokens, each with its sort, what is shown, and what is meant.

A rendering may show a token as it likes; a program reads `value`, `unit` and `source` and never the shown text. What is
shown may be rounded for the eye; `value` of a number is exact (a decimal, or `n/d`).

Texts come from people (names of rules, sentences, reasons) and may hold anything: `visible` takes away what would act
on a terminal or turn a line around. What a rendering must escape beyond that is its own affair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from engine.telling.figures import amount, percent, short
from knowledge.values import text as exact_text


class Sort(StrEnum):
    """The closed list of what a token can be."""

    WORDS = "words"
    NUMBER = "number"
    INSTRUMENT = "instrument"
    RULE = "rule"
    LIMIT = "limit"
    POLICY = "policy"
    FACT = "fact"
    RECORD = "record"
    ORDER = "order"
    DIGEST = "digest"
    INSTANT = "instant"
    VERDICT = "verdict"
    PERSON = "person"
    CODE = "code"
    """What a person would type or find in a file, word for word: a command, a key of the settings."""


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a sentence.

    `value` is what is meant where that differs from what is shown: the exact number, the whole digest, the ref. `unit`
    belongs to a number; `source` is `file:line` of a rule or policy, or who owns a limit, where it is known.
    """

    sort: Sort
    text: str
    value: str = ""
    unit: str = ""
    source: str = ""


Run: TypeAlias = tuple[Token, ...]
"""One sentence."""
Phrase: TypeAlias = "str | Token | Sequence[Phrase]"
"""What a caller may write where a run is asked for: its pieces, one behind the other, with the spaces between them."""


def run(*pieces: Phrase) -> Run:
    """The pieces as one run; words beside words become one token, and nothing empty stays."""
    found: list[Token] = []
    for piece in _flat(pieces):
        if not piece.text:
            continue
        if found and found[-1].sort is piece.sort is Sort.WORDS:
            found[-1] = words(found[-1].text + piece.text)
        else:
            found.append(piece)
    return tuple(found)


def _flat(pieces: Iterable[Phrase]) -> Iterable[Token]:
    for piece in pieces:
        if isinstance(piece, Token):
            yield piece
        elif isinstance(piece, str):
            yield words(piece)
        else:
            yield from _flat(piece)


def plain(phrase: Phrase) -> str:
    """What is shown, without anything else."""
    return "".join([token.text for token in _flat((phrase,))])


def joined(pieces: Iterable[Phrase], comma: str = ", ", last: str | None = None) -> Run:
    """The pieces with `comma` between them, before the last one `last`: `a, b and c` for `" and "`."""
    given = list(pieces)
    found: list[Phrase] = []
    for at, piece in enumerate(given):
        if at:
            found.append(last if last is not None and at == len(given) - 1 else comma)
        found.append(piece)
    return run(found)


def listed(pieces: Iterable[Phrase]) -> Run:
    """`a`, `a and b`, `a, b and c`."""
    return joined(pieces, last=" and ")


# --- one constructor a sort -------------------------------------------------------------------------------------


def words(text: str) -> Token:
    """Plain words."""
    return Token(Sort.WORDS, text)


def number(value: str | Fraction | Decimal | int, unit: str = "", shown: str | None = None, places: int = 4) -> Token:
    """An exact number: shown rounded to `places` and with its unit behind it, or as `shown` says.

    A text that is no number (`unknown`) becomes words.
    """
    said = amount(value, places)
    if isinstance(value, str):
        if not _EXACT.match(value):
            return words(shown if shown is not None else said)
        exact = value
    else:
        exact = exact_text(value)
    return Token(Sort.NUMBER, shown if shown is not None else f"{said} {unit}".rstrip(), exact, unit)


_EXACT = re.compile(r"-?[0-9]+(\.[0-9]+|/[0-9]+)?\Z")


def share(value: str | Fraction | Decimal | int, unit: str = "fraction") -> Token:
    """A share, shown as a percentage with two decimals; the value stays the share."""
    exact = Fraction(value)
    return Token(Sort.NUMBER, percent(exact), exact_text(exact), unit)


def money(value: str | Fraction | Decimal | int, currency: str, places: int = 2) -> Token:
    """An amount of money."""
    return number(value, currency, places=places)


def price(value: str | Fraction | Decimal | int, currency: str) -> Token:
    """A price: two decimals, and up to two more where it has them."""
    said = amount(value, 4)
    whole, _, rest = said.partition(".")
    return number(value, currency, f"{whole}.{rest:<02} {currency}".rstrip())


def shares(value: str | Fraction | Decimal | int) -> Token:
    """A number of shares, `1 share`."""
    return number(value, "shares", f"{amount(value)} share{'' if Fraction(value) == 1 else 's'}")


def instrument(name: str) -> Token:
    """An instrument by its symbol."""
    return Token(Sort.INSTRUMENT, name)


def rule(name: str, source: str = "") -> Token:
    """A rule by its name; `source` is `file:line`."""
    return Token(Sort.RULE, name, source=source)


def limit(name: str, shown: str = "", source: str = "") -> Token:
    """A limit by its id, or a measure of it, as `portfolio.sector[technology]`; `source` says whose it is."""
    return Token(Sort.LIMIT, shown or name, name if shown and shown != name else "", source=source)


def policy(name: str, source: str = "") -> Token:
    """A policy's reason, or the goal at a place; `source` is `file:line`."""
    return Token(Sort.POLICY, name, source=source)


def fact(ref: str) -> Token:
    """A fact by its ref, `indicator(AAPL,rsi-14)`."""
    return Token(Sort.FACT, ref)


def record(record_id: str) -> Token:
    """A record of the log by its id."""
    return Token(Sort.RECORD, record_id)


def order(client_order_id: str) -> Token:
    """An order by its id."""
    return Token(Sort.ORDER, client_order_id)


def digest(name: str, whole: bool = False) -> Token:
    """A digest: its first digits, enough to compare, or all of it."""
    shown = name if whole else short(name)
    return Token(Sort.DIGEST, shown, "" if whole else name)


def instant(written: str, shown: str = "") -> Token:
    """An instant or a day, as the record writes it; `shown` may leave out what is understood."""
    return Token(Sort.INSTANT, shown or written, written if shown and shown != written else "")


def verdict(word: str) -> Token:
    """The outcome of a question: granted, cut, denied, permitted, forbidden, undetermined …"""
    return Token(Sort.VERDICT, word)


def person(name: str) -> Token:
    """Somebody by name."""
    return Token(Sort.PERSON, name)


def code(text: str) -> Token:
    """Something to type, or word for word out of a file."""
    return Token(Sort.CODE, text)


# --- hostile texts ----------------------------------------------------------------------------------------------

# Controls, what turns the direction of writing, what has no width, separators of lines, halves of characters, and
# characters for nobody.
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """The text with everything that cannot be seen written out, `\\x1b`; line feeds and tabs stay white space."""
    return _UNSEEN.sub(_written, text.replace("\r\n", "\n").replace("\t", " "))


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
