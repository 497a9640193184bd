# fmt: off
# Made from engine/checker.py and adapters/exporting/stranger.py by `warrant audit verifier`; do not edit.
"""Verify an export of Warrant's audit log: `python verify_warrant.py EXPORT [--checkpoint FILE] [--key VKEY]`.

EXPORT is the folder that `warrant audit export --folder` made, or its `records.jsonl`. This one file needs Python 3.11
and, for signatures alone, the package `cryptography`: nothing of the program that wrote the log. Five verdicts:

- bytes: each line is canonical JSON (RFC 8785); its digests, its id and its leaf hash are worked out again; the Merkle
  root over all leaves (RFC 6962) is shown at the end.
- sequence: no place is missing or taken twice, time does not run back, and every order, fill, cancel and expiry belongs
  to a warrant that a decision before it gave.
- checkpoints: each checkpoint (C2SP tlog-checkpoint) is signed (Ed25519) by a key that you gave, and has the root over
  the first so many records of this export: so every record below it is included, and no history was rewritten. A
  proof of consistency (a file of `warrant audit prove`) is two of them and the hashes that lead from one to the other.
- arithmetic: each grant and refusal again, in exact fractions and without a solver.
- replay: not possible here; `warrant audit verify --replay` decides every cycle again.

A key of the export itself proves nothing about who wrote it: have the key (`NAME+HASH+BASE64`) from elsewhere.
Records that are not shown (`leaves.txt`: another time was asked for, or their time to be kept is over) count by their
hash alone.
Exit status: 0 what was checked holds, 1 something does not, 2 this is no export.
"""

from __future__ import annotations

# --- arithmetic (engine/checker.py) --------------------------------------------------------------------------------
# ruff: noqa: ANN401, B023, B905, E501, E701, E731, E704, PTH123, SIM115, SIM905 - dense: to be read in one sitting
import hashlib
import json
import sys
from collections import defaultdict, namedtuple
from fractions import Fraction as F  # noqa: N817 - it stands on every line
from functools import cached_property
from itertools import combinations, product
from typing import Any as Json

ZERO, SIGN, MOST_CROWDING = F(0), {"buy": 1, "sell": -1, "long": 1, "short": -1}, 8  # beyond it one set is named
STATES, REGIMES, WAYS = ("active", "reducing", "halted"), ("bull", "range", "bear", "volatile"), ("long", "short")
KNOWN = """id layer kind bound unit owner source effective until when regime by only once long short then days regimes states figure
    above below index sigmas stop_distance cluster_threshold kelly_fraction volatility_target fee_per_share fee_per_order
    take_profit sectors instruments begins ends paths seed names breach""".split()  # what the law may say
MANDATORY = "price_collar kill_switch data_quality data_complete duplicate_order other_strategy wash_trade policy log_verified".split()
CONDITIONS = MANDATORY[1:] + """day_loss drawdown index_volatility head_brier head_psi head_age healthy_heads interval_width data_age
    feed_connected broker_connected books_reconciled clock_skew message_rate repeated_execution index_move maintenance_margin
    window_collar head_validated open_positions session_entries book_correlation strategies""".split()
Order = namedtuple("Order", "name sign shares slip risk out said")  # slippage and loss at the stop: of one share
Terms = namedtuple("Terms", "name price unit e volume beta sigma lot loads rest fixed")  # `e`: exposure of one share
class Said(dict[str, Json]): __getattr__ = dict.get  # noqa: D101 - an object of the record; what it lacks is None
def _canonical(value: Json) -> bytes: return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
def _digest(value: Json) -> str: return "sha256:" + hashlib.sha256(_canonical(value)).hexdigest()
def _same(where: str, said: Json, again: Json) -> Json:
    if (F(said) if isinstance(again, F) else said) != again: yield f"{where}: the record says {said}, worked out again it is {again}"
class _Desk:  # what a decision was made from, and what it says of entries and exits
    def __init__(self, record: Json) -> None:
        self.record, self.book, self.nav = record, record.portfolio, F(record.portfolio.nav)
        law, session, self.facts = record.law, record.as_of[:10], defaultdict[str, Json](list)
        for template, slots in [*record.snapshot.facts, *record.derived]: self.facts[template].append(slots)
        for one in (*law.limits, *law.scenarios, law.parameters):
            unheard = ({*one, *(one.when or ())} - {*KNOWN}) | ({one.kind} - {None, *NUMERIC, *CONDITIONS})
            if unheard: raise NotImplementedError(f"`{one.id or 'parameters'}` says {', '.join(sorted(unheard))}")
        self.law, self.shape = law, {name: F(value) for name, value in law.parameters.items()}
        self.regime, factors = self.fact("regime").name or "unknown", law.regime_multipliers
        self.multiplier = F(factors[self.regime]) if self.regime != "unknown" else min(map(F, factors.values()))
        rows = [one for one in law.limits if session <= (one.until or session) and (one.effective <= session or (
            one.kind in MANDATORY and one.effective == min(row.effective for row in law.limits if row.id == one.id)))]
        self.limits = [one for one in rows if not one.when or self.in_force(one.when)]
        self.collar = min(F(one.bound) for one in rows if one.kind == "price_collar")
        own = {one.instrument for one in (*self.book.positions, *(one.order for one in self.book.working))}
        self.names = sorted({*record.snapshot.universe, *own})
        self.terms = {name: terms for name in self.names if (terms := self.read(name))}
        self.held, self.worlds = dict[str, Json](), dict[Json, _World]()  # shares, loss of one at its stop, what is said
        self.resting, self.unpriced = list[Order](), self.nav <= 0  # unpriced: no entry can be judged
        for one in self.book.positions:
            h, t = F(one.quantity), self.terms.get(one.instrument)
            if h and (not t or (h < 0 and one.stop is None)): self.unpriced = True
            elif h and t: self.held[t.name] = h, max(ZERO, (t.price - F(one.stop or 0)) * (h > 0 or -1)) * t.unit, one
        for one, left in ((one.order, F(one.remaining)) for one in self.book.working):
            bare = one.role == "entry" and one.side == "sell" and one.stop_price is None
            if bare or one.instrument not in self.terms: self.unpriced = True
            else: self.resting.append(self.order(one, left, one.role != "entry"))
        said: Json = defaultdict(list)  # single entries, and the legs of each basket, by name
        for v in (v for v in record.verdicts if v.side): said[f"basket:{v.basket.name}" if v.basket else v.instrument].append(v)
        self.queue = sorted(said.items(), key=lambda one: (-min(F(v.conviction) for v in one[1]), one[1][0].instrument))
        self.free = [v for _, legs in self.queue if _whole(legs) and all(
            v.instrument in self.terms and all(one.holds for one in v.findings) for v in legs) for v in legs]
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
        risk: Json = self.fact("risk", instrument=name) if len({len(one.loadings) for one in self.facts["risk"]}) == 1 else Said()
        return Terms(name, price, unit, price * unit, volume, beta, sigma / F("15.87"), F(fixed.lot),
                     [F(one) for one in risk.loadings or ()], F(risk.residual or 0), fixed)
    def order(self, said: Json, shares: F, out: bool) -> Order:
        t, sign = self.terms[said.instrument], SIGN[said.side]
        price = t.price * (1 + sign * self.collar) if out or said.limit_price is None else F(said.limit_price)
        risk = ZERO if out else max(ZERO, sign * (price - F(said.stop_price or 0))) * t.unit
        return Order(t.name, sign, shares, max(ZERO, sign * (price - t.price)) * t.unit, risk, out, said)
    def world(self, *grants: tuple[Json, F]) -> Json:  # the desk with these entries
        if (key := frozenset((v.instrument, shares) for v, shares in grants)) not in self.worlds:
            out = [self.order(one, F(one.quantity), True) for one in self.record.exits if one.instrument in self.terms]
            orders = [*self.resting, *out, *(self.order(*one, False) for one in grants)]
            self.worlds[key] = _World(self, orders, {v.instrument: shares for v, shares in grants})
        return self.worlds[key]
    def groups(self, by: str, chosen: str | None = None) -> Json:
        said = [one for _, _, one in self.held.values()] + [o.said for o in self.resting if by != "basket" or not o.out]
        said = [t.fixed for t in self.terms.values()] if by in ("sector", "issuer", "currency") else said + self.free
        tags = [(one.instrument, one[by].name if by == "basket" else one[by]) for one in said if one.get(by)]
        return [(tag, [name for name, of in tags if of == tag]) for tag in {of for _, of in tags} if chosen in (None, tag)]
    @cached_property
    def clusters(self) -> Json:  # joined by a correlation at or above the threshold, or by one not published
        least, groups = self.shape["cluster_threshold"], [{name} for name in self.names]
        known = [(o.instrument, *of) for o in self.facts["correlations"] for of in zip(o.others, o["values"])]
        for pair in {*combinations(self.names, 2)} - {tuple(of) for *of, value in known if abs(F(value)) < least}:
            joined = set[str]().union(*(one for one in groups if one & {*pair}))
            groups = [one for one in groups if not one & joined] + [joined]
        return [sorted(one) for one in groups if len(one) > 1]
class _World:  # a desk with some entries: where fillings may take each position, and what the orders cost at worst
    def __init__(self, desk: _Desk, orders: Json, granted: Json) -> None:
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
        self.fees = sum((desk.shape["fee_per_order"] + desk.shape["fee_per_share"] * one.shares for one in self.orders), ZERO)
        self.nav = desk.nav - self.fees - sum((one.slip * one.shares for one in self.orders), ZERO)
    def worst(self, names: Json, part: Json = lambda t, x: abs(x) * t.e) -> Json:  # at an end, or flat
        return sum((max(part(self.d.terms[name], x) for x in self.ends[name]) for name in {*names} & self.ends.keys()), ZERO)
    def stops(self, names: Json) -> Json:  # what is lost at the stops before any exit has filled
        held = [abs(h) * risk for name, (h, risk, _) in self.d.held.items() if name in names]
        return sum(held + [one.shares * one.risk for one in self.orders if one.name in names], ZERO)
    def traded(self, chosen: Json) -> Json:  # the value of orders at their worst prices
        return sum((o.shares * (self.d.terms[o.name].e + o.slip) for o in self.orders if chosen(o)), ZERO)
    def entries(self) -> Json:  # terms, shares, how far the limit price is beyond the reference
        return [(t, self.granted.get(t.name, ZERO), SIGN[v.side] * (F(v.limit_price) - t.price))
                for v in self.d.free if (t := self.d.terms[v.instrument])]
    @cached_property
    def variance(self) -> Json:  # of a day's result: at the worst corner, beyond 10 instruments that move never too low
        own = [t for name in self.ends if (t := self.d.terms[name]).loads]
        terms, moves = [*zip(*(t.loads for t in own))], [{x * t.e for x in self.ends[t.name][:2]} for t in own]
        if sum(len(ys) > 1 for ys in moves) <= 10:
            return max(sum(sum(load * y for load, y in zip(k, ys)) ** 2 for k in terms)
                       + sum(t.rest * y * y for t, y in zip(own, ys)) for ys in product(*moves))
        sums = [[sum(end(load * y for y in ys) for load, ys in zip(k, moves)) for end in (min, max)] for k in terms]
        rests = [t.rest * max(y * y for y in ys) for t, ys in zip(own, moves)]
        return sum(rests) + sum(max(low * low, high * high) for low, high in sums)
    @cached_property
    def readings(self) -> Json:  # limit, value, bound, base of every measure, and what holds
        found: Json = {}
        for one in self.d.limits:
            share = F(one.bound) * (self.d.multiplier if one.regime else 1)
            for subject, value, *other in NUMERIC[one.kind](self, one) if one.kind in NUMERIC else ():
                key, square = f"{one.id}[{subject}]" if subject else one.id, one.kind in SQUARED
                base = self.d.world().readings[key][1] if self.granted else value
                bound = share * share * self.nav * abs(self.nav) if square else other[0] if other else share * self.nav
                found[key] = one.id, value, bound, base, bound if square else max(bound, base)
        return found
    @cached_property
    def broken(self) -> Json:  # above the bound and above the base, with their limits
        return {key: limit for key, (limit, value, _, _, most) in self.readings.items() if self.granted and value > most}
def _loss(by: Json, t: Json, x: F) -> Json:  # of a position under a scenario
    sectors, each = dict(by.sectors or ()), [t.beta * F(by.index)] if F(by.index) else []
    if by.instruments: each = [F(dict(by.instruments).get(t.name, 0))]
    elif t.fixed.sector in sectors: each.append(F(sectors[t.fixed.sector]))
    return abs(x) * t.e * F(by.sigmas) * t.sigma or max((-move * x * t.e for move in each), default=ZERO)
SQUARED = {"volatility": F(252), "value_at_risk": F("1.644854") ** 2, "expected_shortfall": F("2.062713") ** 2}
NUMERIC: dict[str, Json] = {  # subject, worst value, and its bound if not L·NAV⁻
    "order_value": lambda w, _: ((t.name, q * (t.e + max(ZERO, far) * t.unit)) for t, q, far in w.entries()),
    "order_quantity": lambda w, one: ((t.name, q, F(one.bound)) for t, q, _ in w.entries()),
    "volume_share": lambda w, one: ((t.name, q, F(one.bound) * t.volume) for t, q, _ in w.entries()),
    "price_collar": lambda w, one: ((t.name, abs(far) * bool(q), F(one.bound) * t.price) for t, q, far in w.entries()),
    "instrument_exposure": lambda w, _: ((name, w.worst([name])) for name in w.d.terms),
    "gross": lambda w, _: [("", w.worst(w.ends))],
    **{f"net_{way}": lambda w, _, way=way: [("", w.worst(w.ends, lambda t, x: SIGN[way] * x * t.e))] for way in WAYS},
    "beta": lambda w, _: ((f":{way}", w.worst(w.ends, lambda t, x: SIGN[way] * t.beta * x * t.e)) for way in WAYS),
    "credit": lambda w, one: [("", w.worst(w.ends), F(one.bound) * (w.d.multiplier if one.regime else 1))],
    "basket_net": lambda w, _: ((f"{name}:{way}", w.worst(legs, lambda t, x: SIGN[way] * x * t.e))
                                for name, legs in w.d.groups("basket") for way in WAYS),
    **{kind: lambda w, one, by=by: [("", by * (one.days or 1) * w.variance)] for kind, by in SQUARED.items()},
    "open_orders": lambda w, _: [("", w.traded(lambda o: not o.out))],
    "group_gross": lambda w, one: ((group, w.worst(names)) for group, names in w.d.groups(one.by, one.only)),
    "cluster_gross": lambda w, _: (("+".join(names), w.worst(names)) for names in w.d.clusters),
    "concentration": lambda w, one: ((of, w.worst(w.ends, lambda t, x: (
        (t.name == of) - F(one.bound)) * abs(x) * t.e), ZERO) for of in w.d.terms if len(w.d.held) >= one.once),
    "stop_loss": lambda w, _: ((name, w.stops([name])) for name in w.d.terms),
    "open_risk": lambda w, _: [("", w.stops(w.d.terms))],
    "loss_budget": lambda w, _: [("", w.stops(w.d.terms) + max(ZERO, -F(w.d.book.day_pnl)))],
    "turnover": lambda w, _: [("", w.traded(lambda _: True) + F(w.d.book.traded_today))],
    "cash_reserve": lambda w, o: [("", w.traded(lambda o: o.sign > 0) + w.fees, F(w.d.book.settled_cash) - F(o.bound) * w.d.nav)],
    "margin": lambda w, one: [("", w.worst(w.ends, lambda t, x: max(F(one.long) * x, -F(one.short) * x) * t.e))],
    "stress": lambda w, _: ((by.id, w.worst(w.ends, lambda t, x: _loss(by, t, x))) for by in w.d.law.scenarios if not by.paths),
}
def _findings(d: _Desk, found: Json, v: Json, at: str) -> Json:
    due = {one.id: one for one in d.limits if one.kind in CONDITIONS and (v or one.then)}
    yield from _same(f"{at} (limits)", sorted(one.limit for one in found), sorted(due))
    for one, limit in ((one, due[one.limit]) for one in found if one.limit in due):
        bound, number = F(limit.bound), None if one.value in ("yes", "no", "unknown") else F(one.value)
        sign, stale = -1 if limit.kind == "healthy_heads" else 1, limit.kind == "data_age" and not one.holds  # within its session
        holds = one.value == "yes" if number is None else number < bound if limit.then else sign * number <= sign * bound
        yield from _same(f"{at}.{limit.id}.holds", one.holds, holds and not stale)
        yield from _same(f"{at}.{limit.id}.bound", one.bound, "yes" if one.bound == "yes" else bound)
    if v in d.free and d.unpriced: yield f"{at}: figures are missing, and no condition says so"
def _readings(at: str, said: Json, rows: Json) -> Json:
    yield from _same(f"{at} (measures)", sorted(one.measure for one in said), sorted(rows))
    for one, (limit, value, bound, base, most) in ((one, rows[one.measure]) for one in said if one.measure in rows):
        again = {"limit": limit, "value": value, "bound": bound, "base": base, "slack": most - value}
        yield from (found for part in again for found in _same(f"{at}.{one.measure}.{part}", one[part], again[part]))
def _whole(legs: Json) -> bool:  # whether every leg of a basket is there, on its side
    due = [(name, F(shares) > 0) for name, shares in sorted(legs[0].basket.legs.items())] if legs[0].basket else None
    return due in (None, [(v.instrument, v.side == "buy") for v in legs]) and all(v.basket == legs[0].basket for v in legs)
def _crowds(d: _Desk, key: str, step: Json, grants: Json) -> Json:
    kept, found = [*grants], list[Json]()  # the minimal sets of earlier grants beside which one step breaks it
    breaks: Json = lambda names: key in d.world(*step, *(one for name in names for one in grants[name])).broken
    for name in grants if len(grants) > MOST_CROWDING else ():
        kept = less if breaks(less := [other for other in kept if other != name]) else kept
    for names in (names for size in range(len(kept) + 1) for names in combinations(kept, size)):
        if not any(one <= {*names} for one in found) and breaks(names): found.append({*names})
    return [tuple(sorted(one)) for one in found]
def _entries(d: _Desk) -> Json:
    grants: Json = {}
    for name, legs in d.queue:
        basket, at, before = legs[0].basket, f"verdicts.{name}", [one for each in grants.values() for one in each]
        failing = [(f"{c.limit}[{v.instrument}]" if basket else c.limit, c.limit) for v in legs for c in v.findings if not c.holds]
        if not _whole(legs): failing.append(("basket.whole", "basket.whole"))
        lots = {v.instrument: d.terms[v.instrument].lot if v.instrument in d.terms else F(1) for v in legs}
        steps = [abs(F((basket or Said()).get("legs", {}).get(name, lot))) for name, lot in lots.items()]
        most, count = min(F(v.target) // step for v, step in zip(legs, steps)), F(legs[0].quantity) / steps[0]
        if most < 1 and {*lots} <= {*d.terms}: failing.append(("sizing.target", "sizing.target"))
        whole = not count % 1 and 0 <= count <= most and [F(v.quantity) for v in legs] == [count * one for one in steps]
        if not whole or (count and failing): yield f"{at}.quantity: {count} lots or units, of {most}; forbidden by {failing}"
        outcome = "denied" if not count else "granted" if all(F(v.quantity) == F(v.target) for v in legs) else "cut"
        more = [(v, step * (count + 1)) for v, step in zip(legs, steps) if v in d.free and outcome != "granted"]
        beyond = d.world(*before, *more) if more else d.world()
        if outcome != "granted" and not beyond.broken and not failing: yield f"{at}.quantity: one lot more breaks nothing"
        rows = {key: beyond.readings[key] for key in beyond.broken if count}
        cores: Json = {(*one, ()) for one in failing}
        for key, limit in beyond.broken.items() if not count else ():
            cores |= {(key, limit, names) for names in _crowds(d, key, more, grants)}
        why = {core[1] for core in cores} | {row[0] for row in rows.values()}
        for v in legs:
            at, fact = f"verdicts.{v.instrument}", d.fact("candidate", instrument=v.instrument, side=WAYS[v.side == "sell"])
            yield from (*_findings(d, v.findings, v, f"{at}.findings"), *_readings(f"{at}.binding", v.binding or (), rows))
            yield from _same(at, [v.outcome, v.conviction, {*v.reasons}], [outcome, fact.conviction, why])
            yield from _same(f"{at}.cores", {(c.constraint, c.limit, tuple(c.grants)) for c in v.cores or ()}, cores)
        if count: grants[name] = [(v, F(v.quantity)) for v in legs]
    last = d.world(*(one for each in grants.values() for one in each))
    yield from _readings("readings", d.record.readings, last.readings if d.queue else {})
    yield from (f"readings.{key}: it does not hold" for key in last.broken)
def _orders(d: _Desk) -> Json:  # exits close at most the position, and what is warranted is what was granted
    for one in d.record.exits:
        h = sum((F(held.quantity) for held in d.book.positions if held.instrument == one.instrument), ZERO)
        out = sum((F(other.quantity) for other in d.record.exits if other.instrument == one.instrument), ZERO)
        fits = 0 < F(one.quantity) <= out <= F(one.asked) <= abs(h) and SIGN[one.side] * h < 0
        if not fits: yield f"exits.{one.instrument}.quantity: {one.side} {out} of {one.asked} asked and {h} held"
    what = "instrument", "side", "quantity", "limit_price", "stop_price"
    due = [("entry", *map(v.get, what)) for _, legs in d.queue for v in legs if F(v.quantity)]
    due += [("exit", *map(one.get, what)) for one in d.record.exits if one.held_back is None]
    told = [(one.order.role, *map(one.order.get, what)) for one in d.record.warrants if one.order.role != "stop"]
    yield from _same("warrants", sorted(map(str, told)), sorted(map(str, due)))
    for one in d.record.warrants:
        order, entry, content = one.order, one.order.role == "entry", {k: v for k, v in one.items() if k != "warrant_id"}
        yield from _same("warrants.warrant_id", one.warrant_id, "W-" + _digest(content)[7:39])
        for out in (one.protective_stop, one.take_profit or one.protective_stop) if entry else (order,):
            said = out.reduce_only, out.side == order.side, out.quantity, out.stop_price or order.stop_price
            yield from _same(f"warrants.{out.role}", said, (True, not entry, order.quantity, order.stop_price))
def _decision(record: Json) -> Json:
    for name, said in record.inputs.items(): yield from _same(f"inputs.{name}", said, _digest(record[name]))
    if record.fault is not None or (record.proof or record).fault is not None:
        said = [v for v in record.verdicts if v.outcome not in ("undetermined", "no-candidate") or F(v.quantity or 0)]
        said += [w for w in record.warrants if w.order.role == "entry" or record.fault is not None]
        return (yield from _same("verdicts and warrants (in spite of a fault)", said, []))
    yield from _same("law_digest", record.law_digest, _digest(record.law))
    d = _Desk(record)
    yield from _same("regime", record.regime, d.regime)
    yield from _findings(d, record.states, None, "states")
    worst = max([STATES.index(one.then) for one in d.limits for s in record.states if s.limit == one.id and not s.holds] or [0])
    yield from _same("trading_state", record.trading_state, STATES[worst])
    told = [v.instrument for v in record.verdicts if v.side or v.outcome in ("no-candidate", "undetermined")]
    yield from _same("verdicts", told, sorted({*record.snapshot.universe, *(one.instrument for one in d.facts["candidate"])}))
    yield from (found for check in (_entries, _orders) for found in check(d))
def complaints(record: Json) -> list[str]:
    """One sentence for each thing that does not hold in a record of an export; it begins with the field."""
    try: return list(_decision(record)) if record.kind == "decision" else []
    except (NotImplementedError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return [f"not checked: {error!r}"]



import argparse
import base64
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any as Json


CHECKS = ("bytes", "sequence", "checkpoints", "arithmetic", "replay")
MOST_SHOWN = 50
INLINED = ("snapshot", "portfolio", "limits", "rulebook")
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_SIGNATURE = re.compile("\N{EM DASH} ([^ +]+) ([A-Za-z0-9+/]+=*)")


class NoExport(Exception):
    """One sentence: why this can not be read as an export."""


class Tree:
    """The Merkle tree over the leaves so far, by the roots of its perfect parts, largest first."""

    def __init__(self) -> None:
        self.size, self._parts = 0, list[bytes]()

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more leaf."""
        size, self.size = self.size, self.size + 1
        while size & 1:
            leaf, size = hashlib.sha256(b"\1" + self._parts.pop() + leaf).digest(), size >> 1
        self._parts.append(leaf)

    @property
    def root(self) -> bytes:
        """The root over the leaves so far."""
        if not self._parts:
            return hashlib.sha256(b"").digest()
        *others, root = self._parts
        for part in reversed(others):
            root = hashlib.sha256(b"\1" + part + root).digest()
        return root


# --- bytes ------------------------------------------------------------------------------------------------------------


def read_line(line: bytes) -> Json:
    """The record of a line. Raises `ValueError` where it has another reading than its canonical one."""

    def refuse(number: str) -> Json:
        raise ValueError(f"the number {number}")

    record = json.loads(line, object_hook=Said, parse_float=refuse, parse_constant=refuse)
    if not isinstance(record, dict) or _canonical(record) != line:
        raise ValueError("the line is not in canonical form")
    return record


def leaf_of(record: Json) -> tuple[bytes, list[str]]:
    """The hash of a record's leaf, and what its digests say against it."""
    found, inlined = [], {}
    for name in INLINED:
        said = record.inputs.get(name) if isinstance(record.inputs, dict) else None
        if isinstance(said, str) and _DIGEST.fullmatch(said):
            inlined[name] = said
    if record.kind == "decision" and "limits" in inlined:
        inlined["law"] = record.law_digest
    for name, said in inlined.items():
        if name not in record:
            found.append(f"{name}: it is named by digest, and not written out")
        elif said is not None and _digest(record[name]) != said:
            found.append(f"{name}: what is written out has another digest than the record says")
    leaf = {name: value for name, value in record.items() if name not in inlined}
    hashed = hashlib.sha256(b"\0" + _canonical(leaf)).digest()
    said = leaf.pop("record_id", None)
    if said != _digest(leaf)[7:23]:
        found.append(f"record_id: the record says {said}, by its content it is {_digest(leaf)[7:23]}")
    return hashed, found


# --- sequence ---------------------------------------------------------------------------------------------------------


class Sequence:
    """Reads records in order and says what can not have happened."""

    def __init__(self, hidden: bool) -> None:
        self._hidden = hidden
        self._ids, self._fills, self._last = set[str](), set[str](), ""
        self._orders: dict[str, Json] = {}
        """Every order of a warrant: decision, warrant, quantity, last instant to submit it, submitted, filled."""

    def complaints(self, record: Json) -> Iterator[str]:
        """What is wrong with this record after those before it."""
        if record.record_id in self._ids:
            yield "record_id: an earlier record has the same id"
        self._ids.add(record.record_id)
        if record.as_of < self._last:
            yield f"as_of: {record.as_of} is before the record that precedes it"
        self._last = max(record.as_of, self._last)
        if record.kind == "decision":
            yield from self._warrants(record)
        elif record.kind == "books" and record.entry == "split":
            for order in self._orders.values():
                order.split = order.split or order.instrument == record.instrument
        elif record.kind in ("order", "fill", "rejection", "cancel", "expiry") and record.stray is not True:
            yield from self._event(record)

    def _warrants(self, record: Json) -> Iterator[str]:
        for warrant in record.warrants:
            for order in filter(None, (warrant.order, warrant.protective_stop, warrant.take_profit)):
                name = order.client_order_id
                if name in self._orders:
                    yield f"warrants: the order {name} has a warrant already"
                self._orders[name] = _Order(record.record_id, warrant.warrant_id, warrant.expires_at, order)

    def _event(self, record: Json) -> Iterator[str]:
        order = self._orders.get(record.client_order_id)
        if order is None:
            if not self._hidden:
                yield f"client_order_id: no decision before it warranted the order {record.client_order_id}"
            return
        if record.kind == "order":
            if (record.decision_id, record.warrant_id) != (order.decision_id, order.warrant_id):
                yield "warrant_id: another decision or warrant gave this order"
            if record.event == "submit" and record.as_of > order.expires_at:
                yield f"as_of: the order was submitted after its warrant had expired ({order.expires_at})"
            order.submitted = True
        elif not order.submitted and record.kind in ("fill", "cancel"):
            yield f"client_order_id: the order {record.client_order_id} was never submitted"
        if record.kind == "fill":
            yield from self._fill(record, order)

    def _fill(self, record: Json, order: _Order) -> Iterator[str]:
        if record.fill_id in self._fills:
            yield f"fill_id: an earlier fill has the id {record.fill_id}"
        self._fills.add(record.fill_id)
        order.filled += Fraction(record.quantity)
        if Fraction(record.quantity) <= 0 or (order.filled > order.quantity and not order.split):
            yield f"quantity: with this fill {order.filled} of {order.quantity} are filled"


class _Order:
    """The life of one warranted order. Quantities after a split are left to `warrant audit verify`."""

    def __init__(self, decision_id: str, warrant_id: str, expires_at: str, terms: Json) -> None:
        self.decision_id, self.warrant_id, self.expires_at = decision_id, warrant_id, expires_at
        self.instrument, self.quantity, self.filled = terms.instrument, Fraction(terms.quantity), Fraction(0)
        self.submitted = self.split = False


# --- checkpoints ------------------------------------------------------------------------------------------------------


class Checkpoint:
    """A signed note: origin, size and root of a tree."""

    def __init__(self, source: str, text: str) -> None:
        self.source, self.against = source, list[str]()
        head, gap, signatures = text.rpartition("\n\n")
        try:
            self._note = head + "\n"
            self.origin, size, root, *_ = self._note.split("\n")
            self.size, self.root = int(size), base64.b64decode(root, validate=True)
            self._signatures = [_SIGNATURE.fullmatch(line) for line in signatures.removesuffix("\n").split("\n")]
            sound = gap and text.endswith("\n") and str(self.size) == size and len(self.root) == 32
        except ValueError:
            sound = False
        if not sound or not all(self._signatures):
            raise NoExport(f"`{source}` is no signed checkpoint (C2SP tlog-checkpoint)")

    def signed_by(self, keys: list[str]) -> list[str]:
        """What speaks against the signatures; one by a key of `keys` must be there and hold."""
        known = {(name, number): public for name, number, public in map(read_key, keys)}
        found, good = list[str](), 0
        for name, content in ((one[1], base64.b64decode(one[2])) for one in self._signatures if one):
            # A log signs by its own name; what others have signed beside it (witnesses) is not asked for.
            public = known.get((name, content[:4])) if name == self.origin else None
            if public is not None:
                good += (holds := verifies(public, content[4:], self._note.encode()))
                found += [] if holds else [f"the signature of {name} does not hold"]
        return found or ([] if good else ["no key that was given signed it"])


def consistent(old: Checkpoint, new: Checkpoint, path: list[bytes]) -> bool:
    """Whether the path leads from the root of a smaller tree to that of a larger one (RFC 9162, 2.1.4.2)."""
    if old.size in (0, new.size):
        return not path and old.size <= new.size and (old.size == 0 or old.root == new.root)
    nodes = [old.root, *path] if old.size & (old.size - 1) == 0 else path
    here, last = old.size - 1, new.size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    if not nodes or old.size > new.size or any(len(node) != len(old.root) for node in nodes):
        return False
    before = after = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            before, after = (hashlib.sha256(b"\1" + node + root).digest() for root in (before, after))
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            after = hashlib.sha256(b"\1" + after + node).digest()
        here, last = here >> 1, last >> 1
    return (last, before, after) == (0, old.root, new.root)


def read_consistency(file: Path) -> list[Checkpoint]:
    """Both checkpoints of a proof of consistency; the newer one says where the proof does not hold."""
    try:
        found = json.loads(file.read_bytes())
        old, new = (Checkpoint(f"{name} of {file.name}", found[name]) for name in ("from", "to"))
        path = [base64.b64decode(node, validate=True) for node in found["path"]]
        known = found["format"] == "warrant-consistency/1"
    except (ValueError, LookupError, TypeError, AttributeError):
        known = False
    if not known:
        raise NoExport(f"`{file}` is no proof of consistency (warrant-consistency/1)")
    if old.origin != new.origin or not consistent(old, new, path):
        new.against.append(f"the proof does not lead from {old.size} records to {new.size}")
    return [old, new]


def read_key(text: str) -> tuple[str, bytes, bytes]:
    """Name, number and public bytes of `NAME+HASH+BASE64`, an Ed25519 key as a note's verifier has it."""
    name, _, rest = text.strip().partition("+")
    number, _, encoded = rest.partition("+")
    try:
        content = base64.b64decode(encoded, validate=True)
        wanted = hashlib.sha256(name.encode() + b"\n" + content).digest()[:4]
        if len(content) == 33 and content[0] == 1 and bytes.fromhex(number) == wanted and name:
            return name, wanted, content[1:]
        if len(content) == 33 and content[0] == 1 and name:
            why = f"`{number}` is not the hash of the name `{name}` with this key"
            raise NoExport(f"`{text.strip()}`: {why}; the name is wrong, or a character of the hash or the key")
    except ValueError:
        pass
    raise NoExport(f"`{text.strip()}` is no key (NAME+HASH+BASE64)")


def verifies(public: bytes, signature: bytes, content: bytes) -> bool:
    """Whether this Ed25519 signature holds."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise NoExport("signatures need the package `cryptography`: `pip install cryptography`") from None
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except InvalidSignature:
        return False
    return True


# --- an export --------------------------------------------------------------------------------------------------------


class Export:
    """The files of an export and what is found in them."""

    def __init__(self, place: Path) -> None:
        folder = place if place.is_dir() else place.parent
        self.records = folder / "records.jsonl" if place.is_dir() else place
        if not self.records.is_file():
            raise NoExport(f"there is no `{self.records}`")
        self.own_checkpoint, self.own_keys = folder / "checkpoint", folder / "keys.txt"
        self.hidden = _hidden(folder / "leaves.txt") if place.is_dir() else {}
        self.found: list[tuple[str, str]] = []
        """Check and sentence."""
        self.tree, self.kinds = Tree(), Counter[str]()
        self.went: list[str] = []
        """What is not shown because its time to be kept is over, and by which record."""

    def read(self, checkpoints: list[Checkpoint]) -> None:
        """Walk over all leaves once, and hold the root of each size against the checkpoints."""
        sequence, hidden = Sequence(bool(self.hidden)), dict(self.hidden)
        with self.records.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record = read_line(line.removesuffix(b"\n"))
                    hashed, against = leaf_of(record)
                except (ValueError, RecursionError) as error:
                    self._add("bytes", f"line {number}: no record can be read: {error}")
                    # Something stands here: what follows is held against its own place all the same.
                    self.tree.append(hashlib.sha256(b"\0" + line).digest())
                    continue
                at = f"record {record.seq} ({record.record_id}, {record.as_of})"
                self._place(record.seq, at, hidden, checkpoints)
                self._one(record, at, against, sequence)
                self._grow(hashed, checkpoints)
        for seq in sorted(hidden):
            if seq != self.tree.size:
                self._add("sequence", f"leaves.txt: the leaf {seq} stands where {self.tree.size} is due")
            self._grow(hidden[seq], checkpoints)
        self._against(checkpoints)

    def _place(self, seq: Json, at: str, hidden: dict[int, bytes], checkpoints: list[Checkpoint]) -> None:
        while self.tree.size in hidden and seq != self.tree.size:
            self._grow(hidden.pop(self.tree.size), checkpoints)
        if seq != self.tree.size or seq in hidden:
            self._add("sequence", f"{at}: it stands where record {self.tree.size} is due")

    def _one(self, record: Json, at: str, against: list[str], sequence: Sequence) -> None:
        self.kinds[str(record.kind)] += 1
        if record.kind == "retention":
            count, rule = sum(one.records for one in record.segments), record.rule
            words = f"{count} of kind {rule.kind}, kept {rule.years} years, went by {record.by}"
            self.went.append(f"record {record.seq} ({record.record_id}) says: {words}")
        for check, asked in (
            ("bytes", lambda: against),
            ("sequence", lambda: sequence.complaints(record)),
            ("arithmetic", lambda: complaints(record)),
        ):
            try:
                for sentence in asked():
                    self._add(check, f"{at}, {sentence}")
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
                self._add(check, f"{at}: it can not be followed: {error!r}")

    def _grow(self, leaf: bytes, checkpoints: list[Checkpoint]) -> None:
        self.tree.append(leaf)
        for one in checkpoints:
            if one.size == self.tree.size and one.root != self.tree.root:
                roots = f"it has the root {one.root.hex()}, the export {self.tree.root.hex()}"
                one.against.append(f"over {one.size} records {roots}: one of them was changed, taken out or put in")

    def _against(self, checkpoints: list[Checkpoint]) -> None:
        for one in checkpoints:
            if one.size > self.tree.size:
                one.against.append(
                    f"it is over {one.size} records, the export has {self.tree.size}: the rest is missing"
                )
            for sentence in one.against:
                self._add("checkpoints", f"checkpoint {one.source} of {one.origin}: {sentence}")

    def _add(self, check: str, sentence: str) -> None:
        self.found.append((check, sentence))


def _hidden(file: Path) -> dict[int, bytes]:
    """Leaf hashes of the records that the export does not show, by their place."""
    if not file.is_file():
        return {}
    found: dict[int, bytes] = {}
    for line in file.read_text(encoding="ascii").splitlines():
        seq, _, hashed = line.partition(" ")
        if not seq.isdecimal() or not re.fullmatch("[0-9a-f]{64}", hashed) or int(seq) in found:
            raise NoExport(f"`{file}` has the line `{line}`; each is a place and the hash of a leaf")
        found[int(seq)] = bytes.fromhex(hashed)
    return found


def verify(arguments: argparse.Namespace) -> int:
    """Say what holds. Raises `NoExport`, `OSError`."""
    export = Export(arguments.export)
    files = arguments.checkpoint or ([export.own_checkpoint] if export.own_checkpoint.is_file() else [])
    checkpoints = [Checkpoint(file.name, file.read_text(encoding="utf-8")) for file in files]
    checkpoints += [one for file in arguments.consistency or () for one in read_consistency(file)]
    keys = arguments.key or (export.own_keys.read_text().splitlines() if export.own_keys.is_file() else [])
    for one in checkpoints:
        one.against += one.signed_by(keys)
    export.read(checkpoints)
    if arguments.key and not checkpoints:
        export.found.append(("checkpoints", "there is none that the keys you gave could have signed; give one"))
    own = " (by a key of the export itself: compare it with one from elsewhere)" if not arguments.key else ""
    given = {"bytes": "", "sequence": "", "arithmetic": "", **({"checkpoints": own} if checkpoints else {})}
    for check in CHECKS:
        count = sum(of == check for of, _ in export.found)
        outcome = f"fails ({count} found)" if count else f"holds{given[check]}" if check in given else "not given"
        sys.stdout.write(f"{check:<12} {'not possible here' if check == 'replay' else outcome}\n")
    for check, sentence in export.found[:MOST_SHOWN]:
        sys.stdout.write(f"{check}: {sentence}\n")
    if len(export.found) > MOST_SHOWN:
        sys.stdout.write(f"… and {len(export.found) - MOST_SHOWN} more\n")
    for one in checkpoints:
        beyond = export.tree.size - one.size
        sys.stdout.write(f"checkpoint {one.source}: {one.origin}, {one.size} records" + (
            f"; {beyond} records came after it and are not covered\n" if beyond > 0 else "\n"))  # fmt: skip
    sys.stdout.writelines(f"{words}\n" for words in export.went)
    shown = sum(export.kinds.values())
    what = f"{export.tree.size} records ({export.kinds['decision']} decisions" + (
        f", {export.tree.size - shown} not shown)" if export.tree.size > shown else ")")  # fmt: skip
    sys.stdout.write(f"{what}; root {export.tree.root.hex()}\n")
    return 1 if export.found else 0


def main(words: list[str]) -> int:
    """The command line."""
    about, _, more = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser("verify_warrant.py", description=about, epilog=more,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("export", type=Path, help="folder or records.jsonl")
    parser.add_argument("--checkpoint", type=Path, action="append", help="a checkpoint kept elsewhere; may be repeated")
    parser.add_argument("--consistency", type=Path, action="append", help="a proof of consistency; may be repeated")
    parser.add_argument("--key", action="append", help="a key that may have signed it; may be repeated")
    try:
        return verify(parser.parse_args(words))
    except (NoExport, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"this can not be verified: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
