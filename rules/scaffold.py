"""The first text of a new rule, with cases that hold both sides of each of its thresholds.

A rule is asked for by what it concludes and by comparisons of measures with numbers (`rsi-14 > 80`). What is written
is a whole rule: guarded as its siblings are, with a sentence, on the salience of its stage, and cases that the rule
passes as it stands: at its thresholds, one step off each of them, with each measure unknown, and for another
instrument. From there on it is the quant's own.

Left out: policies, comparisons of two measures, and conclusions that come in pairs (baskets, divergences).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from knowledge.door import SYMBOL
from knowledge.faults import Fault, Faulty
from knowledge.templates import Measure, Vocabulary
from knowledge.values import text
from rules.signatures import meant

PLACE = "command line"
"""Where faults of what was asked for stand."""
_COMPARISON = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(<=|>=|<|>)\s*([+-]?[0-9]{1,12}(?:\.[0-9]{1,12})?)\s*\Z")
_SPOKEN = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}


@dataclass(frozen=True, slots=True)
class _Conclusion:
    """What a kind of rule reads beside measures, what it asserts, the facts of its cases, and its sentence's start."""

    salience: int
    reads: str
    asserts: str
    given: str
    expect: str
    says: str


CONCLUSIONS: Mapping[str, _Conclusion] = {
    "veto": _Conclusion(
        100,
        "(consensus (instrument ?i) (direction {side}))",
        "(veto (instrument ?i) (rule {name}))",
        "consensus: {{instrument: AAPL, direction: {side}, score: 0.8, heads: 3}}",
        "veto: {{instrument: AAPL, rule: {name}}}",
        "no entry {side} in ?i",
    ),
    "setup": _Conclusion(
        300,
        "",
        "(setup (instrument ?i) (kind {kind}) (direction {side}))",
        "",
        "setup: {{instrument: AAPL, kind: {kind}, direction: {side}}}",
        "the {kind} of ?i speaks for {side}",
    ),
    "candidate": _Conclusion(
        0,
        "(consensus (instrument ?i) (direction {side}) (score ?score))\n  (not (veto (instrument ?i)))\n"
        "  (not (position (instrument ?i)))\n  (not (working (instrument ?i)))",
        "(candidate (instrument ?i) (side {side}) (horizon swing) (conviction ?score) (rule {name}))",
        "consensus: {{instrument: AAPL, direction: {side}, score: 0.8, heads: 3}}",
        "candidate: {{instrument: AAPL, side: {side}, rule: {name}}}",
        "?i is a candidate {side} with a score of ?score",
    ),
    "exit": _Conclusion(
        0,
        "(position (instrument ?i) (side {side}))",
        "(exit (instrument ?i) (rule {name}))",
        "position: {{instrument: AAPL, side: {side}, quantity: 100, entry-price: 50, return: 0, best-close: 50, "
        "sessions-held: 1, horizon: swing, strategy: {owner}}}",
        "exit: {{instrument: AAPL, rule: {name}}}",
        "close ?i, held {side}",
    ),
}
"""What `warrant rules new` can make a rule conclude."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a rule that concludes something for a side when every comparison holds."""

    name: str
    concludes: str
    side: str
    when: tuple[str, ...]
    owner: str = "quant"
    sentence: str = ""
    kind: str = "momentum"


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The text of a rule file and of its file of cases."""

    rule: str
    cases: str


@dataclass(frozen=True, slots=True)
class _Comparison:
    """`measure operator bound`; `template` is where the measure's facts are."""

    template: str
    measure: Measure
    operator: str
    bound: Decimal

    @property
    def at(self) -> Decimal:
        """The value nearest to the bound for which the comparison holds."""
        step = {">": self.measure.quantum, "<": -self.measure.quantum}.get(self.operator, Decimal(0))
        return self.bound + step

    @property
    def off(self) -> Decimal:
        """The value nearest to the bound for which it does not hold."""
        step = {">=": -self.measure.quantum, "<=": self.measure.quantum}.get(self.operator, Decimal(0))
        return self.bound + step

    @property
    def pattern(self) -> str:
        """The pattern of a rule; the measure's name is its variable."""
        about = "(instrument ?i) " if self.template == "indicator" else ""
        name = self.measure.name
        test = f"?{name}&:({self.operator} ?{name} {_number(self.bound)})"
        return f"({self.template} {about}(name {name}) (value {test}))"


def scaffold(wish: Wish, words: Vocabulary) -> Scaffold:
    """The files of a new rule. Raises `Faulty` with everything that is wrong with what was asked for."""
    faults: list[Fault] = list(_faults(wish))
    comparisons = []
    for asked in wish.when:
        try:
            comparisons.append(_comparison(asked, words))
        except Faulty as error:
            faults += error.faults
    if comparisons and not CONCLUSIONS[wish.concludes].reads and all(one.template == "market" for one in comparisons):
        faults.append(_fault(f"a {wish.concludes} is about an instrument; compare one of its indicators, too"))
    names = [one.measure.name for one in comparisons]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        faults.append(_fault(f"`{twice[0]}` is compared twice; write one comparison here and the other by hand"))
    if faults:
        raise Faulty(*faults)
    return Scaffold(_rule(wish, comparisons), _cases(wish, comparisons))


def _faults(wish: Wish) -> Iterator[Fault]:
    if not SYMBOL.match(wish.name):
        yield _fault(f"`{wish.name}` can not be the id of a rule; use letters, digits and `-`, a letter or digit first")
    if not SYMBOL.match(wish.owner):
        yield _fault(f"the owner `{wish.owner}` is no one word; use letters, digits and `-`, a letter or digit first")
    if any(mark in wish.sentence for mark in '"\\|\n') or not wish.sentence.isprintable():
        yield _fault("a sentence is one line of printable text without quotes, `\\` or `|`")
    if not wish.when:
        yield _fault("a rule needs a condition; write one: `--when 'rsi-14 > 80'`")


def _fault(message: str) -> Fault:
    return Fault(PLACE, 1, 1, message)


def _comparison(asked: str, words: Vocabulary) -> _Comparison:
    """Read `rsi-14 > 80`. Raises `Faulty`."""
    found = _COMPARISON.match(asked)
    if found is None:
        raise Faulty(
            _fault(f"`{asked}` is no comparison; write a measure, one of < <= > >= and a number: `rsi-14 > 80`")
        )
    name, operator, number = found.groups()
    template, measure = _measure(name, words)
    one = _Comparison(template, measure, operator, Decimal(number))
    if one.bound % measure.quantum:
        raise Faulty(_fault(f"`{asked}`: {name} comes in steps of {_plain(measure.quantum)}"))
    if not measure.low <= one.at <= measure.high:
        reach = f"{_plain(measure.low)} to {_plain(measure.high)}"
        raise Faulty(_fault(f"`{asked}` can never hold: {name} lies in {reach}"))
    if not measure.low <= one.off <= measure.high:
        reach = f"{_plain(measure.low)} to {_plain(measure.high)}"
        raise Faulty(_fault(f"`{asked}` always holds: {name} lies in {reach}"))
    return one


def _measure(name: str, words: Vocabulary) -> tuple[str, Measure]:
    for group, template in (("indicators", "indicator"), ("market", "market")):
        if measure := words.measures[group].get(name):
            return template, measure
    known = {one: group for group in words.measures.values() for one in group}
    raise Faulty(_fault(f"no measure is called `{name}`{meant(name, known)}"))


def _rule(wish: Wish, comparisons: Sequence[_Comparison]) -> str:
    shape = CONCLUSIONS[wish.concludes]
    slots = {"name": wish.name, "side": wish.side, "kind": wish.kind}
    if wish.sentence:
        sentence = wish.sentence
    else:
        because = " and ".join(
            f"{one.measure.name} is ?{one.measure.name}, {_SPOKEN[one.operator]} {_plain(one.bound)}"
            for one in comparisons
        )
        sentence = f"{shape.says.format(**slots)}: {because}"
    reads = f"  {shape.reads.format(**slots)}\n" if shape.reads else ""
    conditions = "".join(f"  {one.pattern}\n" for one in comparisons)
    return (
        f'(defrule {wish.name}\n  "{wish.owner} | {sentence}"\n  (declare (salience {shape.salience}))\n'
        f"{reads}{conditions}  =>\n  (assert {shape.asserts.format(**slots)}))\n"
    )


def _cases(wish: Wish, comparisons: Sequence[_Comparison]) -> str:
    shape = CONCLUSIONS[wish.concludes]
    slots = {"name": wish.name, "side": wish.side, "kind": wish.kind, "owner": wish.owner}
    beside = [shape.given.format(**slots)] if shape.given else []
    expect = shape.expect.format(**slots)

    def case(
        name: str, values: Sequence[tuple[_Comparison, Decimal]], key: str, others: _Comparison | None = None
    ) -> str:
        facts = (_given(one, value, "IBM" if one is others else "AAPL") for one, value in values)
        given = [*beside, *facts]
        listed = "".join(f"      - {fact}\n" for fact in given)
        return f"  - name: {name}\n    given:{'' if given else ' []'}\n{listed}    {key}:\n      - {expect}\n"

    at = [(one, one.at) for one in comparisons]
    cases = [case("exactly at the thresholds", at, "expect")]
    for place, one in enumerate(comparisons):
        off = [*at[:place], (one, one.off), *at[place + 1 :]]
        cases.append(case(f"{one.measure.name} one step off", off, "expect_not"))
        cases.append(case(f"{one.measure.name} is not known", [*at[:place], *at[place + 1 :]], "expect_not"))
    indicators = [one for one in comparisons if one.template == "indicator"]
    if indicators and (beside or len(indicators) > 1):
        cases.append(case(f"{indicators[0].measure.name} is another instrument's", at, "expect_not", indicators[0]))
    return f"rule: {wish.name}\ncases:\n{''.join(cases)}"


def _given(one: _Comparison, value: Decimal, instrument: str) -> str:
    about = f"instrument: {instrument}, " if one.template == "indicator" else ""
    return f"{one.template}: {{{about}name: {one.measure.name}, value: {_plain(value)}}}"


def _plain(number: Decimal) -> str:
    return text(number)


def _number(number: Decimal) -> str:
    """A number as rules write those of number slots: with a point."""
    plain = text(number)
    return plain if "." in plain else f"{plain}.0"
