"""Warrants: the id is the content, the mode is a type."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orders.order import Kind, Order, Role, Side
from engine.orders.portfolio import Mode
from engine.orders.warrants import Inputs, LiveWarrant, PaperWarrant, Warrant, instant, issue
from knowledge.values import canonical, parse

ORDER = Order(
    "c-1",
    "AAPL",
    Side.BUY,
    Role.ENTRY,
    Kind.LIMIT,
    Decimal(10),
    Decimal("329.57"),
    None,
    False,
    "trend",
    "swing",
    "USD",
    Decimal(1),
)
STOP = replace(
    ORDER,
    client_order_id="c-1-stop",
    side=Side.SELL,
    role=Role.STOP,
    kind=Kind.STOP,
    limit_price=None,
    stop_price=Decimal("320"),
    reduce_only=True,
)
TERMS = {
    "order": ORDER,
    "protective_stop": STOP,
    "account": "desk",
    "mode": Mode.PAPER,
    "inputs": Inputs("sha256:a", "sha256:b", "sha256:c", "sha256:d"),
    "issued_as_of": "2011-01-03T21:00:00Z",
    "expires_at": "2011-01-04T21:00:00Z",
}
OTHER = {
    "order": replace(ORDER, quantity=Decimal(11)),
    "protective_stop": None,
    "take_profit": replace(STOP, client_order_id="c-1-target", role=Role.TARGET, kind=Kind.LIMIT),
    "account": "other",
    "mode": Mode.BACKTEST,
    "inputs": Inputs("sha256:a", "sha256:b", "sha256:c", "sha256:e"),
    "issued_as_of": "2011-01-03T21:00:01Z",
    "expires_at": "2011-01-04T21:00:01Z",
}


@pytest.mark.parametrize("mode", list(Mode))
def test_a_warrant_has_the_type_of_its_mode_and_survives_its_bytes(mode: Mode) -> None:
    warrant = issue(**{**TERMS, "mode": mode})
    assert type(warrant) is (LiveWarrant if mode is Mode.LIVE else PaperWarrant)
    again = Warrant.from_json(parse(canonical(warrant.to_json())))
    assert again == warrant and type(again) is type(warrant)


def test_the_same_content_has_the_same_id_and_any_other_has_another() -> None:
    first = issue(**TERMS)
    assert issue(**TERMS) == first
    ids = {issue(**{**TERMS, name: value}).warrant_id for name, value in OTHER.items()}
    assert len(ids | {first.warrant_id}) == len(OTHER) + 1
    assert set(OTHER) == {field.name for field in fields(Warrant)} - {"warrant_id"}


@given(st.sampled_from(sorted(OTHER)))
def test_no_field_changes_under_an_unchanged_id(name: str) -> None:
    with pytest.raises(ValueError, match="is not the id of this content"):
        replace(issue(**TERMS), **{name: OTHER[name]})


def test_a_mode_can_not_wear_the_type_of_another() -> None:
    paper = issue(**TERMS)
    live = issue(**{**TERMS, "mode": Mode.LIVE})
    with pytest.raises(ValueError, match="can not be issued for `live`"):
        PaperWarrant(**{field.name: getattr(live, field.name) for field in fields(live)})
    with pytest.raises(ValueError, match="can not be issued for `paper`"):
        LiveWarrant(**{field.name: getattr(paper, field.name) for field in fields(paper)})
    with pytest.raises(ValueError, match="can not be issued"):
        Warrant(**{field.name: getattr(paper, field.name) for field in fields(paper)})


@pytest.mark.parametrize("expires_at", ["2011-01-03T21:00:00Z", "2011-01-03T20:59:59Z"])
def test_a_warrant_that_never_lives_is_not_issued(expires_at: str) -> None:
    with pytest.raises(ValueError, match="can not expire at"):
        issue(**{**TERMS, "expires_at": expires_at})


@pytest.mark.parametrize("text", ["2011-01-03T21:00:00", "2011-01-03T21:00:00+01:00", "2011-01-03", "soon"])
def test_an_instant_is_in_utc_or_nothing(text: str) -> None:
    with pytest.raises(ValueError):
        instant(text)
