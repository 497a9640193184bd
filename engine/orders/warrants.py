"""Warrants: the permission for one order, bound to the inputs that justified it.

A warrant names one order, for an entry also the protective stop and the target that go with it, the account and the
mode it was issued for, digests of the four inputs of the decision, and an expiry. Its id is a digest of all of that,
so no field can change under an unchanged id. The mode is also a type: an adapter for paper takes a `PaperWarrant`, and
a `LiveWarrant` can not be passed to it (nor the other way round) without the type checker and `issue` noticing.

Left out: a signature. A warrant proves nothing alone; the receipt of the decision record that contains it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from engine.orders.order import Order
from engine.orders.portfolio import Mode
from knowledge.values import Json, canonical, digest


@dataclass(frozen=True, slots=True)
class Inputs:
    """Digests (`sha256:...`) of the four arguments of `decide`."""

    snapshot: str
    rulebook: str
    limits: str
    portfolio: str

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "snapshot": self.snapshot,
            "rulebook": self.rulebook,
            "limits": self.limits,
            "portfolio": self.portfolio,
        }


@dataclass(frozen=True, slots=True)
class Warrant:
    """The permission for one order; make one with `issue`. Instants are RFC 3339 in UTC; it dies at `expires_at`."""

    modes: ClassVar[frozenset[Mode]] = frozenset()

    warrant_id: str
    order: Order
    protective_stop: Order | None
    account: str
    mode: Mode
    inputs: Inputs
    issued_as_of: str
    expires_at: str
    take_profit: Order | None = None

    def __post_init__(self) -> None:
        if self.mode not in self.modes:
            raise ValueError(f"a {type(self).__name__} can not be issued for `{self.mode}`")
        if instant(self.expires_at) <= instant(self.issued_as_of):
            raise ValueError(f"a warrant issued at {self.issued_as_of} can not expire at {self.expires_at}")
        if self.warrant_id != _identity(self._content()):
            raise ValueError(f"`{self.warrant_id}` is not the id of this content")

    def _content(self) -> dict[str, Json]:
        return _content(
            order=self.order,
            protective_stop=self.protective_stop,
            account=self.account,
            mode=self.mode,
            inputs=self.inputs,
            issued_as_of=self.issued_as_of,
            expires_at=self.expires_at,
            take_profit=self.take_profit,
        )

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"warrant_id": self.warrant_id, **self._content()}

    @classmethod
    def from_json(cls, value: Json) -> PaperWarrant | LiveWarrant:
        """Read what `to_json` wrote, as the type of its mode. Raises `KeyError`, `TypeError`, `ValueError`."""
        stop, target = value["protective_stop"], value.get("take_profit")
        return _of_mode(Mode(value["mode"]))(
            warrant_id=value["warrant_id"],
            order=Order.from_json(value["order"]),
            protective_stop=None if stop is None else Order.from_json(stop),
            account=value["account"],
            mode=Mode(value["mode"]),
            inputs=Inputs(**value["inputs"]),
            issued_as_of=value["issued_as_of"],
            expires_at=value["expires_at"],
            take_profit=None if target is None else Order.from_json(target),
        )


class PaperWarrant(Warrant):
    """A warrant that no live venue takes: backtest or paper."""

    __slots__ = ()
    modes = frozenset({Mode.BACKTEST, Mode.PAPER})


class LiveWarrant(Warrant):
    """A warrant that no simulated venue takes."""

    __slots__ = ()
    modes = frozenset({Mode.LIVE})


def issue(
    order: Order,
    protective_stop: Order | None,
    *,
    account: str,
    mode: Mode,
    inputs: Inputs,
    issued_as_of: str,
    expires_at: str,
    take_profit: Order | None = None,
) -> PaperWarrant | LiveWarrant:
    """Issue a warrant of the mode's type, with the id its content has. Raises `ValueError` on impossible instants."""
    content = _content(
        order=order,
        protective_stop=protective_stop,
        account=account,
        mode=mode,
        inputs=inputs,
        issued_as_of=issued_as_of,
        expires_at=expires_at,
        take_profit=take_profit,
    )
    return _of_mode(mode)(
        warrant_id=_identity(content),
        order=order,
        protective_stop=protective_stop,
        account=account,
        mode=mode,
        inputs=inputs,
        issued_as_of=issued_as_of,
        expires_at=expires_at,
        take_profit=take_profit,
    )


def instant(text: str) -> datetime:
    """An RFC 3339 instant in UTC. Raises `ValueError` on anything else, a local time above all."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() != timedelta(0):
        raise ValueError(f"`{text}` is no instant in UTC; write it as 2011-01-03T21:00:00Z")
    return moment


def _of_mode(mode: Mode) -> type[PaperWarrant] | type[LiveWarrant]:
    return LiveWarrant if mode is Mode.LIVE else PaperWarrant


def _content(
    *,
    order: Order,
    protective_stop: Order | None,
    account: str,
    mode: Mode,
    inputs: Inputs,
    issued_as_of: str,
    expires_at: str,
    take_profit: Order | None,
) -> dict[str, Json]:
    return {
        "order": order.to_json(),
        "protective_stop": None if protective_stop is None else protective_stop.to_json(),
        # Said only where there is one: a warrant of the first release keeps its id.
        **({} if take_profit is None else {"take_profit": take_profit.to_json()}),
        "account": account,
        "mode": mode.value,
        "inputs": inputs.to_json(),
        "issued_as_of": issued_as_of,
        "expires_at": expires_at,
    }


def _identity(content: dict[str, Json]) -> str:
    # 128 bits name a warrant among honest ones; what binds it is that the decision record holds these very bytes.
    return "W-" + digest(canonical(content)).removeprefix("sha256:")[:32]
