"""`limits diff` against brute force: whatever is claimed of all portfolios holds for those that are tried.

The oracle knows nothing of rows or programmes: it walks a grid of portfolios, keeps those that are inside both files,
and puts orders before the real gate under each. Where one file grants what the other refuses, the answer *no* is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.gate.judge import Outcome, judge
from engine.gate.market import Market
from engine.gate.reach import Book, read_book
from engine.limits.model import Limit, Limits
from engine.orders.order import Side
from engine.universe.diff import Answer, Diff, Verdict, diff
from engine.universe.replay import replay
from tests.engine.small_desk import desk, entry, limit, limits, position, terms

NAMES = ("AA", "BB", "CC")
TERMS = {
    "AA": terms("AA", beta=Fraction(1), sector="banks"),
    "BB": terms("BB", beta=Fraction(3, 2), volatility=Fraction(2 * 1587, 10_000), sector="banks"),
    "CC": terms("CC", beta=Fraction(-1, 2), sector="technology"),
}
MARKET = Market("2011-01-03", TERMS, {}, (("AA", "CC"),))
FEW = settings(max_examples=max(10, settings.default.max_examples // 6))
"""Each example compares two files, and one of the tests walks a grid of portfolios besides."""
BOUNDS = [Fraction(one) for one in ("0.1", "0.15", "0.2", "0.25", "0.4", "0.5", "0.6", "1")]
KINDS = (
    "instrument_exposure", "gross", "net_long", "net_short", "beta", "cluster_gross", "stress", "order_value",
    "order_quantity", "open_risk", "stop_loss",
)  # fmt: skip


def rows_of(kinds: Sequence[str]) -> st.SearchStrategy[tuple[Limit, ...]]:
    """Some limits, each kind at most once, with the grouped ones and margins among them."""

    def row(kind: str) -> st.SearchStrategy[Limit]:
        bounds = st.sampled_from(BOUNDS)
        if kind == "order_quantity":
            return st.sampled_from([100, 150, 300]).map(lambda bound: limit(kind, bound))
        if kind in ("sector", "strategy"):
            return bounds.map(lambda bound: limit("group_gross", bound, id=kind, by=kind))
        if kind == "margin":
            return bounds.map(lambda bound: limit(kind, bound, long=Fraction(1, 2), short=Fraction(3, 2)))
        if kind == "concentration":
            return bounds.map(lambda bound: limit(kind, bound, once=2))
        return st.tuples(bounds, st.booleans()).map(
            lambda one: limit(kind, one[0], regime=one[1] and kind in ("gross", "instrument_exposure"))
        )

    every = (*kinds, "sector", "strategy", "margin", "concentration")
    return st.lists(st.sampled_from(every), unique=True, max_size=6).flatmap(
        lambda chosen: st.tuples(*(row(kind) for kind in chosen))
    )


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Limits, Limits]:
    """Two files that share most of their rows."""
    old = draw(rows_of(KINDS))
    rest = draw(rows_of(KINDS))
    dropped = draw(st.sets(st.sampled_from(range(6)), max_size=2))
    kept = [one for at, one in enumerate(old) if at not in dropped]
    new = [*kept, *(one for one in rest if one.id not in {row.id for row in kept})][:6]
    multipliers = MappingProxyType({"bull": Fraction(1), "unknown": draw(st.sampled_from(BOUNDS[3:]))})
    files = [limits(*rows, collar="0") for rows in (old, tuple(new))]
    return files[0], replace(files[1], regime_multipliers=multipliers)


def compared(old: Limits, new: Limits) -> Diff:
    return diff(old, new, lambda _: MARKET)


def told_apart(accept: Limits, refuse: Limits, draw: st.DrawFn) -> str:
    """A portfolio inside both files and an order that one grants and the other does not; empty where none was met."""
    steps = draw(st.permutations([-600, -400, -250, -200, -150, -100, 0, 100, 150, 200, 250, 400, 600]))[:3]
    for shares in product(sorted(steps), repeat=len(NAMES)):
        held = [position(name, one, stop="95" if one > 0 else "105") for name, one in zip(NAMES, shares, strict=True)
                if one]  # fmt: skip
        for regime in ("bull", "unknown"):
            plain = desk((), accept, held, market=TERMS)
            book = read_book(plain.portfolio, (), MARKET, accept)
            if not all(_inside(book, one, regime) for one in (accept, refuse)):
                continue
            for at, name in enumerate(NAMES):
                side = Side.SELL if shares[at] < 0 else Side.BUY
                asked = entry(name, 120, side, stop_price="97" if side is Side.BUY else "103")
                verdicts = [judge(book, [asked], MARKET, one, regime).rulings[0] for one in (accept, refuse)]
                if verdicts[0].outcome is Outcome.GRANTED and verdicts[1].outcome is not Outcome.GRANTED:
                    return f"{regime}: holding {shares}, {name} by {verdicts[1]}"
    return ""


def _inside(book: Book, file: Limits, regime: str) -> bool:
    readings = judge(book, [], MARKET, file, regime).readings
    return all(one.value <= one.bound for one in readings)


@FEW
@given(pairs(), st.data())
def test_no_order_contradicts_the_verdict(files: tuple[Limits, Limits], data: st.DataObject) -> None:
    old, new = files
    found = compared(old, new)
    draw = data.draw
    if found.looser.answer is Answer.NO:
        assert not told_apart(new, old, draw)
    if found.tighter.answer is Answer.NO:
        assert not told_apart(old, new, draw)
    for direction, accept, refuse in ((found.looser, new, old), (found.tighter, old, new)):
        for effect in direction.effects:
            if effect.witness is not None:
                assert replay(effect.witness.asked, MARKET, accept).outcome is Outcome.GRANTED
                assert replay(effect.witness.asked, MARKET, refuse).outcome is not Outcome.GRANTED


@FEW
@given(pairs())
def test_the_other_way_round_is_the_other_verdict(files: tuple[Limits, Limits]) -> None:
    turned = {Verdict.TIGHTER: Verdict.LOOSER, Verdict.LOOSER: Verdict.TIGHTER}
    there, back = compared(*files), compared(files[1], files[0])
    assert (there.looser.answer, there.tighter.answer) == (back.tighter.answer, back.looser.answer)
    if Verdict.UNKNOWN not in (there.verdict, back.verdict) and Answer.UNKNOWN not in (
        there.looser.answer, there.tighter.answer,
    ):  # fmt: skip
        assert back.verdict is turned.get(there.verdict, there.verdict)


@FEW
@given(pairs())
def test_a_file_is_equivalent_to_itself(files: tuple[Limits, Limits]) -> None:
    found = compared(files[0], files[0])
    assert found.verdict is Verdict.EQUIVALENT
    assert found.budget.programmes == 0
