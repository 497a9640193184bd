"""`limits check` finds what it is for, and nothing in the file that ships."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from engine.gate.market import Market
from engine.limits.model import Limits
from engine.limits.text import read_limits
from engine.universe import check as checking
from engine.universe.check import Check, Finding, check
from tests.engine.small_desk import limit, limits
from tests.engine.universe.edited import BASE
from tests.engine.universe.made_market import made_market

SHIPPED = Path(__file__).parents[3] / "limits.yaml"
NAV = Decimal(1_000_000)
MARKET = made_market(5, covariance=True)


def checked(file: Limits, market: Market = MARKET, nav: Decimal = NAV) -> Check:
    return check(file, market, nav, "USD")


def edited(before: str, after: str) -> Limits:
    text = BASE.read_text(encoding="utf-8")
    assert text.count(before) == 1
    return read_limits(text.replace(before, after))


def of(found: Check, what: str) -> Sequence[Finding]:
    return [one for one in found.findings if one.what == what]


@pytest.mark.parametrize("file", [BASE, SHIPPED], ids=["base", "shipped"])
def test_nothing_is_found_in_a_sensible_file(file: Path) -> None:
    found = checked(read_limits(file.read_text(encoding="utf-8")))
    assert found.found == ()
    assert found.monotone > 40


def test_a_regime_in_which_no_lot_fits() -> None:
    # 2 % of 20 % of NAV: less than any share costs
    found = checked(edited("volatile: 0.3, unknown: 0.3", "volatile: 0.00001, unknown: 0.00001"))
    ones = of(found, "no lot fits")
    assert [one.limits for one in ones] == [("portfolio.gross", "position.exposure")]
    assert "regime volatile" in ones[0].sentence
    assert not ones[0].note


def test_an_instrument_of_which_no_lot_fits_is_a_note() -> None:
    dear = made_market(4)
    terms = dict(dear.terms)
    terms["S00"] = checking.replace(terms["S00"], price=Fraction(10_000_000))
    found = checked(read_limits(BASE.read_text(encoding="utf-8")), Market(dear.session, terms, {}, dear.clusters))
    (one,) = of(found, "no lot fits")
    assert one.note
    assert "one lot of S00 fit" in one.sentence


def test_a_concentration_that_no_book_can_keep_comes_with_its_sum() -> None:
    found = checked(edited("once: 3, bound: 60 %", "once: 3, bound: 10 %"))
    (one,) = of(found, "no book fits")
    assert one.limits == ("portfolio.concentration",)
    assert one.certificate is not None
    assert one.certificate.total == 0
    # five shares of 10 % each are less than everything
    assert len(one.certificate.parts) == 5


def test_exits_that_do_not_go_out_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = checking.propose_exits

    def forgetful(derived: object, portfolio: object, market: object, in_force: Sequence[object]) -> object:
        # as if the state `halted` closed the way out
        halted = any(getattr(one, "then", "") == "halted" for one in in_force) and portfolio.operations.kill_switch  # type: ignore[attr-defined]
        return () if halted else plain(derived, portfolio, market, in_force)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "propose_exits", forgetful)
    (one,) = of(checked(read_limits(BASE.read_text(encoding="utf-8"))), "an exit is blocked")
    assert "state halted" in one.sentence


def test_a_limit_that_is_not_monotone_is_found() -> None:
    # no file says so: the reader refuses it. Were it to let one through, this is what is said.
    bad = limits(limit("concentration", "1.5", once=1), limit("margin", "0.5", long=Fraction(-1), short=Fraction(1, 2)))
    found = {one.limits: one.sentence for one in of(checked(bad), "not monotone")}
    assert set(found) == {("concentration",), ("margin",)}
    assert "less concentrated" in found["concentration",]


def test_a_limit_that_never_binds_is_a_note_with_its_sum() -> None:
    raised = edited("by: issuer, bound: 25 %", "by: issuer, bound: 30 %")
    notes = {one.limits[0]: one for one in of(checked(raised, made_market(12)), "never binds")}
    issuer = notes["portfolio.issuer"]
    assert issuer.note
    assert issuer.certificate is not None
    assert [(str(part.multiplier), part.limit) for part in issuer.certificate.parts] == [("1", "position.exposure")]
    assert "portfolio.sector" not in notes


def test_two_limits_on_one_number_leave_one_that_never_binds() -> None:
    twice = limits(limit("order_value", "0.1"), limit("order_value", "0.2", id="wider"), limit("head_brier", "1"))
    notes = {one.limits for one in of(checked(twice), "never binds")}
    assert {("wider",), ("head_brier",)} <= notes


def test_what_was_left_out_is_said() -> None:
    missing = Market(MARKET.session, MARKET.terms, {"ZZ": ("bar",)}, ())
    quantity = 'bound: 5000, unit: shares, owner: risk, source: "RTS 6 art. 15(1)(c)", effective: 2010-01-01'
    later = edited(quantity, f"{quantity}, until: 2011-01-01")
    left = [one.sentence for one in of(checked(later, missing), "left out")]
    assert any("ZZ" in one for one in left)
    assert any("order.quantity" in one for one in left)
