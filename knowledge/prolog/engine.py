"""The one way to SWI-Prolog: a question as text, its answer as JSON.

Rules: Prolog is loaded on the first question, not on import (the library aborts the whole process where its home is
missing, see `knowledge.prolog.check.probe`); one thread owns it; each question is one query, drained at once;
nothing but text crosses the border, because pyswip returns strings as bytes and raises on big integers and rationals.
Left out: any Python predicate. What raises in Python answers nothing in Prolog, and nothing looks like "not forbidden".
"""

from __future__ import annotations

import re
import threading
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from knowledge.values import Json, parse

if TYPE_CHECKING:
    from pyswip import Prolog

PARTS = ("asking", "reading", "judging")
"""The Prolog text that ships with this package, in the order in which it is loaded."""


class PrologFault(Exception):
    """Prolog could not answer; the message is a sentence for the record."""


def ask(question: str) -> Json:
    """Put one question (the text of a goal without its last argument) and read the answer. Raises `PrologFault`."""
    return ask_written(written(question))


def ask_written(question: str) -> Json:
    """The same for a question that is `written` already."""
    prolog = _prolog()
    if threading.get_ident() != _owner():
        raise PrologFault("prolog belongs to the thread that loaded it; this question came from another one")
    try:
        rows = list(prolog.query(f'warrant_asking:ask("{question}", Answer)', maxresult=1))
    except Exception as error:  # pyswip raises classes of its own, ctypes others: each is the fault
        raise PrologFault(f"prolog could not be asked: {_first_line(error)}") from error
    if not rows:
        raise PrologFault("prolog gave no answer")
    try:
        kind, value = parse(rows[0]["Answer"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PrologFault(f"prolog's answer could not be read: {_first_line(error)}") from error
    if kind != "answer":
        raise PrologFault(f"prolog raised `{value}`")
    return value


def quoted(text: str, mark: str = "'") -> str:
    """A text between quotation marks, so that Prolog reads back the very same characters."""
    return mark + written(text) + mark


def written(text: str) -> str:
    """A text as it stands between quotation marks."""
    return _AWKWARD.sub(lambda found: f"\\x{ord(found[0]):x}\\", text)


def term(value: Decimal | Fraction | int) -> str:
    """A number in Prolog's exact syntax: whole numbers as digits, others as rationals (`25r2`)."""
    if type(value) is int:
        return str(value)
    above, below = value.as_integer_ratio()
    return str(above) if below == 1 else f"{above}r{below}"


_AWKWARD = re.compile(r"[^ !#-&(-\[\]-~\u00a1-\u02ff]")
"""What is written as an escape: quotation marks, the backslash, white space but the blank, and all rarer characters."""


@cache
def _prolog() -> type[Prolog]:
    """Load SWI-Prolog and the package's own text into it, once a process."""
    try:
        from pyswip import Prolog  # the import itself starts Prolog
    except Exception as error:  # a missing library raises several classes; the reason goes on
        raise PrologFault(f"swi-prolog could not be loaded: {_first_line(error)}") from error
    _owner()
    loaded: type[Prolog] = Prolog
    for part in PARTS:
        _load(loaded, part)
    return loaded


@cache
def load_crossing() -> None:
    """Load what only a look at policy text needs: it takes time that a worker does not have to spend."""
    _load(_prolog(), "crossing")


def _load(prolog: type[Prolog], part: str) -> None:
    text = resources.files(__package__).joinpath(f"{part}.pl").read_text(encoding="utf-8")
    load = (
        f"setup_call_cleanup(open_string({quoted(text, chr(34))}, S), "
        f"load_files(warrant_{part}, [stream(S), silent(true)]), close(S))"
    )
    if not list(prolog.query(load, maxresult=1)):
        raise PrologFault(f"the prolog text `{part}.pl` could not be loaded")


@cache
def _owner() -> int:
    return threading.get_ident()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:300] or type(error).__name__
