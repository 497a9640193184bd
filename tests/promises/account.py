"""A plain account: orders that fill, and the numeric limits of docs/limits.md read line by line.

Slow and obvious on purpose, and written from that page alone: nothing of the engine's reach, measures or encoding is
used, only the values they are asked about. Every value of the page but the variance is a sum over instruments, so the
account asks what one instrument adds under one filling of its own orders; a filling of everything is such a filling of
each, and the worst of everything is the sum of the worst of each. The variance is asked at every corner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import permutations, product
from random import Random

from engine.gate.market import Market, Terms
from engine.gate.proposals import Exit, Grant
from engine.limits.model import Limit, Limits, When
from engine.orders.order import Role
from engine.orders.portfolio import Portfolio

ZERO = Fraction(0)
SESSIONS_A_YEAR_ROOTED = Fraction(1587, 100)
"""Annual over daily volatility: the square root of 252, rounded down."""


@dataclass(frozen=True)
class Ticket:
    """An order that may fill: `cost` is the worst slippage of a share, `loss` that of a share at its stop."""

    name: str
    instrument: str
    sign: int
    quantity: Fraction
    cost: Fraction
    loss: Fraction
    reducing: bool
    new: bool
    strategy: str
    horizon: str
    basket: str = ""


Filling = Mapping[str, Fraction]
"""Shares filled of each ticket, by its name; a ticket that is not named has not filled."""


@dataclass(frozen=True)
class Row:
    """One limit applied to one subject: the instruments it sums over, and what it allows."""

    name: str
    limit: Limit
    members: tuple[str, ...]
    allowed: Fraction
    sign: int = 1
    about: str = ""
    """The instrument, group or scenario."""


@dataclass(frozen=True)
class Account:
    """Positions and every order of a decision: working, its exits, its entries."""

    portfolio: Portfolio
    exits: tuple[Exit, ...]
    grants: tuple[Grant, ...]
    market: Market
    limits: Limits
    regime: str

    @cached_property
    def held(self) -> dict[str, Fraction]:
        """Shares held now."""
        return {one.instrument: Fraction(one.quantity) for one in self.portfolio.positions if one.quantity}

    @cached_property
    def tickets(self) -> tuple[Ticket, ...]:
        """Every order, this decision's entries last."""
        return (*self._working(), *self._exits(), *self._entries())

    @cached_property
    def before(self) -> Account:
        """The same account without this decision's entries."""
        return Account(self.portfolio, self.exits, (), self.market, self.limits, self.regime)

    # --- orders as the page prices them -------------------------------------------------------------------------

    @property
    def collar(self) -> Fraction:
        """How far a price may run from the reference, as a share of it."""
        day = self.market.session
        rows = [one for one in self.limits.limits if one.kind == "price_collar"]
        return min(one.bound for one in rows if not one.until or day <= one.until)

    def _working(self) -> Iterator[Ticket]:
        for one in self.portfolio.working:
            order, terms = one.order, self.market.terms[one.order.instrument]
            sign, entry = order.side.sign, order.role is Role.ENTRY
            worst = terms.price * (1 + sign * self.collar)
            if entry and order.limit_price is not None:
                worst = Fraction(order.limit_price)
            # A long without a stop loses its price.
            loss = max(ZERO, sign * (worst - Fraction(order.stop_price or 0))) * terms.unit if entry else ZERO
            cost = max(ZERO, sign * (worst - terms.price)) * terms.unit
            owner = (order.strategy, order.horizon, order.basket.name if entry and order.basket else "")
            yield Ticket(
                f"working {order.client_order_id}", order.instrument, sign, Fraction(one.remaining), cost, loss,
                not entry, False, *owner,
            )  # fmt: skip

    def _exits(self) -> Iterator[Ticket]:
        for one in self.exits:
            terms = self.market.terms.get(one.instrument)
            # An exit without figures goes out too; with it in the account no entry may be granted.
            cost = self.collar * terms.price * terms.unit if terms else ZERO
            yield Ticket(
                f"exit {one.instrument}", one.instrument, one.side.sign, one.quantity, cost, ZERO, True, False, "", ""
            )

    def _entries(self) -> Iterator[Ticket]:
        for one in self.grants:
            entry, terms = one.entry, self.market.terms[one.entry.instrument]
            sign = entry.side.sign
            cost = max(ZERO, sign * (entry.limit_price - terms.price)) * terms.unit
            loss = max(ZERO, sign * (entry.limit_price - entry.stop_price)) * terms.unit
            yield Ticket(
                f"entry {entry.instrument}", entry.instrument, sign, one.quantity, cost, loss, False, True,
                entry.strategy, entry.horizon, entry.basket.name if entry.basket else "",
            )  # fmt: skip

    @cached_property
    def by_instrument(self) -> dict[str, tuple[Ticket, ...]]:
        """Tickets of each instrument that is held or ordered and has figures."""
        names = sorted({*self.held, *(one.instrument for one in self.tickets)} & set(self.market.terms))
        return {name: tuple(one for one in self.tickets if one.instrument == name) for name in names}

    # --- fillings -----------------------------------------------------------------------------------------------

    def most(self, ticket: Ticket, filled: Filling) -> Fraction:
        """What of a ticket may still fill after `filled`; exits and stops together fill at most the position."""
        left = ticket.quantity - filled.get(ticket.name, ZERO)
        if not ticket.reducing:
            return left
        held = self.held.get(ticket.instrument, ZERO)
        if held * ticket.sign >= 0:
            return ZERO
        gone = sum(filled.get(one.name, ZERO) for one in self.by_instrument[ticket.instrument] if one.reducing)
        return min(left, abs(held) - gone)

    def history(self, chance: Random, steps: int) -> Iterator[Filling]:
        """A random life of the account: after each step one more order has filled, in part or whole."""
        tickets = [one for name in self.by_instrument for one in self.by_instrument[name]]
        filled: dict[str, Fraction] = {}
        for _ in range(steps if tickets else 0):
            one = chance.choice(tickets)
            part = chance.choice((Fraction(1), Fraction(1), Fraction(chance.randint(1, 99), 100)))
            filled[one.name] = filled.get(one.name, ZERO) + part * self.most(one, filled)
            yield dict(filled)

    def corners(self, name: str) -> list[Filling]:
        """Every filling of one instrument's orders that fills them one after another, whole as far as it goes; and one
        that leaves it flat, where some fillings end long and others short (a share of the others' sum is worst there).
        """
        found: dict[tuple[Fraction, ...], Filling] = {}
        own = self.by_instrument[name]
        for count in range(len(own) + 1):
            for order in permutations(own, count):
                filled: dict[str, Fraction] = {}
                for one in order:
                    filled[one.name] = self.most(one, filled)
                found.setdefault(tuple(filled.get(one.name, ZERO) for one in own), filled)
        fillings = list(found.values())
        low, high = min(fillings, key=self._shares(name)), max(fillings, key=self._shares(name))
        short, long = self._shares(name)(low), self._shares(name)(high)
        if short < 0 < long:
            part = long / (long - short)
            fillings.append({one.name: part * low.get(one.name, ZERO) + (1 - part) * high.get(one.name, ZERO)
                             for one in own})  # fmt: skip
        return fillings

    def _shares(self, name: str) -> Callable[[Filling], Fraction]:
        own, held = self.by_instrument[name], self.held.get(name, ZERO)
        return lambda filled: held + sum((one.sign * filled.get(one.name, ZERO) for one in own), ZERO)

    # --- money --------------------------------------------------------------------------------------------------

    def _counted(self) -> Iterator[tuple[Ticket, Fraction]]:
        """Each ticket with the shares it counts for in costs and fees: exits and stops at most the position."""
        left = {name: abs(shares) for name, shares in self.held.items()}
        for one in self.tickets:
            if not one.reducing:
                yield one, one.quantity
                continue
            reduces = self.held.get(one.instrument, ZERO) * one.sign < 0
            shares = min(one.quantity, left[one.instrument]) if reduces else ZERO
            if reduces:
                left[one.instrument] -= shares
            yield one, shares

    @cached_property
    def fees(self) -> Fraction:
        """What all orders cost at most."""
        shape = self.limits.parameters
        orders = [(one, shares) for one, shares in self._counted() if one.instrument in self.market.terms]
        return sum((shape.fee_per_order + shape.fee_per_share * shares for _, shares in orders), ZERO)

    @cached_property
    def nav(self) -> Fraction:
        """NAV less worst slippage and fees of all orders."""
        slippage = sum((one.cost * shares for one, shares in self._counted()), ZERO)
        return Fraction(self.portfolio.nav) - slippage - self.fees

    # --- limits -------------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every limit of the page over every subject it has."""
        always = ("price_collar",)
        session = self.market.session
        return tuple(
            row
            for limit in self.limits.limits
            if (limit.effective <= session or limit.kind in always) and session <= (limit.until or session)
            if self._concerns(limit.when)
            for row in self._rows(limit)
        )

    def _concerns(self, when: When) -> bool:
        """Whether a limit is meant for this day; what this account does not know is meant."""
        if when.regimes and self.regime not in (*when.regimes, "unknown"):
            return False
        figure = self.market.figures.get(when.figure)
        if figure is not None and when.above is not None and figure <= when.above:
            return False
        return figure is None or when.below is None or figure < when.below

    def _rows(self, limit: Limit) -> Iterator[Row]:  # noqa: PLR0912 - a branch for each line of the page
        names = tuple(self.market.terms)
        multipliers = self.limits.regime_multipliers
        least = min(multipliers.values())
        regime = least if self.regime == "unknown" else multipliers.get(self.regime, least)
        allowed = (regime if limit.regime else 1) * limit.bound * self.nav
        match limit.kind:
            case "instrument_exposure" | "stop_loss":
                yield from (Row(f"{limit.id}[{name}]", limit, (name,), allowed, about=name) for name in names)
            case "order_value" | "order_quantity" | "volume_share" | "price_collar":
                for one in self.grants:
                    name = one.entry.instrument
                    yield Row(f"{limit.id}[{name}]", limit, (name,), self._order_allowed(limit, name), about=name)
            case "beta":
                yield Row(f"{limit.id}[:long]", limit, names, allowed)
                yield Row(f"{limit.id}[:short]", limit, names, allowed, sign=-1)
            case "group_gross":
                for group, members in self._groups(limit.by).items():
                    if limit.only in ("", group):
                        yield Row(f"{limit.id}[{group}]", limit, members, allowed, about=group)
            case "basket_net":
                for basket, members in self._baskets().items():
                    yield Row(f"{limit.id}[{basket}:long]", limit, members, allowed, about=basket)
                    yield Row(f"{limit.id}[{basket}:short]", limit, members, allowed, sign=-1, about=basket)
            case "cluster_gross":
                for cluster in self.market.clusters:
                    known = tuple(name for name in cluster if name in names)
                    yield Row(f"{limit.id}[{'+'.join(cluster)}]", limit, known, allowed)
            case "concentration":
                if len(self._complete()) >= limit.once:
                    yield from (Row(f"{limit.id}[{name}]", limit, names, ZERO, about=name) for name in names)
            case "stress":
                for one in (each for each in self.limits.scenarios if not each.drawn):
                    yield Row(f"{limit.id}[{one.id}]", limit, names, allowed, about=one.id)
            case "volatility" | "value_at_risk" | "expected_shortfall":
                yield Row(limit.id, limit, names, allowed * abs(allowed))
            case "cash_reserve":
                left = Fraction(self.portfolio.settled_cash) - limit.bound * Fraction(self.portfolio.nav)
                yield Row(limit.id, limit, names, left)
            case "credit":
                yield Row(limit.id, limit, names, (regime if limit.regime else 1) * limit.bound)
            case (
                "open_orders" | "gross" | "net_long" | "net_short" | "turnover" | "loss_budget" | "open_risk" | "margin"
            ):
                yield Row(limit.id, limit, names, allowed)

    def _order_allowed(self, limit: Limit, name: str) -> Fraction:
        terms = self.market.terms[name]
        factors = {"order_value": self.nav, "order_quantity": Fraction(1), "volume_share": terms.average_volume}
        return limit.bound * factors.get(limit.kind, terms.price)

    def _complete(self) -> list[str]:
        return [name for name in self.held if name in self.market.terms]

    def _groups(self, by: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        if by in ("sector", "issuer", "currency"):
            for name, terms in self.market.terms.items():
                found.setdefault(getattr(terms, by), set()).add(name)
        else:
            tagged = [(one.instrument, getattr(one, by)) for one in self.portfolio.positions if one.quantity]
            tagged += [(one.instrument, getattr(one, by)) for one in self.tickets]
            for name, group in tagged:
                if group and name in self.market.terms:
                    found.setdefault(group, set()).add(name)
        return {group: tuple(sorted(members)) for group, members in sorted(found.items())}

    def _baskets(self) -> dict[str, tuple[str, ...]]:
        held = [(one.instrument, one.basket.name) for one in self.portfolio.positions if one.basket and one.quantity]
        tagged = [*held, *((one.instrument, one.basket) for one in self.tickets if one.basket)]
        names = sorted({basket for _, basket in tagged})
        return {one: tuple(sorted({name for name, basket in tagged if basket == one and name in self.market.terms}))
                for one in names}  # fmt: skip

    # --- the value of a filling ---------------------------------------------------------------------------------

    def value(self, row: Row, filled: Filling) -> Fraction:
        """The left side of a limit under a filling of everything; the square of it where squares are compared."""
        if row.limit.spec.form == "convex":
            return self._squared(row.limit, {name: self._shares(name)(filled) for name in self.by_instrument})
        total = self._standing(row.limit)
        for name in row.members:
            total += self.part(row, name, filled)
        return total

    def worst(self, row: Row) -> Fraction:
        """The left side of a limit under the filling that makes it largest."""
        if row.limit.spec.form == "convex":
            ends = {name: {self._shares(name)(one) for one in self.corners(name)} for name in self.by_instrument}
            corners = product(*({min(each), max(each)} for each in ends.values()))
            return max(self._squared(row.limit, dict(zip(ends, shares, strict=True))) for shares in corners)
        total = self._standing(row.limit)
        for name in row.members:
            fillings = self.corners(name) if name in self.by_instrument else [{}]
            total += max(self.part(row, name, filled) for filled in fillings)
        return total

    def _squared(self, limit: Limit, shares: Mapping[str, Fraction]) -> Fraction:
        """The square of a multiple of the day's standard deviation."""
        days = {"volatility": Fraction(252), "value_at_risk": Fraction(limit.days)}.get(limit.kind, Fraction(1))
        factor = {"value_at_risk": Fraction("1.644854"), "expected_shortfall": Fraction("2.062713")}.get(limit.kind, 1)
        known = {name: self.market.terms[name] for name in shares if self.market.terms[name].factors}
        exposures = {name: shares[name] * one.price * one.unit for name, one in known.items()}
        variance = sum((one.residual * exposures[name] ** 2 for name, one in known.items()), ZERO)
        for loadings in zip(*(one.factors for one in known.values()), strict=True):
            variance += sum((a * b for a, b in zip(loadings, exposures.values(), strict=True)), ZERO) ** 2
        return variance * days * factor**2

    def _standing(self, limit: Limit) -> Fraction:
        match limit.kind:
            case "turnover":
                return Fraction(self.portfolio.traded_today)
            case "loss_budget":
                return max(ZERO, -Fraction(self.portfolio.day_pnl))
            case "cash_reserve":
                return self.fees
        return ZERO

    def part(self, row: Row, name: str, filled: Filling) -> Fraction:  # noqa: PLR0911 - as above
        """What one instrument adds."""
        limit, terms, tickets = row.limit, self.market.terms[name], self.by_instrument.get(name, ())
        moved = [(one, filled.get(one.name, ZERO)) for one in tickets]
        shares = self._shares(name)(filled) if tickets else self.held.get(name, ZERO)
        exposure = shares * terms.price * terms.unit
        match limit.kind:
            case "instrument_exposure" | "gross" | "credit" | "group_gross" | "cluster_gross":
                return abs(exposure)
            case "net_long":
                return exposure
            case "net_short":
                return -exposure
            case "basket_net":
                return row.sign * exposure
            case "beta":
                return row.sign * terms.beta * exposure
            case "concentration":
                return (1 - limit.bound) * abs(exposure) if name == row.about else -limit.bound * abs(exposure)
            case "margin":
                return max(limit.long * exposure, -limit.short * exposure)
            case "stress":
                return self._stressed(row.about, terms, exposure)
            case "turnover":
                return sum((f * (terms.price * terms.unit + one.cost) for one, f in moved), ZERO)
            case "open_orders":
                return sum((one.quantity * (terms.price * terms.unit + one.cost) for one in tickets
                            if not one.reducing), ZERO)  # fmt: skip
            case "cash_reserve":
                return sum((f * (terms.price * terms.unit + one.cost) for one, f in moved if one.sign > 0), ZERO)
            case "stop_loss" | "loss_budget" | "open_risk":
                return self._at_stops(name, terms, moved)
        return self._of_entry(limit, name, terms)

    def _stressed(self, scenario_id: str, terms: Terms, exposure: Fraction) -> Fraction:
        scenario = next(one for one in self.limits.scenarios if one.id == scenario_id)
        if scenario.sigmas:
            return abs(exposure) * scenario.sigmas * terms.volatility / SESSIONS_A_YEAR_ROOTED
        if scenario.instruments:
            return -exposure * dict(scenario.instruments)[terms.instrument]
        sector = [-exposure * move for name, move in scenario.sectors if name == terms.sector]
        index = [-exposure * terms.beta * scenario.index] if scenario.index else []
        return max([*sector, *index], default=0 * exposure)

    def _at_stops(self, name: str, terms: Terms, moved: Sequence[tuple[Ticket, Fraction]]) -> Fraction:
        held = next((one for one in self.portfolio.positions if one.instrument == name and one.quantity), None)
        loss = sum((f * one.loss for one, f in moved if not one.reducing), ZERO)
        if held is None:
            return loss
        side = 1 if held.quantity > 0 else -1
        each = max(ZERO, side * (terms.price - Fraction(held.stop or 0))) * terms.unit
        exited = sum((f for one, f in moved if one.reducing), ZERO)
        return loss + (abs(Fraction(held.quantity)) - exited) * each

    def _of_entry(self, limit: Limit, name: str, terms: Terms) -> Fraction:
        """Limits of one order look at the whole order, filled or not."""
        for one in self.grants:
            if one.entry.instrument == name:
                if limit.kind == "price_collar":
                    return abs(one.entry.limit_price - terms.price)
                worst = max(ZERO, one.entry.side.sign * (one.entry.limit_price - terms.price)) * terms.unit
                return one.quantity * (terms.price * terms.unit + worst if limit.kind == "order_value" else 1)
        return ZERO


def breaches(account: Account, filled: Filling) -> list[str]:
    """Every limit that a filling breaks and that the same filling without the entries does not break as far.

    Nothing excuses a convex one.
    """
    old = {name: shares for name, shares in filled.items() if not name.startswith("entry ")}
    found = []
    for row in account.rows:
        value = account.value(row, filled)
        strict = row.limit.spec.form == "convex"
        if value > row.allowed and (strict or value > account.before.value(row, old)):
            found.append(f"{row.name}: {value} of {row.allowed}")
    return found
