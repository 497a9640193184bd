"""Z3 as a reader of SMT-LIB text: a script in, its answers out, strictly parsed.

A fresh context answers each script, so no answer depends on an earlier one. The budget is counted in Z3's resource
units and written in the script; what exceeds it is `unknown`. The wall clock is the worker's keeper's. Anything that is
not a well-formed answer raises `Nonsense`: there is no default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import z3

_TOKEN = re.compile(r'"[^"]*"|\|[^|]*\||[()]|[^\s()|"]+')
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


def answers(script: str) -> list[Answer]:
    """Run a script. Raises `Nonsense`."""
    context = z3.Context()
    return list(_read(z3.Z3_eval_smtlib2_string(context.ref(), script)))


def _read(output: str) -> Iterator[Answer]:
    trees = _parse(output)
    at = 0
    while at < len(trees):
        verdict = trees[at]
        if verdict not in ("sat", "unsat", "unknown"):
            raise Nonsense(f"the solver said `{_shown(verdict)}`")
        at += 1
        values: tuple[tuple[str, Fraction], ...] = ()
        if at < len(trees) and isinstance(trees[at], list):
            body = trees[at]
            if verdict == "sat":
                values = tuple(_pair(one) for one in body if one != ["true", "true"])
            elif not (isinstance(body, list) and body and body[0] == "error"):
                raise Nonsense(f"after `{verdict}` the solver said `{_shown(body)}`")
            at += 1
        yield Answer(str(verdict), values)


def _pair(tree: Tree) -> tuple[str, Fraction]:
    if not (isinstance(tree, list) and len(tree) == 2 and isinstance(tree[0], str)):
        raise Nonsense(f"`{_shown(tree)}` is no value")
    return tree[0], _number(tree[1])


def _number(tree: Tree) -> Fraction:
    match tree:
        case str(digits) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", digits):
            return Fraction(digits)
        case ["-", inner]:
            return -_number(inner)
        case ["/", above, below]:
            return _number(above) / _number(below)
    raise Nonsense(f"`{_shown(tree)}` is no number")


def _parse(text: str) -> list[Tree]:
    stack: list[list[Tree]] = [[]]
    for token in _TOKEN.findall(text):
        if token == "(":
            stack.append([])
        elif token == ")":
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
    return (tree if isinstance(tree, str) else f"({' '.join(_shown(one) for one in tree)})")[:200]
