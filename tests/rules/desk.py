"""The shipped rule book, and strategies for facts near its thresholds."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from knowledge.clips.session import ClipsImage
from knowledge.clips.tree import Program
from knowledge.door import fact
from knowledge.facts import Fact
from rules.rulebook import Rulebook, read_rulebook

DESK = Path(__file__).parents[2]
INSTRUMENTS = ("AAPL", "IBM")
HEADS = ("rule-based", "sentiment", "technical", "volume")

NEAR = {
    "rsi-14": ("80", "70", "30", "20", "0.01"),
    "zscore-20": ("2", "-2", "1.5", "-1.5", "0.0001"),
    "ema-50-200": ("0", "0.0001"),
    "adx-14": ("20", "0.01"),
    "momentum-63": ("0.05", "-0.05", "0.0001"),
    "macd-histogram": ("0", "0.000001"),
    "volume-ratio": ("1.5", "0.0001"),
    "obv-zscore": ("1", "-1", "0.0001"),
    "atr-14": ("2", "0.0001"),
}
"""Measures the book compares: its thresholds, and last the quantum."""
MARKET = {
    "index-volatility-rank": ("0.9", "0.5", "0.4", "0.0001"),
    "index-ema-200-distance": ("0", "0.06", "-0.06", "0.0001"),
    "index-momentum-63": ("0", "0.06", "-0.06", "0.0001"),
}


@cache
def rulebook() -> Rulebook:
    return read_rulebook(DESK)


@cache
def image() -> ClipsImage:
    return ClipsImage(rulebook().program)


def program() -> Program:
    return rulebook().program


def near(*thresholds: str) -> st.SearchStrategy[Decimal]:
    """Values at a threshold, one quantum (the last argument) beside it, or a few hundred."""
    *points, quantum = map(Decimal, thresholds)
    steps = st.one_of(st.sampled_from((-1, 0, 1)), st.integers(-300, 300))
    return st.builds(lambda point, step: point + step * quantum, st.sampled_from(points), steps)


def advisory(instrument: str, head: str, direction: str = "long", conviction: object = "0.8", **more: object) -> Fact:
    slots = {"probability": "0.55", "weight": "0.25", "horizon": "swing", "model": "m1", **more}
    return fact("advisory", instrument=instrument, head=head, direction=direction, conviction=conviction, **slots)


def reference(instrument: str, sector: str) -> Fact:
    slots: dict[str, object] = {"issuer": "x", "currency": "USD", "exchange": "XNYS", "country": "US", "lot": 1}
    slots |= {"shortable": "yes", "tick": "0.01", "multiplier": 1, "sector": sector}
    return fact("reference", instrument=instrument, **slots)


def indicator(instrument: str, name: str, value: object) -> Fact:
    return fact("indicator", instrument=instrument, name=name, value=value)


def market(rank: object = "0.5", distance: object = "0.03", momentum: object = "0.04") -> list[Fact]:
    values = {"index-volatility-rank": rank, "index-ema-200-distance": distance, "index-momentum-63": momentum}
    return [fact("market", name=name, value=value) for name, value in values.items()]


def position(instrument: str, **more: object) -> Fact:
    slots: dict[str, object] = {"side": "long", "quantity": 10, "entry-price": 100, "return": "0.01", "best-close": 110}
    slots |= {"sessions-held": 2, "horizon": "swing", "strategy": "swing"} | more
    return fact("position", instrument=instrument, **slots)


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Facts of two instruments, each there or not, near the thresholds of the book."""
    there = st.sampled_from((True,) * 7 + (False,))
    found = [fact("market", name=name, value=draw(near(*at))) for name, at in MARKET.items() if draw(there)]
    for instrument in INSTRUMENTS:
        found += [reference(instrument, "technology"), *draw(held(instrument))]
        found += [indicator(instrument, name, draw(near(*at))) for name, at in NEAR.items() if draw(there)]
        leaning = draw(st.sampled_from(("long", "short")))
        direction = st.sampled_from((leaning,) * 6 + ("long", "short", "flat"))
        weight = near("0.25", "0.3333", "0.0001")
        for head in HEADS:
            if draw(there):
                conviction = min(draw(near("0.7", "0.9", "0.99", "0.0001")), Decimal(1))
                found.append(advisory(instrument, head, draw(direction), conviction, weight=draw(weight)))
            else:
                found.append(fact("abstention", instrument=instrument, head=head, reason="no news"))
    return found


@st.composite
def held(draw: st.DrawFn, instrument: str) -> list[Fact]:
    """Nothing, a working entry, or a position with or without its stop."""
    kind = draw(st.sampled_from(("nothing", "nothing", "nothing", "working", "position", "protected")))
    if kind == "nothing":
        return []
    if kind == "working":
        return [fact("working", order="o-" + instrument, instrument=instrument, side="buy", role="entry", quantity=1)]
    side = draw(st.sampled_from(("long", "short")))
    gain, sessions = draw(near("0.025", "0.000001")), draw(st.integers(3, 6))
    best = draw(near("110", "0.0001"))
    horizon = draw(st.sampled_from(("swing", "position")))
    slots = {"side": side, "return": gain, "sessions-held": sessions, "best-close": best, "horizon": horizon}
    stop = fact("protection", instrument=instrument, stop=draw(near("106", "114", "110", "0.0001")))
    leg = fact("held-leg", instrument=instrument, basket=draw(st.sampled_from(("AAPL-IBM", "IBM-KO"))))
    joined = [leg] if kind == "protected" else []
    return [position(instrument, **slots), *joined, *([stop] if kind == "protected" else [])]


@st.composite
def few(draw: st.DrawFn) -> list[Fact]:
    """Facts for the rules of peculiar.clp."""
    found = []
    price = st.sampled_from(("10", "10.25", "11"))
    for instrument in INSTRUMENTS:
        if draw(st.sampled_from((True, True, True, False))):
            slots = {name: draw(price) for name in ("open", "high", "low", "close")}
            found.append(
                fact(
                    "bar",
                    instrument=instrument,
                    session="2011-01-03",
                    volume=draw(st.sampled_from((10, 11, 12))),
                    **slots,
                )
            )
        for head in HEADS:
            kind = draw(st.sampled_from(("advisory", "abstention", "")))
            if kind == "advisory":
                direction = draw(st.sampled_from(("long", "short", "flat")))
                found.append(advisory(instrument, head, direction, draw(st.sampled_from(("0.7", "0.7001")))))
            elif kind:
                reason = draw(st.sampled_from(("no news", "long", "broken")))
                found.append(fact("abstention", instrument=instrument, head=head, reason=reason))
        if draw(st.booleans()):
            found.append(position(instrument, side=draw(st.sampled_from(("long", "short")))))
    return found
