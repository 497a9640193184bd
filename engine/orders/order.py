"""Orders, and the table that says what may follow what in an order's life.

An *entry* extends a position or starts one from flat; an *exit*, a *stop* or a *target* (take-profit) is reduce-only. A
cancel counts as not done until it is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from engine.orders.basket import Basket
from knowledge.values import Json, text


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 buys, -1 sells."""
        return 1 if self is Side.BUY else -1


class Role(StrEnum):
    """What an order is for."""

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    TARGET = "target"


class TimeInForce(StrEnum):
    """How long an order works. None outlives its warrant, but for what protects a position: that rests as it does."""

    DAY = "day"
    """For one session."""
    GTC = "gtc"
    """Good till cancelled: until its warrant ends; a stop or a target, until the position does."""
    IOC = "ioc"
    """Immediate or cancel: what the open of its first session fills; the rest is cancelled."""


class Kind(StrEnum):
    """How an order executes."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class State(StrEnum):
    """Where an order stands."""

    WARRANTED = "warranted"
    SUBMITTED = "submitted"
    WORKING = "working"
    PARTLY_FILLED = "partly-filled"
    CANCEL_PENDING = "cancel-pending"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class Event(StrEnum):
    """What can happen to an order."""

    SUBMIT = "submit"
    ACCEPT = "accept"
    REJECT = "reject"
    FILL_PART = "fill-part"
    FILL_ALL = "fill-all"
    REQUEST_CANCEL = "request-cancel"
    CONFIRM_CANCEL = "confirm-cancel"
    REFUSE_CANCEL = "refuse-cancel"
    EXPIRE = "expire"


TABLE: dict[tuple[State, Event], State] = {
    (State.WARRANTED, Event.SUBMIT): State.SUBMITTED,
    (State.WARRANTED, Event.EXPIRE): State.EXPIRED,
    (State.SUBMITTED, Event.ACCEPT): State.WORKING,
    (State.SUBMITTED, Event.REJECT): State.REJECTED,
    (State.WORKING, Event.FILL_PART): State.PARTLY_FILLED,
    (State.WORKING, Event.FILL_ALL): State.FILLED,
    (State.WORKING, Event.REQUEST_CANCEL): State.CANCEL_PENDING,
    (State.WORKING, Event.EXPIRE): State.EXPIRED,
    (State.PARTLY_FILLED, Event.FILL_PART): State.PARTLY_FILLED,
    (State.PARTLY_FILLED, Event.FILL_ALL): State.FILLED,
    (State.PARTLY_FILLED, Event.REQUEST_CANCEL): State.CANCEL_PENDING,
    (State.PARTLY_FILLED, Event.EXPIRE): State.EXPIRED,
    (State.CANCEL_PENDING, Event.FILL_PART): State.CANCEL_PENDING,
    (State.CANCEL_PENDING, Event.FILL_ALL): State.FILLED,
    (State.CANCEL_PENDING, Event.CONFIRM_CANCEL): State.CANCELLED,
    (State.CANCEL_PENDING, Event.REFUSE_CANCEL): State.WORKING,
    (State.CANCEL_PENDING, Event.EXPIRE): State.EXPIRED,
}
"""The order-state table: (state, event) -> state. What is not in it can not happen."""

FINAL = frozenset({State.FILLED, State.CANCELLED, State.EXPIRED, State.REJECTED})
"""States nothing follows."""


CUSTOM = {
    Role.ENTRY: TimeInForce.DAY,
    Role.EXIT: TimeInForce.DAY,
    Role.STOP: TimeInForce.GTC,
    Role.TARGET: TimeInForce.GTC,
}
"""How long an order of each role works where it does not say."""


class ImpossibleEvent(ValueError):
    """An event that the table does not allow in this state."""


def follow(state: State, event: Event) -> State:
    """The state after `event`. Raises `ImpossibleEvent`."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise ImpossibleEvent(f"an order that is {state} can not {event}") from None


@dataclass(frozen=True, slots=True)
class Order:
    """An order's terms. Quantities are positive; prices are in the instrument's currency."""

    client_order_id: str
    instrument: str
    side: Side
    role: Role
    kind: Kind
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    reduce_only: bool
    strategy: str
    horizon: str
    currency: str
    multiplier: Decimal
    # The shortest that an entry can have and still fill: whoever wants an order to rest says so.
    time_in_force: TimeInForce = TimeInForce.DAY
    basket: Basket | None = None
    """Of an entry that is a leg of one."""

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "client_order_id": self.client_order_id,
            "instrument": self.instrument,
            "side": self.side.value,
            "role": self.role.value,
            "kind": self.kind.value,
            "quantity": text(self.quantity),
            "limit_price": None if self.limit_price is None else text(self.limit_price),
            "stop_price": None if self.stop_price is None else text(self.stop_price),
            "reduce_only": self.reduce_only,
            "strategy": self.strategy,
            "horizon": self.horizon,
            "currency": self.currency,
            "multiplier": text(self.multiplier),
            **self._custom(),
            **({} if self.basket is None else {"basket": self.basket.to_json()}),
        }

    def _custom(self) -> dict[str, Json]:
        """What is said only where it is not the custom of the role: orders of the first release say the same bytes."""
        return {} if self.time_in_force is CUSTOM[self.role] else {"time_in_force": self.time_in_force.value}

    @classmethod
    def from_json(cls, value: Json) -> Order:
        """Read what `to_json` wrote. Raises `KeyError`, `ValueError`."""
        return cls(
            client_order_id=value["client_order_id"],
            instrument=value["instrument"],
            side=Side(value["side"]),
            role=Role(value["role"]),
            kind=Kind(value["kind"]),
            quantity=Decimal(value["quantity"]),
            limit_price=None if value["limit_price"] is None else Decimal(value["limit_price"]),
            stop_price=None if value["stop_price"] is None else Decimal(value["stop_price"]),
            reduce_only=value["reduce_only"],
            strategy=value["strategy"],
            horizon=value["horizon"],
            currency=value["currency"],
            multiplier=Decimal(value["multiplier"]),
            time_in_force=TimeInForce(value.get("time_in_force", CUSTOM[Role(value["role"])])),
            basket=Basket.from_json(value["basket"]) if "basket" in value else None,
        )
