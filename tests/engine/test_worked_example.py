"""The worked example of docs/refusal.md: its words are those of an explanation, and its figures add up."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

from engine.decide import decide
from engine.decision import Decision
from tests.engine.test_decide import refused_twice, told
from tests.promises.cycles import rulebook

PAGE = (Path(__file__).parents[2] / "docs" / "refusal.md").read_text(encoding="utf-8")


@cache
def decision() -> Decision:
    cycle = refused_twice()
    return decide(cycle.snapshot, rulebook(), cycle.limits, cycle.portfolio)


def test_the_page_quotes_the_explanation() -> None:
    given = [line.strip(" │├└─") for line in told(refused_twice(), decision()).splitlines()]
    quoted = [line.strip(" │├└─") for line in PAGE.splitlines() if line.startswith("    ")]
    for line in quoted:
        beginning = line.removesuffix("…").strip()
        assert any(one.startswith(beginning) for one in given), line


def test_two_minimal_cores_and_three_owners() -> None:
    refused = decision().verdict("IBM")
    assert [(one.constraint, one.grants) for one in refused.cores] == [
        ("account.cash", ("AAPL",)),
        ("portfolio.gross", ("AAPL",)),
    ]
    assert [[one.owner for one in way] for way in refused.repairs] == [["quant"], ["treasury", "risk"]]


def test_the_figures_of_the_page_add_up() -> None:
    cycle, granted = refused_twice(), decision().verdict("AAPL")
    closes = {name: Decimal(cycle.snapshot.find("bar", name)["close"]) for name in ("AAPL", "IBM")}  # type: ignore[index]
    worst = {name: Decimal(decision().verdict(name).limit_price) for name in closes}
    shares = {"AAPL": Decimal(granted.quantity), "IBM": Decimal(1)}
    fees = {name: 1 + each * Decimal("0.005") for name, each in shares.items()}
    exposure = sum(shares[name] * closes[name] for name in closes)
    slippage = sum(shares[name] * (worst[name] - closes[name]) for name in closes)
    spent = sum(shares[name] * worst[name] for name in closes) + sum(fees.values())
    nav = Decimal(1_000_000) - slippage - sum(fees.values())
    most = nav * Decimal("0.065")
    settled = Decimal(86_900) - Decimal("0.02") * 1_000_000
    for figure in (exposure, nav, most, exposure - most, spent, settled, spent - settled):
        assert f"{figure.quantize(Decimal('0.01')):,}".removesuffix(".00") in PAGE, figure
    assert exposure > most and spent > settled
    for name, each in fees.items():
        assert f"{each}" in PAGE, name
    assert f"{exposure / nav * 100:.4f} %" in PAGE
    fewer = {"AAPL": shares["AAPL"] - 1, "IBM": shares["IBM"]}
    less = sum(fewer[name] * closes[name] for name in closes)
    paid = sum(fewer[name] * worst[name] for name in closes) + 2 + sum(fewer.values()) * Decimal("0.005")
    assert f"{less:,.2f}" in PAGE and f"{paid:,.3f}" in PAGE
    assert less <= most and paid <= settled
