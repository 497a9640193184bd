"""What a rule computes and compares, as SMT-LIB text over exact numbers.

CLIPS computes with binary64. What can come out otherwise there is left open: a comparison of computed numbers that are
equal, the rounding of a computed number that lies in the middle. So what follows here, follows there as well. Under the
assumption `EXACT` it is decided as exact arithmetic decides it, and a product of two free numbers is one with some
values of the second: that finds facts, and proves nothing. Left open entirely: a quotient by a free number, `sym-cat`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

from knowledge.clips.tree import Call, Expression, Literal, Variable
from rules.meaning.script import (
    FALSE,
    TRUE,
    Lexicon,
    Num,
    Script,
    Term,
    Truth,
    Untranslated,
    Word,
    both,
    constant,
    either,
    equal,
    implied,
    negated,
    real,
)

EXACT = "exact"
"""The assumption under which arithmetic is exact and products have few values."""
_SIGNS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "<>": "<>"}
_FINEST = Fraction(1, 2**46)
_MOST_PINS = 7


class Arithmetic:
    """Translates expressions into a script; the same expression over the same terms is one term."""

    def __init__(self, script: Script, lexicon: Lexicon, marks: tuple[Fraction, ...] = ()) -> None:
        self.script = script
        self.lexicon = lexicon
        self._marks = marks
        """Numbers that rules write: what products are tried with."""
        self._made: dict[tuple[str, ...], str] = {}
        script.lines.append(f"(declare-const {EXACT} Bool)")

    def value(self, expression: Expression, known: Mapping[str, Term]) -> Term:
        """An expression over the terms of its variables. Raises `Untranslated`."""
        if isinstance(expression, Variable):
            return known[expression.name]
        if isinstance(expression, Literal):
            return self.literal(expression)
        return self._call(expression.function, [self.value(one, known) for one in expression.arguments])

    def literal(self, literal: Literal) -> Term:
        """A constant."""
        if literal.kind == "symbol":
            return Truth(str(literal.value).lower()) if literal.value in ("TRUE", "FALSE") else self.word(literal)
        return self.word(literal) if literal.kind == "string" else constant(literal.value)  # type: ignore[arg-type]

    def word(self, literal: Literal) -> Word:
        """A symbol or text."""
        return self.lexicon.word(spelling(literal))

    def test(self, call: Call, known: Mapping[str, Term]) -> str:
        """A test as a formula. Raises `Untranslated`."""
        found = self.value(call, known)
        # What is not FALSE holds.
        return found.text if isinstance(found, Truth) else TRUE

    def on_grid(self, number: Num, quantum: Fraction) -> Num:
        """What working memory holds when a rule concludes this number: a multiple of the quantum."""
        if number.step is not None and number.step % quantum == 0:
            return Num(number.text, number.low, number.high, number.step)
        rounded = self._rounded(self._times(number, constant(1 / quantum)))
        return self._scaled(rounded, quantum)

    # --- calls ------------------------------------------------------------------------------------------------------

    def _call(self, function: str, terms: list[Term]) -> Term:  # noqa: PLR0911, one a kind of function
        if function in ("and", "or", "not"):
            texts = [one.text if isinstance(one, Truth) else TRUE for one in terms]
            return Truth(both(texts) if function == "and" else either(texts) if function == "or" else negated(texts[0]))
        if function == "eq":
            return Truth(both(self.same(terms[0], other) for other in terms[1:]))
        if function == "neq":
            return Truth(both(negated(self.same(terms[0], other)) for other in terms[1:]))
        if function == "str-compare":
            return _order(_word(terms[0]), _word(terms[1]))
        if function == "sym-cat":
            return self._opaque_word(*(one.text for one in terms))
        numbers = [_number(one, function) for one in terms]
        if function in ("<", "<=", ">", ">="):
            return Truth(both(self._compare(function, *pair) for pair in pairwise(numbers)))
        if function in ("=", "<>"):
            return Truth(both(self._compare(function, numbers[0], other) for other in numbers[1:]))
        if function == "float":
            return numbers[0]
        if function in ("round", "integer"):
            return self._rounded(numbers[0]) if function == "round" else self._cut(numbers[0])
        result = _size(numbers[0]) if function == "abs" else numbers[0]
        for other in numbers[1:]:
            result = self._two(function, result, other)
        return result

    def same(self, one: Term, other: Term) -> str:
        """`eq`, as constraints have it; of computed numbers, as far as they can be compared."""
        if isinstance(one, Num) and isinstance(other, Num) and (one.rough or other.rough):
            return self._compare("=", one, other)
        return equal(one, other)

    def _two(self, function: str, one: Num, other: Num) -> Num:
        match function:
            case "+":
                return _sum(one, other)
            case "-":
                return _sum(one, _negative(other))
            case "*":
                return self._times(one, other)
            case "min" | "max":
                return _extreme(function, one, other)
            case "/":
                return self._over(one, other)
        raise Untranslated(f"`{function}` is not translated")

    def _compare(self, sign: str, one: Num, other: Num) -> str:
        text = _compared(sign, one, other)
        if not (one.rough or other.rough) or text in (TRUE, FALSE):
            return text
        made = self._made.get(("compare", sign, one.text, other.text))
        if made is None:
            open_ = self.script.declare("b", "Bool")
            self.script.say(implied(EXACT, f"(= {open_} {text})"))
            apart = _apart(one, other)
            near = f"(= {one.text} {other.text})"
            if apart is None:
                slack = real(_FINEST * max(Fraction(1), _magnitude(one), _magnitude(other)))
                near = f"(and (<= (- {one.text} {other.text}) {slack}) (<= (- {other.text} {one.text}) {slack}))"
            made = self._made["compare", sign, one.text, other.text] = f"(ite {near} {open_} {text})"
        return made

    def _rounded(self, number: Num) -> Num:
        """`round`: half away from zero."""
        if number.known is not None:
            size = (2 * abs(number.known) + 1) // 2
            return constant(size if number.known >= 0 else -size)
        if number.step is not None and number.step % 1 == 0:
            return Num(number.text, number.low, number.high, number.step)
        made = self._made.get(("round", number.text))
        if made is None:
            name = self.script.declare("r", "Int")
            made = self._made["round", number.text] = f"(to_real {name})"
            up = f"(and (<= {made} (+ {number.text} 0.5)) (< (+ {number.text} 0.5) (+ {made} 1.0)))"
            down = f"(and (< (- {made} 1.0) (- {number.text} 0.5)) (<= (- {number.text} 0.5) {made}))"
            exact = f"(ite (>= {number.text} 0.0) {up} {down})"
            loose = f"(and (<= (- {made} 0.5) {number.text}) (<= {number.text} (+ {made} 0.5)))"
            self.script.say(exact if not number.rough else loose)
            self.script.say(implied(EXACT, exact) if number.rough else TRUE)
        low = None if number.low is None else number.low - 1
        high = None if number.high is None else number.high + 1
        return Num(made, low, high, Fraction(1))

    def _cut(self, number: Num) -> Num:
        """`integer`: towards zero."""
        if number.known is not None:
            return constant(int(number.known))
        if number.step is not None and number.step % 1 == 0:
            return Num(number.text, number.low, number.high, number.step)
        made = self._made.get(("integer", number.text))
        if made is None:
            name = self.script.declare("r", "Int")
            made = self._made["integer", number.text] = f"(to_real {name})"
            up = f"(and (<= {made} {number.text}) (< {number.text} (+ {made} 1.0)))"
            down = f"(and (<= {number.text} {made}) (< (- {made} 1.0) {number.text}))"
            exact = f"(ite (>= {number.text} 0.0) {up} {down})"
            loose = f"(and (<= (- {made} 1.0) {number.text}) (<= {number.text} (+ {made} 1.0)))"
            self.script.say(loose if number.rough else exact)
            self.script.say(implied(EXACT, exact))
        low = None if number.low is None else number.low - 1
        high = None if number.high is None else number.high + 1
        return Num(made, low, high, Fraction(1))

    def _times(self, one: Num, other: Num) -> Num:
        if one.known is not None and other.known is None:
            one, other = other, one
        if other.known is not None:
            return self._scaled(one, other.known, rough=not (_is_whole(one) and _is_whole(other)))
        made = self._made.get(("*", one.text, other.text))
        corners = _corners(one, other)
        if made is None:
            made = self._made["*", one.text, other.text] = self.script.declare("p", "Real")
            self._enclose(made, one, other)
            pins = self._pins(other)
            whichever = either(both((_at(other, pin), f"(= {made} (* {real(pin)} {one.text}))")) for pin in pins)
            self.script.say(implied(EXACT, whichever))
        low, high = (min(corners), max(corners)) if corners else (None, None)
        step = one.step * other.step if one.step is not None and other.step is not None else None
        return Num(made, low, high, step, rough=True)

    def _enclose(self, made: str, one: Num, other: Num) -> None:
        """The product of two bounded numbers lies between four planes (McCormick 1976)."""
        if one.low is None or one.high is None or other.low is None or other.high is None:
            return
        x, y = one.text, other.text
        for a, b, sign in ((one.low, other.low, ">="), (one.high, other.high, ">="),
                           (one.high, other.low, "<="), (one.low, other.high, "<=")):  # fmt: skip
            self.script.say(f"({sign} {made} (+ (* {real(b)} {x}) (* {real(a)} {y}) {real(-a * b)}))")

    def _pins(self, number: Num) -> list[Fraction]:
        """Some values of a number: its ends, its middle, what rules write."""
        low = number.low if number.low is not None else Fraction(-1)
        high = number.high if number.high is not None else max(low, Fraction(1))
        step = number.step or Fraction(1, 1000)
        middle = low + ((high - low) / 2) // step * step
        marks = [one for one in self._marks if low < one < high and one % step == 0]
        return list(dict.fromkeys([high, *marks[: _MOST_PINS - 3], middle, low]))

    def _over(self, one: Num, other: Num) -> Num:
        if other.known is not None:
            if other.known == 0:
                raise Untranslated("it divides by zero")
            # The quotient of two whole numbers by a power of ten is the number its digits say.
            return self._scaled(one, 1 / other.known, rough=one.rough or not _is_whole(one) or not _is_whole(other))
        made = self._made.get(("/", one.text, other.text))
        if made is None:
            made = self._made["/", one.text, other.text] = self.script.declare("q", "Real")
            pins = [pin for pin in self._pins(other) if pin != 0]
            whichever = either(both((_at(other, pin), f"(= {made} (* {real(1 / pin)} {one.text}))")) for pin in pins)
            self.script.say(implied(EXACT, whichever))
        return Num(made, rough=True)

    def _scaled(self, number: Num, factor: Fraction, rough: bool = False) -> Num:
        if number.known is not None:
            return Num(*_fixed(number.known * factor), rough=rough)
        ends = [None if end is None else end * factor for end in (number.low, number.high)]
        low, high = ends if factor >= 0 else ends[::-1]
        step = number.step * abs(factor) if number.step is not None and factor else None
        text = number.text if factor == 1 else f"(* {real(factor)} {number.text})"
        return Num(text, low, high, step, rough or number.rough)

    def _opaque_word(self, *texts: str) -> Word:
        """A word that rules put together: anything, but the same for the same parts."""
        key = ("sym-cat", *texts)
        if key not in self._made:
            self._made[key] = self.script.declare("w", "Int")
        return Word(self._made[key])


def spelling(literal: Literal) -> str:
    """How the lexicon knows a word: a text by a quote mark before it."""
    return f'"{literal.value}' if literal.kind == "string" else str(literal.value)


def _fixed(value: Fraction) -> tuple[str, Fraction, Fraction, Fraction | None]:
    return real(value), value, value, abs(value) or None


def _number(term: Term, function: str) -> Num:
    if not isinstance(term, Num):
        raise Untranslated(f"`{function}` takes a number")
    return term


def _word(term: Term) -> Word:
    if not isinstance(term, Word):
        raise Untranslated("`str-compare` takes words")
    return term


def _order(one: Word, other: Word) -> Num:
    if one.known is not None and other.known is not None:
        return constant((one.known > other.known) - (one.known < other.known))
    text = f"(ite (< {one.text} {other.text}) (- 1.0) (ite (= {one.text} {other.text}) 0.0 1.0))"
    return Num(text, Fraction(-1), Fraction(1), Fraction(1))


def _is_whole(number: Num) -> bool:
    return number.known == 0 or (number.step is not None and number.step % 1 == 0)


def _at(number: Num, value: Fraction) -> str:
    return f"(= {number.text} {real(value)})"


def _magnitude(number: Num) -> Fraction:
    widest = Fraction(10**15)
    return max(abs(widest if number.low is None else number.low), abs(widest if number.high is None else number.high))


def _apart(one: Num, other: Num) -> Fraction | None:
    """How far apart two numbers are at least where they differ, if binary64 tells that apart for sure."""
    step = _common(one, other)
    if step is None or step <= _FINEST * (_magnitude(one) + _magnitude(other)):
        return None
    return step


def _common(one: Num, other: Num) -> Fraction | None:
    """A step of both numbers; that of zero is anything."""
    if one.known == 0 or other.known == 0:
        return other.step if one.known == 0 else one.step
    if one.step is None or other.step is None:
        return None
    return _divisor(one.step, other.step)


def _divisor(one: Fraction, other: Fraction) -> Fraction:
    while other:
        one, other = other, one % other
    return one


def _compared(sign: str, one: Num, other: Num) -> str:
    if one.known is not None and other.known is not None:
        order = (one.known > other.known) - (one.known < other.known)
        holds = order in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1), "=": (0,), "<>": (-1, 1)}[sign]
        return TRUE if holds else FALSE
    if sign == "<>":
        return f"(not (= {one.text} {other.text}))"
    return f"({_SIGNS[sign]} {one.text} {other.text})"


def _sum(one: Num, other: Num) -> Num:
    if one.known is not None and other.known is not None:
        return Num(*_fixed(one.known + other.known), rough=not (_is_whole(one) and _is_whole(other)))
    low = one.low + other.low if one.low is not None and other.low is not None else None
    high = one.high + other.high if one.high is not None and other.high is not None else None
    rough = one.rough or other.rough or not (_is_whole(one) and _is_whole(other))
    return Num(f"(+ {one.text} {other.text})", low, high, _common(one, other), rough)


def _negative(number: Num) -> Num:
    low = None if number.high is None else -number.high
    high = None if number.low is None else -number.low
    text = real(-number.known) if number.known is not None else f"(- {number.text})"
    return Num(text, low, high, number.step, number.rough)


def _size(number: Num) -> Num:
    if number.known is not None:
        return Num(*_fixed(abs(number.known)), rough=number.rough)
    ends = [abs(end) for end in (number.low, number.high) if end is not None]
    high = max(ends) if len(ends) == 2 else None
    return Num(f"(ite (< {number.text} 0.0) (- {number.text}) {number.text})", Fraction(0), high, number.step, number.rough)  # fmt: skip  # noqa: E501


def _extreme(function: str, one: Num, other: Num) -> Num:
    pick = min if function == "min" else max
    lows, highs = (one.low, other.low), (one.high, other.high)
    low = pick(lows) if None not in lows else _one_sided(lows, function == "max")  # type: ignore[type-var]
    high = pick(highs) if None not in highs else _one_sided(highs, function == "min")  # type: ignore[type-var]
    sign = "<=" if function == "min" else ">="
    text = f"(ite ({sign} {one.text} {other.text}) {one.text} {other.text})"
    return Num(text, low, high, _common(one, other), one.rough or other.rough)


def _one_sided(ends: tuple[Fraction | None, Fraction | None], holds: bool) -> Fraction | None:
    """A bound of one of two numbers, where it binds the larger (or smaller) of them as well."""
    return next((end for end in ends if end is not None), None) if holds else None


def _corners(one: Num, other: Num) -> list[Fraction]:
    ends = (one.low, one.high), (other.low, other.high)
    return [a * b for a in ends[0] for b in ends[1] if a is not None and b is not None] if None not in (*ends[0], *ends[1]) else []  # fmt: skip  # noqa: E501
