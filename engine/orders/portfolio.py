"""The portfolio a decision starts from: NAV, cash, positions, working orders and the desk's operational state."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from engine.orders.basket import Basket
from engine.orders.order import Order, State
from engine.orders.tail_loss import NoTailLoss, TailLoss, tail_loss_from_json
from knowledge.values import Json, canonical, digest, text


class Mode(StrEnum):
    """Which world the orders go to."""

    BACKTEST = "backtest"
    PAPER = "paper"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Position:
    """A net position. `quantity` is signed (short is negative); `stop` is the working protective stop, if any."""

    instrument: str
    quantity: Decimal
    entry_price: Decimal
    stop: Decimal | None
    best_close: Decimal
    sessions_held: int
    currency: str
    multiplier: Decimal
    strategy: str
    horizon: str
    basket: Basket | None = None
    """Of which it is a leg."""

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "instrument": self.instrument,
            "quantity": text(self.quantity),
            "entry_price": text(self.entry_price),
            "stop": None if self.stop is None else text(self.stop),
            "best_close": text(self.best_close),
            "sessions_held": self.sessions_held,
            "currency": self.currency,
            "multiplier": text(self.multiplier),
            "strategy": self.strategy,
            "horizon": self.horizon,
            **({} if self.basket is None else {"basket": self.basket.to_json()}),
        }

    @classmethod
    def from_json(cls, value: Json) -> Position:
        """Read what `to_json` wrote. Raises `KeyError`, `ValueError`."""
        return cls(
            value["instrument"],
            Decimal(value["quantity"]),
            Decimal(value["entry_price"]),
            None if value["stop"] is None else Decimal(value["stop"]),
            Decimal(value["best_close"]),
            value["sessions_held"],
            value["currency"],
            Decimal(value["multiplier"]),
            value["strategy"],
            value["horizon"],
            Basket.from_json(value["basket"]) if "basket" in value else None,
        )


@dataclass(frozen=True, slots=True)
class Working:
    """An order that may still fill: its terms, what is left of it, and where it stands."""

    order: Order
    remaining: Decimal
    state: State

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"order": self.order.to_json(), "remaining": text(self.remaining), "state": self.state.value}

    @classmethod
    def from_json(cls, value: Json) -> Working:
        """Read what `to_json` wrote. Raises `KeyError`, `ValueError`."""
        return cls(Order.from_json(value["order"]), Decimal(value["remaining"]), State(value["state"]))


@dataclass(frozen=True, slots=True)
class Operations:
    """What the shell knows of itself: the inputs of the conditions of layers 4, 6 and 7."""

    kill_switch: bool = False
    halted: bool = False
    feed_connected: bool = True
    broker_connected: bool = True
    books_reconciled: bool = True
    log_verified: bool = True
    clock_skew_ms: int = 0
    messages_last_second: int = 0
    executions: tuple[tuple[str, int], ...] = ()
    """(instrument, entries executed this session), in canonical order."""
    frozen: tuple[str, ...] = ()
    """Instruments whose venue has halted them: nothing can trade, exits neither."""

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "kill_switch": self.kill_switch,
            "halted": self.halted,
            "feed_connected": self.feed_connected,
            "broker_connected": self.broker_connected,
            "books_reconciled": self.books_reconciled,
            "log_verified": self.log_verified,
            "clock_skew_ms": self.clock_skew_ms,
            "messages_last_second": self.messages_last_second,
            "executions": [list(pair) for pair in self.executions],
            "frozen": list(self.frozen),
        }

    @classmethod
    def from_json(cls, value: Json) -> Operations:
        """Read what `to_json` wrote. Raises `KeyError`, `TypeError`."""
        fields = dict(value)
        fields["executions"] = tuple((name, count) for name, count in fields["executions"])
        fields["frozen"] = tuple(fields["frozen"])
        return cls(**fields)


@dataclass(frozen=True)
class Portfolio:
    """Money in the account's currency. `settled_cash` excludes unsettled and short-sale proceeds.

    `day_pnl` is the change of NAV since the last session's close; `traded_today` the notional already traded this
    session (for turnover). Positions and working orders may come in any order, and are kept in canonical order.
    """

    account: str
    mode: Mode
    currency: str
    nav: Decimal
    cash: Decimal
    settled_cash: Decimal
    day_pnl: Decimal
    high_water_mark: Decimal
    traded_today: Decimal
    positions: tuple[Position, ...]
    working: tuple[Working, ...]
    operations: Operations
    tail_loss: TailLoss | NoTailLoss | None = None
    """Figures of the positions, or why there are none; None where nothing is held. No decision reads them."""

    def __post_init__(self) -> None:
        held = sorted(self.positions, key=lambda one: one.instrument)
        working = sorted(self.working, key=lambda one: one.order.client_order_id)
        object.__setattr__(self, "positions", tuple(held))
        object.__setattr__(self, "working", tuple(working))

    def position(self, instrument: str) -> Position | None:
        """The position in one instrument, if there is one."""
        return next((held for held in self.positions if held.instrument == instrument), None)

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "account": self.account,
            "mode": self.mode.value,
            "currency": self.currency,
            "nav": text(self.nav),
            "cash": text(self.cash),
            "settled_cash": text(self.settled_cash),
            "day_pnl": text(self.day_pnl),
            "high_water_mark": text(self.high_water_mark),
            "traded_today": text(self.traded_today),
            "positions": [held.to_json() for held in self.positions],
            "working": [one.to_json() for one in self.working],
            "operations": self.operations.to_json(),
            **({} if self.tail_loss is None else {"tail_loss": self.tail_loss.to_json()}),
        }

    @classmethod
    def from_json(cls, value: Json) -> Portfolio:
        """Read what `to_json` wrote. Raises `KeyError`, `TypeError`, `ValueError`."""
        money = ("nav", "cash", "settled_cash", "day_pnl", "high_water_mark", "traded_today")
        return cls(
            account=value["account"],
            mode=Mode(value["mode"]),
            currency=value["currency"],
            positions=tuple(Position.from_json(held) for held in value["positions"]),
            working=tuple(Working.from_json(one) for one in value["working"]),
            operations=Operations.from_json(value["operations"]),
            tail_loss=tail_loss_from_json(value["tail_loss"]) if "tail_loss" in value else None,
            **{name: Decimal(value[name]) for name in money},
        )

    @cached_property
    def encoded(self) -> bytes:
        """The canonical bytes."""
        return canonical(self.to_json())

    @cached_property
    def digest(self) -> str:
        """Digest of the canonical bytes."""
        return digest(self.encoded)
