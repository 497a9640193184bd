# fmt: off
"""A checker for strangers: `python checker.py records.jsonl` says what in an exported log does not hold.

One file, the standard library, exact fractions, no solver; written from `docs/limits.md` and `docs/record.md`. Of each
decision it works out again: digests, which limits are in force, every numeric limit at the grants (value, bound, base),
what one lot more of a cut or denied entry would break, every minimal core; that exits close at most the position,
conditions hold as they say, warrants are grants. What it does not know (a kind, a field) it reports as `not checked`.
Left out: conclusions of rules and policies, sizes, what conditions measured. Exit status: 0 all holds, 1 something does
not or was not checked, 2 the file is no export.
"""
# ruff: noqa: ANN401, B023, B905, E701, E704, PTH123, SIM115, SIM905 - dense: it is meant to be read in one sitting
from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict, namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction as F  # noqa: N817 - it stands on every line
from functools import cached_property
from itertools import combinations
from typing import Any as Json

ZERO, SIGN, MOST_CROWDING = F(0), {"buy": 1, "sell": -1, "long": 1, "short": -1}, 8  # beyond it one set is named
STATES, REGIMES, WAYS = ("active", "reducing", "halted"), ("bull", "range", "bear", "volatile"), ("long", "short")
KNOWN = """id layer kind bound unit owner source effective until when regime by only once long short then regimes
    states figure above below index sigmas stop_distance cluster_threshold kelly_fraction volatility_target
    fee_per_share fee_per_order take_profit instrument outcome reasons side rule strategy horizon conviction target
    quantity stop_price limit_price size findings policy binding cores crowding miss""".split()
MANDATORY = """kill_switch data_quality data_complete other_strategy duplicate_order policy wash_trade log_verified
    price_collar""".split()  # in force before their first window, too
CONDITIONS = MANDATORY[:8] + """day_loss drawdown index_volatility head_brier head_psi head_age healthy_heads
    interval_width data_age feed_connected broker_connected books_reconciled clock_skew message_rate
    repeated_execution""".split()
Order = namedtuple("Order", "name sign shares slip risk out said")  # slippage and loss at the stop: of one share
Terms = namedtuple("Terms", "name price unit e volume beta sigma lot fixed")  # `e`: exposure of a share; `sigma`: daily
class Said(dict[str, Json]): __getattr__ = dict.get  # noqa: D101 - an object of the record; what it lacks is None
def _known(said: Iterable[str], where: str) -> None:
    if unheard := sorted({*said} - {*KNOWN}): raise NotImplementedError(f"{where} says {', '.join(unheard)}")
def _canonical(value: Json) -> bytes:  # RFC 8785, for values without floats
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
def _digest(value: Json) -> str: return "sha256:" + hashlib.sha256(_canonical(value)).hexdigest()
def _same(where: str, said: Json, again: Json) -> Iterator[str]:
    equal = type(said) is str and F(said) == again if isinstance(again, F) else said == again
    if not equal: yield f"{where}: the record says {said}, worked out again it is {again}"

class _Desk:  # what a decision was made from, and what it says of entries and exits
    def __init__(self, record: Json) -> None:
        self.record, self.book, self.nav = record, record.portfolio, F(record.portfolio.nav)
        law, session, self.facts = record.law, record.as_of[:10], defaultdict[str, list[Json]](list)
        for template, slots in [*record.snapshot.facts, *record.derived]: self.facts[template].append(slots)
        for one in (*law.limits, *law.scenarios, law.parameters, *record.verdicts):
            _known([*one, *(one.when or ())], f"`{one.id or one.instrument or 'parameters'}`")
        self.law, self.shape = law, {name: F(value) for name, value in law.parameters.items()}
        self.regime, factors = self.fact("regime").name or "unknown", law.regime_multipliers
        self.multiplier = F(factors[self.regime]) if self.regime != "unknown" else min(map(F, factors.values()))
        rows = [one for one in law.limits if session <= (one.until or session) and (one.effective <= session or (
            one.kind in MANDATORY and one.effective == min(row.effective for row in law.limits if row.id == one.id)))]
        self.limits = [one for one in rows if not one.when or self.in_force(one.when)]
        self.collar = min(F(one.bound) for one in rows if one.kind == "price_collar")
        own = (*self.book.positions, *(one.order for one in self.book.working))
        self.names = sorted({*record.snapshot.universe, *(one.instrument for one in own)})
        self.terms = {name: terms for name in self.names if (terms := self.read(name))}
        self.held = dict[str, tuple[F, F, Json]]()  # shares, loss of one at its stop, what is said of it
        self.resting, self.unpriced = list[Order](), self.nav <= 0  # unpriced: no entry can be judged
        for one in self.book.positions:
            h, t = F(one.quantity), self.terms.get(one.instrument)
            if h and (not t or (h < 0 and one.stop is None)): self.unpriced = True
            elif h and t: self.held[t.name] = h, max(ZERO, (t.price - F(one.stop or 0)) * (h > 0 or -1)) * t.unit, one
        for one, left in ((one.order, F(one.remaining)) for one in self.book.working):
            bare = one.role == "entry" and one.side == "sell" and one.stop_price is None
            if bare or one.instrument not in self.terms: self.unpriced = True
            else: self.resting.append(self.order(one, left, one.role != "entry"))
        self.queue = sorted((v for v in record.verdicts if v.side), key=lambda v: (-F(v.conviction), v.instrument))
        self.free = [v for v in self.queue if v.instrument in self.terms and all(one.holds for one in v.findings)]
        self.worlds = dict[Json, _World]()
    def fact(self, template: str, **slots: str | None) -> Json:  # the first with these slots, or an empty one
        return next((one for one in self.facts[template] if all(one[k] == said for k, said in slots.items())), Said())
    def in_force(self, when: Json) -> bool:  # what is not known holds
        value, ends = self.fact("market", name=when.figure).value, ((when.above, 1), (when.below, -1))
        named = (when.regimes, self.regime, REGIMES), (when.states, self.record.trading_state, STATES)
        return all(not names or said not in known or said in names for names, said, known in named) and (
            value is None or all(end is None or sign * (F(value) - F(end)) > 0 for end, sign in ends))
    def read(self, name: str) -> Terms | None:  # None where a figure is missing
        fixed, bar = self.fact("reference", instrument=name), self.fact("bar", instrument=name)
        figures = [self.fact("indicator", instrument=name, name=one).value
                   for one in ("average-volume-20", "beta-252", "volatility-20", "atr-14")]
        rate = self.fact("rate", currency=fixed.currency).value or (fixed.currency == self.book.currency and "1")
        if not (fixed and bar and rate) or None in figures: return None
        unit, price, (volume, beta, sigma) = F(fixed.multiplier) * F(rate or 1), F(bar.close), map(F, figures[:3])
        return Terms(name, price, unit, price * unit, volume, beta, sigma / F("15.87"), F(fixed.lot), fixed)
    def order(self, said: Json, shares: F, out: bool) -> Order:
        t, sign = self.terms[said.instrument], SIGN[said.side]
        price = t.price * (1 + sign * self.collar) if out or said.limit_price is None else F(said.limit_price)
        risk = ZERO if out else max(ZERO, sign * (price - F(said.stop_price or 0))) * t.unit
        return Order(t.name, sign, shares, max(ZERO, sign * (price - t.price)) * t.unit, risk, out, said)
    def world(self, *grants: tuple[Json, F]) -> _World:  # the desk with these entries
        if (key := frozenset((v.instrument, shares) for v, shares in grants)) not in self.worlds:
            out = [self.order(one, F(one.quantity), True) for one in self.record.exits if one.instrument in self.terms]
            orders = [*self.resting, *out, *(self.order(*one, False) for one in grants)]
            self.worlds[key] = _World(self, orders, {v.instrument: shares for v, shares in grants})
        return self.worlds[key]
    def groups(self, limit: Json) -> Iterator[tuple[str, list[str]]]:
        said = [*(one for _, _, one in self.held.values()), *(one.said for one in self.resting), *self.free]
        if limit.by in ("sector", "issuer", "currency"): said = [t.fixed for t in self.terms.values()]
        for group in {one[limit.by] for one in said if one.get(limit.by) and limit.only in (None, one[limit.by])}:
            yield group, [one.instrument for one in said if one.get(limit.by) == group]
    @cached_property
    def clusters(self) -> list[list[str]]:  # joined by a correlation at or above the threshold, or by one not published
        least, groups = self.shape["cluster_threshold"], [{name} for name in self.names]
        known = [(one.first, one.second, one.value) for one in self.facts["correlation"]]  # of earlier releases
        known += [(o.instrument, *of) for o in self.facts["correlations"] for of in zip(o.others, o["values"])]
        for pair in {*combinations(self.names, 2)} - {tuple(of) for *of, value in known if abs(F(value)) < least}:
            joined = set[str]().union(*(one for one in groups if one & {*pair}))
            groups = [one for one in groups if not one & joined] + [joined]
        return [sorted(one) for one in groups if len(one) > 1]

class _World:  # a desk with some entries: where fillings may take each position, and what the orders cost at worst
    def __init__(self, desk: _Desk, orders: Sequence[Order], granted: dict[str, F]) -> None:
        self.d, self.granted, self.orders = desk, granted, list[Order]()
        left = {(name, h < 0): abs(h) for name, (h, _, _) in desk.held.items()}  # what exits of that side may close
        self.ends = {name: [h, h, ZERO] for name, (h, _, _) in desk.held.items()}  # lowest, highest; flat if in between
        for one in orders:
            side = one.name, one.sign > 0
            shares = min(one.shares, left.get(side, ZERO)) if one.out else one.shares
            if one.out: left[side] = left.get(side, ZERO) - shares
            self.ends.setdefault(one.name, [ZERO, ZERO, ZERO])[one.sign > 0] += one.sign * shares
            self.orders.append(one._replace(shares=shares))
        for ends in self.ends.values(): ends[2] = sorted(ends)[1]
        flat, each, shares = desk.shape["fee_per_order"], desk.shape["fee_per_share"], [o.shares for o in self.orders]
        self.fees = flat * len(shares) + each * sum(shares)
        self.nav = desk.nav - self.fees - sum((one.slip * one.shares for one in self.orders), ZERO)
    def worst(self, names: Iterable[str], part: Callable[[Terms, F], Json] = lambda t, x: abs(x) * t.e) -> F:
        chosen = ((self.d.terms[name], self.ends[name]) for name in {*names} & self.ends.keys())
        return sum((max(part(terms, x) for x in ends) for terms, ends in chosen), ZERO)
    def stops(self, names: Iterable[str]) -> F:  # what is lost at the stops before any exit has filled
        held = [abs(h) * risk for name, (h, risk, _) in self.d.held.items() if name in names]
        return sum(held + [one.shares * one.risk for one in self.orders if one.name in names], ZERO)
    def traded(self, chosen: Callable[[Order], bool]) -> F:  # the value of orders at their worst prices
        return sum((o.shares * (self.d.terms[o.name].e + o.slip) for o in self.orders if chosen(o)), ZERO)
    def entries(self) -> Iterator[tuple[Terms, F, F]]:  # terms, shares, how far the limit price is beyond the reference
        for v, t in ((v, self.d.terms[v.instrument]) for v in self.d.free):
            yield t, self.granted.get(t.name, ZERO), SIGN[v.side] * (F(v.limit_price) - t.price)
    @cached_property
    def readings(self) -> dict[str, tuple[str, F, F, F]]:  # limit, value, bound and base of every measure
        found = dict[str, tuple[str, F, F, F]]()
        for one in self.d.limits:
            if one.kind not in {*NUMERIC, *CONDITIONS}: raise NotImplementedError(f"`{one.id}` is a `{one.kind}`")
            most = F(one.bound) * (self.d.multiplier if one.regime else 1) * self.nav
            for subject, value, *bound in NUMERIC[one.kind](self, one) if one.kind in NUMERIC else ():
                key = f"{one.id}[{subject}]" if subject else one.id
                base = self.d.world().readings[key][1] if self.granted else value
                found[key] = one.id, value, bound[0] if bound else most, base
        return found
    @cached_property
    def broken(self) -> dict[str, str]:  # above the bound and above the base, with their limits
        return {key: limit for key, (limit, value, bound, base) in self.readings.items() if value > max(bound, base)}
NUMERIC: dict[str, Callable[[_World, Json], Iterable[Json]]] = {  # subject, worst value, and its bound if not L·NAV⁻
    "order_value": lambda w, _: ((t.name, q * (t.e + max(ZERO, far) * t.unit)) for t, q, far in w.entries()),
    "order_quantity": lambda w, one: ((t.name, q, F(one.bound)) for t, q, _ in w.entries()),
    "volume_share": lambda w, one: ((t.name, q, F(one.bound) * t.volume) for t, q, _ in w.entries()),
    "price_collar": lambda w, one: ((t.name, abs(far) * bool(q), F(one.bound) * t.price) for t, q, far in w.entries()),
    "instrument_exposure": lambda w, _: ((name, w.worst([name])) for name in w.d.terms),
    "gross": lambda w, _: [("", w.worst(w.ends))],
    "net_long": lambda w, _: [("", w.worst(w.ends, lambda t, x: x * t.e))],
    "net_short": lambda w, _: [("", w.worst(w.ends, lambda t, x: -x * t.e))],
    "beta": lambda w, _: ((f":{way}", w.worst(w.ends, lambda t, x: SIGN[way] * t.beta * x * t.e)) for way in WAYS),
    "credit": lambda w, one: [("", w.worst(w.ends), F(one.bound) * (w.d.multiplier if one.regime else 1))],
    "open_orders": lambda w, _: [("", w.traded(lambda o: not o.out))],
    "group_gross": lambda w, one: ((group, w.worst(names)) for group, names in w.d.groups(one)),
    "cluster_gross": lambda w, _: (("+".join(names), w.worst(names)) for names in w.d.clusters),
    "concentration": lambda w, one: ((of, w.worst(w.ends, lambda t, x: (
        (t.name == of) - F(one.bound)) * abs(x) * t.e), ZERO) for of in w.d.terms if len(w.d.held) >= one.once),
    "stop_loss": lambda w, _: ((name, w.stops([name])) for name in w.d.terms),
    "open_risk": lambda w, _: [("", w.stops(w.d.terms))],
    "loss_budget": lambda w, _: [("", w.stops(w.d.terms) + max(ZERO, -F(w.d.book.day_pnl)))],
    "turnover": lambda w, _: [("", w.traded(lambda _: True) + F(w.d.book.traded_today))],
    "cash_reserve": lambda w, one: [
        ("", w.traded(lambda o: o.sign > 0) + w.fees, F(w.d.book.settled_cash) - F(one.bound) * w.d.nav)],
    "margin": lambda w, one: [("", w.worst(w.ends, lambda t, x: max(F(one.long) * x, -F(one.short) * x) * t.e))],
    "stress": lambda w, _: ((by.id, w.worst(w.ends, lambda t, x: (
        abs(x) * F(by.sigmas) * t.sigma or -t.beta * F(by.index) * x) * t.e)) for by in w.d.law.scenarios),
}
def _findings(d: _Desk, found: Sequence[Json], v: Json | None, at: str) -> Iterator[str]:
    due = {one.id: one for one in d.limits if one.kind in CONDITIONS and (v or one.then)}
    yield from _same(f"{at} (limits)", sorted(one.limit for one in found), sorted(due))
    for one, limit in ((one, due[one.limit]) for one in found if one.limit in due):
        bound, number = F(limit.bound), None if one.value in ("yes", "no", "unknown") else F(one.value)
        holds = one.value == "yes" if number is None else number < bound if limit.then else (
            number >= bound if limit.kind == "healthy_heads" else number <= bound)
        if limit.kind != "data_age" or one.holds:  # else a bar of this session may be missing
            yield from _same(f"{at}.{limit.id}.holds", one.holds, holds)
        yield from _same(f"{at}.{limit.id}.bound", one.bound, "yes" if one.bound == "yes" else bound)
    if v in d.free and d.unpriced: yield f"{at}: figures are missing, and no condition says so"
def _readings(at: str, said: Sequence[Json], rows: dict[str, tuple[str, F, F, F]]) -> Iterator[str]:
    yield from _same(f"{at} (measures)", sorted(one.measure for one in said), sorted(rows))
    for one, (limit, value, bound, base) in ((one, rows[one.measure]) for one in said if one.measure in rows):
        again = {"limit": limit, "value": value, "bound": bound, "base": base, "slack": max(bound, base) - value}
        yield from (found for part in again for found in _same(f"{at}.{one.measure}.{part}", one[part], again[part]))
def _crowds(d: _Desk, key: str, lot: tuple[Json, F], grants: Sequence[tuple[Json, F]]) -> list[tuple[str, ...]]:
    kept, found = list(grants), list[set[str]]()  # the minimal sets of earlier grants beside which one lot breaks it
    for one in grants if len(grants) > MOST_CROWDING else ():
        less = [other for other in kept if other is not one]
        kept = less if key in d.world(*less, lot).broken else kept
    for chosen in (chosen for size in range(len(kept) + 1) for chosen in combinations(kept, size)):
        names = {v.instrument for v, _ in chosen}
        if not any(one <= names for one in found) and key in d.world(*chosen, lot).broken: found.append(names)
    return [tuple(sorted(one)) for one in found]
def _entries(d: _Desk) -> Iterator[str]:
    grants = list[tuple[Json, F]]()
    for v in d.queue:
        at, t, target, quantity = f"verdicts.{v.instrument}", d.terms.get(v.instrument), F(v.target), F(v.quantity)
        lot, asked = t.lot if t else F(1), d.fact("candidate", instrument=v.instrument)
        yield from _same(f"{at} (candidate)", [v.conviction, SIGN[v.side]], [asked.conviction, SIGN.get(asked.side)])
        yield from _findings(d, v.findings, v, f"{at}.findings")
        cores = {(one.limit, one.limit, tuple[str, ...]()) for one in v.findings if not one.holds}
        if t and target < lot: cores.add(("sizing.target", "sizing.target", ()))
        if not 0 <= quantity <= target or quantity % lot or target % lot or (quantity and cores):
            yield f"{at}.quantity: {quantity} is no whole number of lots up to {target}, or forbidden"
        outcome = "denied" if not quantity else "granted" if quantity == target else "cut"
        yield from _same(f"{at}.outcome", v.outcome, outcome)
        beyond = d.world(*grants, (v, quantity + lot)) if v in d.free and outcome != "granted" else d.world()
        if outcome != "granted" and not beyond.broken and not cores: yield f"{at}.quantity: one lot more breaks nothing"
        rows = {key: beyond.readings[key] for key in beyond.broken} if quantity else {}
        yield from _readings(f"{at}.binding", v.binding or (), rows)
        crowding = set[tuple[str, str, F]]()
        for key, limit in beyond.broken.items() if not quantity else ():
            sets = _crowds(d, key, (v, lot), grants)
            cores |= {(key, limit, names) for names in sets}
            for name in {name for names in sets for name in names}:
                less = d.world(*(one for one in grants if one[0].instrument != name)).readings[key][1]
                crowding.add((key, name, d.world(*grants).readings[key][1] - less))
        yield from _same(f"{at}.cores", {(c.constraint, c.limit, tuple(c.grants)) for c in v.cores or ()}, cores)
        yield from _same(f"{at}.crowding", {(*one[:2], F(one[2])) for one in v.crowding or ()}, crowding)
        yield from _same(f"{at}.reasons", {*v.reasons}, {core[1] for core in cores} | {row[0] for row in rows.values()})
        if quantity: grants.append((v, quantity))
    yield from _readings("readings", d.record.readings, d.world(*grants).readings if d.queue else {})
    yield from (f"readings.{key}: it does not hold" for key in d.world(*grants).broken)
def _orders(d: _Desk) -> Iterator[str]:  # exits close at most the position, and what is warranted is what was granted
    for one in d.record.exits:
        h = sum((F(held.quantity) for held in d.book.positions if held.instrument == one.instrument), ZERO)
        twice = [other.instrument for other in d.record.exits].count(one.instrument) > 1
        if twice or not (0 < F(one.quantity) <= F(one.asked) <= abs(h) and SIGN[one.side] * h < 0):
            yield f"exits.{one.instrument}.quantity: {one.side} {one.quantity} of {one.asked} where {h} are held"
    what = "instrument", "side", "quantity", "limit_price", "stop_price"
    due = [("entry", *map(v.get, what)) for v in d.queue if F(v.quantity)]
    due += [("exit", *map(one.get, what)) for one in d.record.exits if one.held_back is None]
    told = [(one.order.role, *map(one.order.get, what)) for one in d.record.warrants if one.order.role != "stop"]
    yield from _same("warrants", sorted(map(str, told)), sorted(map(str, due)))
    for one in d.record.warrants:
        content = {name: value for name, value in one.items() if name != "warrant_id"}
        yield from _same("warrants.warrant_id", one.warrant_id, "W-" + _digest(content)[7:39])
        order, entry = one.order, one.order.role == "entry"
        for out in (one.protective_stop, one.take_profit or one.protective_stop) if entry else (order,):
            said = out.reduce_only, out.side == order.side, out.quantity, out.stop_price or order.stop_price
            yield from _same(f"warrants.{out.role}", said, (True, not entry, order.quantity, order.stop_price))
def _decision(record: Json) -> Iterator[str]:
    for name, said in record.inputs.items(): yield from _same(f"inputs.{name}", said, _digest(record[name]))
    if record.fault is not None or (record.proof or record).fault is not None:
        said = [v for v in record.verdicts if v.outcome not in ("undetermined", "no-candidate") or F(v.quantity or 0)]
        said += [w for w in record.warrants if w.order.role == "entry" or record.fault is not None]
        return (yield from _same("verdicts and warrants (in spite of a fault)", said, []))
    yield from _same("law_digest", record.law_digest, _digest(record.law))
    d = _Desk(record)
    yield from _same("regime", record.regime, d.regime)
    yield from _findings(d, record.states, None, "states")
    failed = {one.limit for one in record.states if not one.holds}
    worst = max([STATES.index(one.then) for one in d.limits if one.id in failed] or [0])
    yield from _same("trading_state", record.trading_state, STATES[worst])
    due = {*record.snapshot.universe, *(one.instrument for one in d.facts["candidate"])}
    told = [v.instrument for v in record.verdicts if v.side or v.outcome in ("no-candidate", "undetermined")]
    yield from _same("verdicts (instruments)", told, sorted(due))
    yield from (found for check in (_entries, _orders) for found in check(d))
def complaints(record: Json) -> list[str]:
    """One sentence for each thing that does not hold in a record of an export; it begins with the field."""
    try:
        return list(_decision(record)) if record.kind == "decision" else []
    except (NotImplementedError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return [f"not checked: {error!r}"]
def _root(hashes: Sequence[bytes]) -> bytes:  # of the tree over leaf hashes (RFC 6962)
    if len(hashes) < 2: return hashes[0] if hashes else hashlib.sha256(b"").digest()
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(hashes[:middle]) + _root(hashes[middle:])).digest()
def main(arguments: Sequence[str]) -> int:
    """Check a file; the exit status."""
    hashes, decisions, failed = list[bytes](), 0, 0
    try:
        for record in (json.loads(line, object_hook=Said) for line in open(arguments[0], "rb")):
            written_out = {*(record.inputs or ()), "law"} if record.kind == "decision" else set[str]()
            leaf = {name: value for name, value in record.items() if name not in written_out}
            hashes.append(hashlib.sha256(b"\0" + _canonical(leaf)).digest())
            found = [*_same("record_id", leaf.pop("record_id"), _digest(leaf)[7:23]), *complaints(record)]
            decisions, failed = decisions + (record.kind == "decision"), failed + bool(found)
            sys.stdout.writelines(f"record {record.seq} {record.as_of}: {one}\n" for one in found)
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        sys.stderr.write(f"this is no export of a log: {error!r}; use `python checker.py records.jsonl`\n")
        return 2
    sys.stdout.write(f"{len(hashes)} records ({decisions} decisions), {failed} fail; root {_root(hashes).hex()}\n")
    return 1 if failed else 0
if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
