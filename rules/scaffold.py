"""The first text of a new rule, with cases that hold both sides of each of its thresholds.

A rule is asked for by what it concludes and by comparisons of measures with numbers (`rsi-14 > 80`). What is written
is a whole rule: guarded as its siblings are, with a sentence, on the salience of its stage, and cases that the rule
passes as it stands: at its thresholds, and with each single thing changed that keeps it from firing. From there on it
is the quant's own.

Left out: policies, comparisons of two measures, and conclusions that come in pairs (baskets, divergences).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from knowledge.door import SYMBOL
from knowledge.faults import Fault, Faulty
from knowledge.templates import Measure, Vocabulary
from knowledge.values import text
from rules.matching import spoken
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
    blocks: tuple[str, ...] = ()
    """Facts about an instrument that keep the rule from firing for it."""


_POSITION = (
    "position: {{instrument: {instrument}, side: {side}, quantity: 100, entry-price: 50, return: 0, best-close: 50, "
    "sessions-held: 1, horizon: swing, strategy: {owner}}}"
)
_CONSENSUS = "consensus: {{instrument: {instrument}, direction: {side}, score: 0.8, heads: 3}}"

CONCLUSIONS: Mapping[str, _Conclusion] = {
    "veto": _Conclusion(
        100,
        "(consensus (instrument ?i) (direction {side}))",
        "(veto (instrument ?i) (rule {name}))",
        _CONSENSUS,
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
        _CONSENSUS,
        "candidate: {{instrument: AAPL, side: {side}, horizon: swing, conviction: 0.8, rule: {name}}}",
        "?i is a candidate {side} with a score of ?score",
        (
            "veto: {{instrument: {instrument}, rule: by-hand}}",
            _POSITION,
            "working: {{order: one, instrument: {instrument}, side: buy, role: entry, quantity: 100}}",
        ),
    ),
    "exit": _Conclusion(
        0,
        "(position (instrument ?i) (side {side}))",
        "(exit (instrument ?i) (rule {name}))",
        _POSITION,
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
    return Scaffold(_rule(wish, comparisons), _cases(wish, comparisons, words))


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
            f"{one.measure.name} is ?{one.measure.name}, {_SPOKEN[one.operator]} {spoken(one.bound, one.measure.unit)}"
            for one in comparisons
        )
        sentence = f"{shape.says.format(**slots)}: {because}"
    reads = f"  {shape.reads.format(**slots)}\n" if shape.reads else ""
    conditions = "".join(f"  {one.pattern}\n" for one in comparisons)
    return (
        f'(defrule {wish.name}\n  "{wish.owner} | {sentence}"\n  (declare (salience {shape.salience}))\n'
        f"{reads}{conditions}  =>\n  (assert {shape.asserts.format(**slots)}))\n"
    )


def _cases(wish: Wish, comparisons: Sequence[_Comparison], words: Vocabulary) -> str:
    """The cases: what fires it, and each single thing that keeps it from firing."""
    shape = CONCLUSIONS[wish.concludes]
    slots = {"name": wish.name, "side": wish.side, "kind": wish.kind, "owner": wish.owner}
    about = {**slots, "instrument": "AAPL"}
    beside = [shape.given.format(**about)] if shape.given else []
    expect = shape.expect.format(**slots)
    cases: list[str] = []

    def case(name: str, facts: Sequence[str], key: str = "expect_not") -> None:
        listed = "".join(f"      - {fact}\n" for fact in facts)
        given = f"    given:\n{listed}" if facts else "    given: []\n"
        cases.append(f"  - name: {name}\n{given}    {key}:\n      - {expect}\n")

    at = [_given(one, one.at) for one in comparisons]
    case("exactly at the thresholds", [*beside, *at], "expect")
    for place, one in enumerate(comparisons):
        name = one.measure.name

        def but(*facts: str, place: int = place) -> list[str]:
            return [*beside, *at[:place], *facts, *at[place + 1 :]]

        case(f"{name} one step off", but(_given(one, one.off)))
        case(f"{name} is not known", but())
        if one.template == "indicator" and (beside or sum(each.template == "indicator" for each in comparisons) > 1):
            case(f"{name} is another instrument's", but(_given(one, one.at, "IBM")))
        other = _other(one, comparisons, words)
        if other is not None:
            case(f"{other.name} in place of {name}", but(_given(replace(one, measure=other), one.at)))
    if shape.given:
        opposite = {"long": "short", "short": "long"}[wish.side]
        template = shape.given.partition(":")[0]
        case(f"the {template} is for the other side", [shape.given.format(**{**about, "side": opposite}), *at])
        if any(one.template == "indicator" for one in comparisons):
            case(f"the {template} is another instrument's", [shape.given.format(**{**about, "instrument": "IBM"}), *at])
    for block in shape.blocks:
        template = block.partition(":")[0]
        case(f"a {template} stands in the way", [*beside, block.format(**about), *at])
        other_block = block.format(**{**about, "instrument": "IBM"})
        case(f"a {template} of another instrument does not", [*beside, other_block, *at], "expect")
    return f"rule: {wish.name}\ncases:\n{''.join(cases)}"


def _other(one: _Comparison, comparisons: Sequence[_Comparison], words: Vocabulary) -> Measure | None:
    """Another measure that may have the same value, and that the rule does not look at."""
    group = words.measures["indicators" if one.template == "indicator" else "market"]
    named = {each.measure.name for each in comparisons}
    for measure in group.values():
        fits = measure.low <= one.at <= measure.high and not one.at % measure.quantum
        if measure.name not in named and fits:
            return measure
    return None


def _given(one: _Comparison, value: Decimal, instrument: str = "AAPL") -> str:
    about = f"instrument: {instrument}, " if one.template == "indicator" else ""
    return f"{one.template}: {{{about}name: {one.measure.name}, value: {_plain(value)}}}"


def _plain(number: Decimal) -> str:
    return text(number)


def _number(number: Decimal) -> str:
    """A number as rules write those of number slots: with a point."""
    plain = text(number)
    return plain if "." in plain else f"{plain}.0"
