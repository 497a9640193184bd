"""What surveillance holds figures against, with the reason for each default.

The patterns come from Regulation (EU) 596/2014 (MAR), Annex I, section A, which lists indicators (a) to (g), and from
Delegated Regulation (EU) 2016/522, Annex II, section 1, which describes practices; that there has to be automated
surveillance, with alerts at the latest at the next day's beginning, from Delegated Regulation (EU) 2017/589 (RTS 6),
art. 13. None of them has a number: the numbers are this desk's, and whoever runs it answers for them once a year.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction

from knowledge.values import Json, fraction, text

LEAST_NEAR = Fraction(1, 2)
"""Below this share of a bound nothing is remembered, so no `near` may be lower."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Thresholds. Shares are of one; a session is one of the calendar."""

    wash_price: Fraction = Fraction(1, 1000)
    """How far apart two prices are the same: ten basis points, more than what slippage makes of one price."""
    wash_quantity: Fraction = Fraction(4, 5)
    """The share of the larger side that the other takes back: what is left is no change of risk worth the name."""
    layering_orders: int = 3
    """Orders on one side that go after a fill on the other: two may be chance, MAR I.A(f) speaks of orders."""
    layering_ratio: Fraction = Fraction(2)
    """How many times the filled quantity they showed: more is there to be seen than is there to trade."""
    layering_sessions: int = 1
    """Sessions within which they go, that of the fill among them."""
    close_minutes: int = 15
    """The end of a session in which prices are made that others settle by (MAR I.A(g))."""
    close_share: Fraction = Fraction(1, 20)
    """Our share of the volume then: half of what a desk lets itself take of a bar as it ships."""
    close_move: Fraction = Fraction(1, 100)
    """The move of the price our way until the close: more than most closing minutes have."""
    cancel_count: int = 5
    """Orders of a day in one instrument that were taken back, from which their share is looked at."""
    cancel_share: Fraction = Fraction(1, 2)
    """The share of them of all orders of that day and instrument."""
    replace_count: int = 20
    """Replacements of one stop's price on a day and instrument: a stop that trails moves once a bar."""
    near: Fraction = Fraction(19, 20)
    """The share of a bound from which an entry is near it."""
    near_times: int = 3
    """How often, within so many sessions."""
    near_sessions: int = 20
    """About a month."""
    binding_sessions: int = 5
    """Sessions in a row on which one limit cut or refused entries: a week."""

    def to_json(self) -> Json:
        """All of them, exact."""
        return {one.name: text(getattr(self, one.name)) for one in fields(self)}

    @staticmethod
    def from_json(value: Json) -> Parameters:
        """The inverse. Raises `KeyError`, `TypeError`, `ValueError` for what is none."""
        if set(value) != {one.name for one in fields(Parameters)}:
            raise ValueError("these are not the parameters of surveillance")
        read = {name: fraction(said) for name, said in value.items()}
        whole = {one.name for one in fields(Parameters) if one.type == "int"}
        return Parameters(**{name: int(said) if name in whole else said for name, said in read.items()})  # type: ignore[arg-type]
