"""The second derivation: the limits as SMT-LIB text in which each order's fill is a free variable.

Written from `docs/limits.md` and sharing no formula with `engine.reach` and `engine.measures`: nothing here knows what a
worst case is. Each order fills anything between nothing and its quantity, each limit is the value of one filling, and
the solver looks for a filling that breaks one. A limit is broken where its value exceeds its bound *and* exceeds what
the same filling without this decision's entries makes it (promise 1).

The text is a value of the record: any solver that reads SMT-LIB 2 (QF_LRA) can answer it again. Left out: convex
limits and baskets (a later issue).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from engine.limits import Limit, Limits
from engine.market import Market, Terms
from engine.orders import Role
from engine.portfolio import Portfolio
from engine.proposals import Entry, Exit, Grant

BUDGET = 20_000_000
"""Solver resource units a script may use; a thousand times what a decision of five instruments takes."""


@dataclass(frozen=True, slots=True)
class Resting:
    """An order that stands apart from this decision's entries, with the name of its fill."""

    fill: str
    label: str
    instrument: str
    sign: int
    quantity: Fraction
    slippage: Fraction
    risk: Fraction
    entry: bool
    strategy: str
    horizon: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its name, the answer that agrees, and the entries it is about."""

    name: str
    expected: str
    grants: tuple[Grant, ...]
    about: str = ""


@dataclass(frozen=True)
class Script:
    """The text, the questions in its order, and what each fill variable stands for."""

    text: str
    questions: tuple[Asked, ...]
    fills: Mapping[str, str]
    subjects: tuple[tuple[str, ...], ...]
    """For each question the names of its limits' values: `v0`, `v1` … are these."""


@dataclass
class _Desk:
    """What the encoder reads; all coefficients exact."""

    portfolio: Portfolio
    market: Market
    limits: Limits
    regime: str
    resting: list[Resting]
    held: dict[str, Fraction]
    held_risk: dict[str, Fraction]
    held_groups: dict[str, tuple[str, str]]
    names: list[str] = field(default_factory=list)


def script(
    portfolio: Portfolio,
    exits: Sequence[Exit],
    questions: Sequence[Asked],
    market: Market,
    limits: Limits,
    regime: str,
) -> Script:
    """The text that asks these questions of the desk as it stands."""
    desk = _read(portfolio, exits, market, limits, regime)
    touched = {one.entry.instrument for question in questions for one in question.grants}
    named = {one.instrument for one in desk.resting} | set(desk.held) | touched
    desk.names = sorted(named & set(market.terms))
    lines = ["; Fills of a desk's orders: is there one that breaks a limit?", f"(set-option :rlimit {BUDGET})"]
    lines += ["(set-logic QF_LRA)", "(define-fun absolute ((x Real)) Real (ite (< x 0.0) (- x) x))"]
    lines += ["(define-fun least ((x Real) (y Real)) Real (ite (< x y) x y))", *_resting_orders(desk)]
    subjects = []
    for question in questions:
        body, names = _question(desk, question)
        lines += body
        subjects.append(names)
    fills = {one.fill: one.label for one in desk.resting}
    fills |= {f"|entry {name}|": f"the entry in {name}" for name in sorted(touched)}
    return Script("\n".join(lines) + "\n", tuple(questions), fills, tuple(subjects))


# --- reading ----------------------------------------------------------------------------------------------------


def _read(portfolio: Portfolio, exits: Sequence[Exit], market: Market, limits: Limits, regime: str) -> _Desk:
    desk = _Desk(portfolio, market, limits, regime, [], {}, {}, {})
    for held in portfolio.positions:
        terms = market.terms.get(held.instrument)
        if terms is not None and held.quantity != 0 and (held.quantity > 0 or held.stop is not None):
            side = 1 if held.quantity > 0 else -1
            distance = side * (terms.price - (Fraction(held.stop) if held.stop is not None else 0))
            desk.held[held.instrument] = Fraction(held.quantity)
            desk.held_risk[held.instrument] = terms.unit * (distance if distance > 0 else 0)
            desk.held_groups[held.instrument] = (held.strategy, held.horizon)
    for one in portfolio.working:
        order, terms = one.order, market.terms.get(one.order.instrument)
        entry = order.role is Role.ENTRY
        if terms is None or (entry and order.side.sign < 0 and order.stop_price is None):
            continue
        sign = order.side.sign
        edge = terms.price + sign * limits.collar * terms.price
        worst = Fraction(order.limit_price) if entry and order.limit_price is not None else edge
        stop = Fraction(order.stop_price) if order.stop_price is not None else Fraction(0)
        risk = sign * (worst - stop) * terms.unit if entry and sign * (worst - stop) > 0 else Fraction(0)
        adverse = sign * (worst - terms.price)
        slippage = adverse * terms.unit if adverse > 0 else Fraction(0)
        label = f"{order.role.value} {order.client_order_id}"
        fill, left = f"|{label}|", Fraction(one.remaining)
        desk.resting.append(
            Resting(fill, label, order.instrument, sign, left, slippage, risk, entry, order.strategy, order.horizon)
        )
    for proposed in exits:
        terms = market.terms.get(proposed.instrument)
        if terms is not None:
            slippage, sign = limits.collar * terms.price * terms.unit, proposed.side.sign
            label = f"exit {proposed.instrument}"
            desk.resting.append(
                Resting(f"|{label}|", label, proposed.instrument, sign, proposed.quantity, slippage, Fraction(0),
                        False, "", "")
            )  # fmt: skip
    return desk


# --- the shared part --------------------------------------------------------------------------------------------


def _resting_orders(desk: _Desk) -> Iterator[str]:
    yield "; orders that stand apart from this decision's entries"
    for one in desk.resting:
        yield f"(declare-const {one.fill} Real)"
        yield f"(assert (and (<= 0.0 {one.fill}) (<= {one.fill} {_real(one.quantity)})))"
    yield "; exits and stops of one instrument together fill at most the position"
    for name in desk.names:
        reducing = [one for one in desk.resting if one.instrument == name and not one.entry]
        for sign in (1, -1):
            fills = [one.fill for one in reducing if one.sign == sign]
            if fills:
                position = desk.held.get(name, Fraction(0))
                most = abs(position) if position * sign < 0 else Fraction(0)
                yield f"(assert (<= {_sum(fills)} {_real(most)}))"
    yield "; shares after a filling, without this decision's entries"
    for name in desk.names:
        moves = [_times(one.sign, one.fill) for one in desk.resting if one.instrument == name]
        yield f"(define-fun |before {name}| () Real {_sum([_real(desk.held.get(name, Fraction(0))), *moves])})"


# --- one question -----------------------------------------------------------------------------------------------


def _question(desk: _Desk, question: Asked) -> tuple[list[str], tuple[str, ...]]:
    grants = [one for one in question.grants if one.entry.instrument in desk.market.terms]
    lines = [f"; {question.name}; expected: {question.expected}", "(push 1)"]
    for one in grants:
        fill = f"|entry {one.entry.instrument}|"
        lines.append(f"(declare-const {fill} Real)")
        lines.append(f"(assert (and (<= 0.0 {fill}) (<= {fill} {_real(one.quantity)})))")
    for name in desk.names:
        moves = [_times(one.entry.side.sign, f"|entry {name}|") for one in grants if one.entry.instrument == name]
        lines.append(f"(define-fun |after {name}| () Real {_sum([f'|before {name}|', *moves])})")
    lines.append(f"(define-fun fees () Real {_fees(desk, grants)})")
    lines.append(f"(define-fun nav () Real (- {_real(Fraction(desk.portfolio.nav))} fees {_slippage(desk, grants)}))")
    broken: list[str] = []
    names: list[str] = []
    for subject, after, before, bound in _values(desk, grants):
        at = len(names)
        names.append(subject)
        lines.append(f"(define-fun v{at} () Real {after}) ; {subject}")
        lines.append(f"(define-fun b{at} () Real {bound})")
        lines.append(f"(define-fun w{at} () Real {before})")
        broken.append(f"(and (> v{at} b{at}) (> v{at} w{at}))")
    lines += ["(assert (or", *broken, *_forbidden(question.grants), "false))", "(check-sat)"]
    if question.expected == "sat":
        shown = [f"|entry {one.entry.instrument}|" for one in grants] + [one.fill for one in desk.resting]
        shown += [f"{letter}{at}" for at in range(len(names)) for letter in "vbw"]
        lines.append(f"(get-value ({' '.join(shown) or 'true'}))")
    return [*lines, "(pop 1)"], tuple(names)


def _forbidden(grants: Iterable[Grant]) -> Iterator[str]:
    """`quantity > 0 implies condition`, and no more than the target."""
    for one in grants:
        quantity, entry = _real(one.quantity), one.entry
        yield f"(> {quantity} {_real(entry.target)}) ; {entry.instrument} beyond its target"
        for found in entry.findings:
            holds = "true" if found.holds else "false"
            yield f"(and (> {quantity} 0.0) (not {holds})) ; {entry.instrument} {found.limit}"


def _fees(desk: _Desk, grants: Sequence[Grant]) -> str:
    parameters = desk.limits.parameters
    orders = len(desk.resting) + len(grants)
    shares = [_real(one.quantity) for one in desk.resting if one.entry]
    shares += [_real(one.quantity) for one in grants] + [text for _, text, _ in _reducing(desk)]
    return f"(+ (* {orders}.0 {_real(parameters.fee_per_order)}) (* {_real(parameters.fee_per_share)} {_sum(shares)}))"


def _slippage(desk: _Desk, grants: Sequence[Grant]) -> str:
    costs = [_times(one.slippage, _real(one.quantity)) for one in desk.resting if one.entry]
    costs += [_times(_entry_slippage(desk, one.entry), _real(one.quantity)) for one in grants]
    costs += [_times(slippage, text) for _, text, slippage in _reducing(desk)]
    return _sum(costs)


def _reducing(desk: _Desk) -> Iterator[tuple[str, str, Fraction]]:
    """For each instrument with exits or stops: the shares they count for, at most the position, and their slippage."""
    for name in desk.names:
        position = desk.held.get(name, Fraction(0))
        own = [one for one in desk.resting if one.instrument == name and not one.entry and one.sign * position < 0]
        if own:
            total = _sum([_real(one.quantity) for one in own])
            yield name, f"(least {total} {_real(abs(position))})", own[0].slippage


def _entry_slippage(desk: _Desk, entry: Entry) -> Fraction:
    terms = desk.market.terms[entry.instrument]
    adverse = entry.side.sign * (entry.limit_price - terms.price)
    return adverse * terms.unit if adverse > 0 else Fraction(0)


def _entry_risk(desk: _Desk, entry: Entry) -> Fraction:
    distance = entry.side.sign * (entry.limit_price - entry.stop_price)
    return distance * desk.market.terms[entry.instrument].unit if distance > 0 else Fraction(0)


# --- the limits -------------------------------------------------------------------------------------------------

Value = tuple[str, str, str, str]
"""Subject, value of a filling, value of the same filling without this decision's entries, bound."""


def _values(desk: _Desk, grants: Sequence[Grant]) -> Iterator[Value]:
    for limit in desk.limits.in_force(desk.market.session):
        if limit.spec.form == "linear":
            yield from _linear(desk, limit, grants)
        elif limit.spec.form == "order":
            yield from (_order(desk, limit, one) for one in grants)


def _order(desk: _Desk, limit: Limit, one: Grant) -> Value:
    """Limits of one entry: nothing of it may be excused by what stood before, so the value without it is 0."""
    entry, terms = one.entry, desk.market.terms[one.entry.instrument]
    subject = f"{limit.id}[{entry.instrument}]"
    match limit.kind:
        case "order_value":
            worst = terms.price * terms.unit + _entry_slippage(desk, entry)
            return subject, _times(worst, _real(one.quantity)), "0.0", _times(limit.bound, "nav")
        case "order_quantity":
            return subject, _real(one.quantity), "0.0", _real(limit.bound)
        case "volume_share":
            return subject, _real(one.quantity), "0.0", _times(limit.bound, _real(terms.average_volume))
        case _:
            distance = f"(absolute (- {_real(entry.limit_price)} {_real(terms.price)}))"
            return subject, distance, "0.0", _times(limit.bound, _real(terms.price))


def _linear(desk: _Desk, limit: Limit, grants: Sequence[Grant]) -> Iterator[Value]:
    multiplier = desk.limits.multiplier(desk.regime) if limit.regime else Fraction(1)
    bound = _times(limit.bound * multiplier, "nav")

    def value(subject: str, body: str) -> Value:
        # `body` speaks of `|@ NAME|`; once as filled, once without the entries.
        return f"{limit.id}[{subject}]", body.replace("|@ ", "|after "), body.replace("|@ ", "|before "), bound

    exposure = {name: _terms(desk, name).price * _terms(desk, name).unit for name in desk.names}
    gross = {name: _times(exposure[name], f"(absolute |@ {name}|)") for name in desk.names}
    net = _sum([_times(exposure[name], f"|@ {name}|") for name in desk.names])
    match limit.kind:
        case "instrument_exposure":
            yield from (value(name, gross[name]) for name in desk.names)
        case "gross":
            yield value("", _sum(gross.values()))
        case "net_long":
            yield value("", net)
        case "net_short":
            yield value("", f"(- {net})")
        case "beta":
            weighted = [_times(_terms(desk, name).beta * exposure[name], f"|@ {name}|") for name in desk.names]
            yield value("", f"(absolute {_sum(weighted)})")
        case "group_gross":
            for group, members in _groups(desk, limit.by, grants).items():
                if limit.only in ("", group):
                    yield value(group, _sum([gross[name] for name in members]))
        case "cluster_gross":
            for cluster in desk.market.clusters:
                yield value("+".join(cluster), _sum([gross[name] for name in cluster if name in gross]))
        case "concentration":
            if len(desk.held) >= limit.once:
                whole = _times(limit.bound, _sum(gross.values()))
                for name in desk.names:
                    subject, after, before, _ = value(name, f"(- {gross[name]} {whole})")
                    yield subject, after, before, "0.0"
        case "margin":
            parts = [
                f"(ite (< |@ {name}| 0.0) {_times(-limit.short * exposure[name], f'|@ {name}|')}"
                f" {_times(limit.long * exposure[name], f'|@ {name}|')})"
                for name in desk.names
            ]
            yield value("", _sum(parts))
        case "stress":
            yield from (value(subject, body) for subject, body in _stress(desk, exposure))
        case _:
            yield from _money(desk, limit, grants)


def _stress(desk: _Desk, exposure: Mapping[str, Fraction]) -> Iterator[tuple[str, str]]:
    for scenario in desk.limits.scenarios:
        losses = []
        for name in desk.names:
            terms = _terms(desk, name)
            if scenario.sigmas:
                each = exposure[name] * scenario.sigmas * terms.daily_volatility
                losses.append(_times(each, f"(absolute |@ {name}|)"))
            else:
                losses.append(_times(-exposure[name] * terms.beta * scenario.index, f"|@ {name}|"))
        yield scenario.id, _sum(losses)


def _money(desk: _Desk, limit: Limit, grants: Sequence[Grant]) -> Iterator[Value]:
    """Losses at the stops, turnover and cash: sums over fills."""
    bound = _times(limit.bound, "nav")
    entries = [(one.entry.instrument, one.entry.side.sign, _entry_slippage(desk, one.entry),
                _entry_risk(desk, one.entry), f"|entry {one.entry.instrument}|") for one in grants]  # fmt: skip

    def traded(name: str, slippage: Fraction) -> Fraction:
        return _terms(desk, name).price * _terms(desk, name).unit + slippage

    match limit.kind:
        case "stop_loss" | "open_risk" | "loss_budget":
            groups = [(name, [name]) for name in desk.names] if limit.kind == "stop_loss" else [("", desk.names)]
            lost = Fraction(0)
            if limit.kind == "loss_budget" and desk.portfolio.day_pnl < 0:
                lost = -Fraction(desk.portfolio.day_pnl)
            for subject, names in groups:
                standing = [_real(lost), *_standing_losses(desk, names)]
                new = [_times(risk, fill) for name, _, _, risk, fill in entries if name in names]
                yield f"{limit.id}[{subject}]", _sum([*standing, *new]), _sum(standing), bound
        case "turnover":
            done = [_real(Fraction(desk.portfolio.traded_today))]
            done += [_times(traded(one.instrument, one.slippage), one.fill) for one in desk.resting]
            new = [_times(traded(name, slippage), fill) for name, _, slippage, _, fill in entries]
            yield f"{limit.id}[]", _sum([*done, *new]), _sum(done), bound
        case "cash_reserve":
            spent = [_times(traded(one.instrument, one.slippage), one.fill) for one in desk.resting if one.sign > 0]
            new = [_times(traded(name, slippage), fill) for name, sign, slippage, _, fill in entries if sign > 0]
            left = Fraction(desk.portfolio.settled_cash) - limit.bound * Fraction(desk.portfolio.nav)
            after, before = _sum([*spent, *new, "fees"]), _sum([*spent, _fees(desk, ())])
            yield f"{limit.id}[]", after, before, _real(left)
        case _:
            raise AssertionError(f"no encoding for the kind {limit.kind}")


def _standing_losses(desk: _Desk, names: Iterable[str]) -> Iterator[str]:
    """What is left of each position after its exits filled, and working entries as they fill, at their stops."""
    for name in names:
        if name in desk.held:
            sold = [one.fill for one in desk.resting if one.instrument == name and not one.entry]
            left = f"(- {_real(abs(desk.held[name]))} {_sum(sold)})"
            yield _times(desk.held_risk[name], left)
        for one in desk.resting:
            if one.instrument == name and one.entry:
                yield _times(one.risk, one.fill)


def _groups(desk: _Desk, by: str, grants: Sequence[Grant]) -> dict[str, list[str]]:
    members: dict[str, set[str]] = {}
    for name in desk.names:
        if by in ("sector", "issuer", "currency"):
            members.setdefault(getattr(_terms(desk, name), by), set()).add(name)
            continue
        at = ("strategy", "horizon").index(by)
        owners = [desk.held_groups[name]] if name in desk.held_groups else []
        owners += [(one.strategy, one.horizon) for one in desk.resting if one.instrument == name]
        owners += [(one.entry.strategy, one.entry.horizon) for one in grants if one.entry.instrument == name]
        for owner in owners:
            if owner[at]:
                members.setdefault(owner[at], set()).add(name)
    return {group: sorted(members[group]) for group in sorted(members)}


# --- text -------------------------------------------------------------------------------------------------------


def _terms(desk: _Desk, name: str) -> Terms:
    return desk.market.terms[name]


def _real(number: Fraction) -> str:
    digits = f"{abs(number.numerator)}.0"
    if number.denominator != 1:
        digits = f"(/ {digits} {number.denominator}.0)"
    return f"(- {digits})" if number < 0 else digits


def _times(factor: Fraction | int, term: str) -> str:
    return term if factor == 1 else f"(* {_real(Fraction(factor))} {term})"


def _sum(terms: Iterable[str]) -> str:
    listed = list(terms)
    if not listed:
        return "0.0"
    return listed[0] if len(listed) == 1 else f"(+ {' '.join(listed)})"
