"""Z3 as a reader of SMT-LIB text: a script in, its answers out, strictly parsed.

A fresh context answers each script, so no answer depends on an earlier one (a context that is reset finds another
filling each time). It may be made ahead (`prepare`), and is let go of behind the answer: both take time. The budget is
counted in Z3's resource units, for each question, and written in the script; what exceeds it is `unknown`. Z3 keeps the
budget of one script for all later contexts, so that one without is refused. The wall clock belongs to whoever keeps the
worker.

Anything that is not a well-formed answer raises `Nonsense`: there is no default. That matters, because Z3 goes on after
an error: a `push` that its budget cancelled is followed by an answer to another question than the one that was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from threading import Event

import z3

_TOKENS = re.compile(r'("[^"]*"|\|[^|]*\||[()]|[^\s()|"]+)|(\S)')
_NUMERAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_VERDICTS = ("sat", "unsat", "unknown")
_ahead: list[z3.Context] = []
"""A context that nobody has asked yet, if one was made ahead."""
_spent: list[z3.Context] = []
"""Of those that were made ahead, what has answered."""
Tree = str | list["Tree"]


class Nonsense(ValueError):
    """The solver said something that is no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`sat`, `unsat` or `unknown`; with `sat`, the values of the terms that were asked for."""

    verdict: str
    values: tuple[tuple[str, Fraction], ...] = ()


def version() -> str:
    """The solver's version."""
    return str(z3.get_version_string())


def prepare() -> None:
    """Have a context ready for the next script, and let go of the last one's, while nobody waits."""
    _spent.clear()
    if not _ahead:
        _ahead.append(z3.Context())


def answers(script: str, meanwhile: Callable[[], object] | None = None) -> list[Answer]:
    """Run a script; one answer for each `check-sat`. Raises `Nonsense`.

    `meanwhile` is called while the solver works, which holds no lock of Python's then. Neither sees the other, and both
    are waited for: the answers are what they are without it. What it raises is raised here.
    """
    if "(set-option :rlimit " not in script:
        raise Nonsense("the script sets no budget")
    # The context must outlive the call: only its bare pointer is passed, and a collected one crashes the process.
    if _ahead:
        context = _ahead.pop()
        _spent.append(context)
    else:
        context = z3.Context()
    begun = Event()

    def asked() -> str:
        begun.set()
        return str(z3.Z3_eval_smtlib2_string(context.ref(), script))

    try:
        if meanwhile is None:
            output = asked()
        else:
            with ThreadPoolExecutor(1) as beside:
                answer = beside.submit(asked)
                # Else the solver would wait for Python's lock, which is handed over every five milliseconds.
                begun.wait()
                meanwhile()
            output = answer.result()
    except z3.Z3Exception as error:
        said = _said(error)
        # The budget ran out, and what was asked of a model that does not exist is the error.
        spent = "unknown" in said.splitlines() or "push canceled" in said
        why = "it does not know within its budget" if spent else _shortened(said)
        raise Nonsense(f"the solver gave up: {why}") from None
    return list(_read(_parse(output)))


def _said(error: z3.Z3Exception) -> str:
    message = error.args[0] if error.args else "without a word"
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)


def _read(trees: list[Tree]) -> Iterator[Answer]:
    """Each verdict with the values that follow it."""
    at = 0
    while at < len(trees):
        verdict, after = trees[at], trees[at + 1] if at + 1 < len(trees) else ""
        if not isinstance(verdict, str) or verdict not in _VERDICTS:
            raise Nonsense(f"the solver said `{_shown(verdict)}`")
        at += 1
        values: tuple[tuple[str, Fraction], ...] = ()
        if isinstance(after, list):
            if verdict != "sat":
                raise Nonsense(f"after `{verdict}` the solver said `{_shown(after)}`")
            values = tuple(map(_pair, after))
            at += 1
        yield Answer(verdict, values)


def _pair(tree: Tree) -> tuple[str, Fraction]:
    if not (isinstance(tree, list) and len(tree) == 2 and isinstance(tree[0], str)):
        raise Nonsense(f"`{_shown(tree)}` is no value")
    return tree[0], _number(tree[1])


def _number(tree: Tree) -> Fraction:
    match tree:
        case str(digits) if digits.endswith(".0") and digits[:-2].isascii() and digits[:-2].isdecimal():
            # What the solver writes nearly always; a fraction of text takes ten times as long.
            return Fraction(int(digits[:-2]))
        case str(digits) if _NUMERAL.fullmatch(digits):
            return Fraction(digits)
        case ["-", inner]:
            return -_number(inner)
        case ["/", above, below] if (divisor := _number(below)) != 0:
            return Fraction(_number(above), divisor)
    raise Nonsense(f"`{_shown(tree)}` is no number")


def _parse(output: str) -> list[Tree]:
    stack: list[list[Tree]] = [[]]
    for token, unreadable in _TOKENS.findall(output):
        if unreadable:
            raise Nonsense(f"the solver's answer cannot be read at `{unreadable}`")
        if token == "(":  # noqa: S105 - a parenthesis, no password
            stack.append([])
        elif token == ")":  # noqa: S105
            if len(stack) == 1:
                raise Nonsense("the solver closed a parenthesis it had not opened")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise Nonsense("the solver's answer broke off")
    return stack[0]


def _shown(tree: Tree) -> str:
    return _shortened(tree if isinstance(tree, str) else f"({' '.join(_shown(one) for one in tree)})")


def _shortened(words: str) -> str:
    return words if len(words) <= 200 else f"{words[:200]}…"
