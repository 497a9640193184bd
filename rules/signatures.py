"""Which functions a rule may call, and the type of what they give.

The list is closed: arithmetic, comparison, logic. Each is computed exactly by `rules.arithmetic` too, so that an
explanation can say by how much a comparison failed. Types are those of the slots (`number`, `integer`, `symbol`,
`text`) and `truth`. A call that CLIPS would only refuse while a cycle runs, or would compute wrongly without a word
(whole numbers overflow), is refused here, when the rulebook loads. Functions that look at facts, write, or call Python
are not in the list: derivations are read from conditions, and only from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal as OneOf

from knowledge.clips.tree import Call, Expression, Literal, Node, Variable

Kind = OneOf["number", "integer", "symbol", "text", "truth"]
Complain = Callable[[Node, str, str], None]
"""Notes a fault at a node: the sentence, and its code."""

MANY = 30


@dataclass(frozen=True, slots=True)
class Signature:
    """How many arguments a function takes, of which kinds (all alike), and what it gives.

    `gives` None means: `integer` if all arguments are, else `number`.
    """

    least: int
    most: int
    takes: frozenset[Kind]
    gives: Kind | None


_NUMBERS: frozenset[Kind] = frozenset(("number", "integer"))
_WORDS: frozenset[Kind] = frozenset(("symbol", "text"))
_TRUTH: frozenset[Kind] = frozenset(("truth",))

SIGNATURES: Mapping[str, Signature] = {
    **{name: Signature(2, MANY, _NUMBERS, None) for name in ("+", "-", "*", "min", "max")},
    **{name: Signature(2, MANY, _NUMBERS, "truth") for name in ("<", "<=", ">", ">=", "=", "<>")},
    **{name: Signature(2, MANY, _NUMBERS | _WORDS, "truth") for name in ("eq", "neq")},
    **{name: Signature(1, MANY, _TRUTH, "truth") for name in ("and", "or")},
    "/": Signature(2, MANY, _NUMBERS, "number"),
    "abs": Signature(1, 1, _NUMBERS, None),
    "round": Signature(1, 1, _NUMBERS, "integer"),
    "integer": Signature(1, 1, _NUMBERS, "integer"),
    "float": Signature(1, 1, _NUMBERS, "number"),
    "not": Signature(1, 1, _TRUTH, "truth"),
    "str-compare": Signature(2, 2, _WORDS, "integer"),
    "sym-cat": Signature(2, MANY, _WORDS, "symbol"),
}
"""Every function a rule may call."""


def kind_of(expression: Expression, bound: Mapping[str, Kind | None], complain: Complain) -> Kind | None:
    """The kind of an expression's value, or None after a complaint. `bound` gives the kinds of the variables; a
    variable of kind None has been complained about already.
    """
    if isinstance(expression, Literal):
        return "number" if expression.kind == "float" else "text" if expression.kind == "string" else expression.kind
    if isinstance(expression, Variable):
        if expression.name not in bound:
            complain(expression, unbound(expression.name, bound), "R107")
        return bound.get(expression.name)
    return _kind_of_call(expression, bound, complain)


def unbound(name: str, bound: Mapping[str, object]) -> str:
    """The sentence about a variable that has no value."""
    return f"`?{name}` has no value here; bind it in a condition before this{meant(name, bound, '?')}"


def meant(word: str, declared: Mapping[str, object], sigil: str = "") -> str:
    """`; did you mean …?` where a declared word is close, else the list where it is short, else nothing."""
    close = get_close_matches(word, list(declared), n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{sigil}{close[0]}`?"
    if 0 < len(declared) <= 12:
        return "; it can be " + ", ".join(f"`{sigil}{one}`" for one in sorted(declared))
    return ""


def with_article(kind: Kind | None) -> str:
    """A kind with its article."""
    return {"integer": "an integer", "truth": "a truth value"}.get(str(kind), f"a {kind}")


_NAMED = (
    (_NUMBERS, "a number"),
    (_WORDS, "a symbol or text"),
    (_NUMBERS | _WORDS, "a number, symbol or text"),
    (_TRUTH, "a test"),
)


def _kind_of_call(call: Call, bound: Mapping[str, Kind | None], complain: Complain) -> Kind | None:
    kinds = [kind_of(argument, bound, complain) for argument in call.arguments]
    signature = SIGNATURES.get(call.function)
    if signature is None:
        complain(call, f"a rule can not call `{call.function}`{meant(call.function, SIGNATURES)}", "R109")
        return None
    if not signature.least <= len(kinds) <= signature.most:
        count = f"{signature.least}" if signature.least == signature.most else f"at least {signature.least}"
        message = f"`{call.function}` takes {count} argument{'s' * (signature.least > 1)}, not {len(kinds)}"
        complain(call, message, "R110")
        return None
    for argument, kind in zip(call.arguments, kinds, strict=True):
        if kind is not None and kind not in signature.takes:
            takes = next(what for named, what in _NAMED if named == signature.takes)
            complain(argument, f"`{call.function}` takes {takes} here, not {with_article(kind)}", "R110")
            return None
    if None in kinds:
        return signature.gives
    _complain_about_values(call, kinds, complain)
    return signature.gives or ("integer" if set(kinds) == {"integer"} else "number")


def _complain_about_values(call: Call, kinds: list[Kind | None], complain: Complain) -> None:
    """What CLIPS computes without a word, and wrongly or in vain."""
    if call.function == "*" and kinds[:2] == ["integer", "integer"]:
        complain(call, "`*` of whole numbers overflows beyond 64 bits; begin with a float: `(* 1.0 …)`", "R110")
    if call.function in ("eq", "neq") and len(set(kinds)) > 1:
        complain(
            call,
            f"`{call.function}` compares {' with '.join(map(with_article, kinds))}, which are never equal; use `=`",
            "R105",
        )
