"""The paper broker's promises on random histories, and a bar-by-bar oracle for stops and limits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from hypothesis import event, given
from hypothesis import strategies as st

from adapters.paper.broker import Answer, Bar, Costs
from engine.books.books import Books, fold, mark, portfolio
from engine.orders.order import FINAL, Kind, Order, Role, Side, State, TimeInForce
from engine.orders.portfolio import Mode, Operations
from tests.adapters.paper_desk import (
    CENT,
    NAMES,
    Desk,
    Log,
    aimed,
    as_logged,
    bar,
    closes,
    entry,
    fills,
    order,
    session,
    warrant,
)

DEPOSIT = Decimal(1_000_000)
SHARE = Decimal("0.1")

names = st.sampled_from(NAMES)
sides = st.sampled_from(Side)
shares = st.integers(1, 200)
tenths = st.integers(0, 25).map(lambda count: Decimal(count) / 10)
"""Opens lie on whole prices and limits too, so that gaps, touches and exact hits are all common."""
bars = st.none() | st.builds(
    lambda open_, change, above, below, volume: Bar(
        Decimal(open_),
        max(Decimal(open_), open_ + change) + above,
        min(Decimal(open_), open_ + change) - below,
        open_ + change,
        volume,
    ),
    st.integers(96, 104),
    st.integers(-4, 4).map(lambda halves: Decimal(halves) / 2),
    tenths,
    tenths,
    st.sampled_from([0, 9, 300, 900, 5000, 5000]),
)
entries = st.tuples(st.just("entry"), names, sides, st.integers(97, 103), st.integers(1, 12), shares, st.integers(1, 3),
                    st.none() | st.integers(1, 8), st.sampled_from([*TimeInForce, TimeInForce.GTC]))  # fmt: skip
operations = st.one_of(
    entries,
    st.tuples(st.just("exit"), st.booleans(), shares, st.none() | st.integers(96, 106)),
    st.tuples(st.just("trail"), st.booleans(), st.integers(1, 10), shares),
    st.tuples(st.just("cancel"), st.integers(0, 10)),
    st.tuples(st.just("forged"), names, sides, shares),
    st.tuples(st.just("split"), names, st.sampled_from([Fraction(2), Fraction(1, 3), Fraction(3, 2)])),
)
sessions = st.tuples(st.just("session"), st.fixed_dictionaries(dict.fromkeys(NAMES, bars)))
rounds = st.builds(lambda before, after: [*before, after], st.lists(operations, min_size=1, max_size=3), sessions)
opening = st.builds(lambda first, after: [first, after], entries, sessions)
histories = st.builds(
    lambda first, parts: [one for part in [first, *parts] for one in part],
    opening,
    st.lists(rounds, min_size=1, max_size=6),
)


class Told(NamedTuple):
    """The records of one operation, the operation ready to be done again, and where the clock stood."""

    records: tuple
    again: object
    number: int
    is_submission: bool


class World:
    """Plays a history on a desk. Each step can be repeated on another broker: the same warrant, the same receipt."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.number = 0
        self.steps: list[Told] = []
        self.accepted: dict[str, int] = {}
        self.bars: dict[int, dict[str, Bar]] = {}

    def play(self, history: list[tuple]) -> World:
        for place, operation in enumerate(history):
            self._do(self._act(place, *operation))
        return self

    def _do(self, act) -> None:
        told = act(self.desk.broker)
        is_submission = isinstance(told, Answer)
        if is_submission:
            if told.accepted and told.fresh:
                self.accepted[told.events[0]["client_order_id"]] = self.number
            told = told.fresh
        self.desk.records += told
        self.steps.append(Told(tuple(told), act, self.number, is_submission))

    def _act(self, place: int, name: str, *terms):
        now = closes(self.number)
        match name, terms:
            case "entry", (instrument, side, limit, distance, quantity, good_for, gain, how_long):
                stop, identity = limit - side.sign * distance, f"e{place}"
                aim = limit + side.sign * (gain or 1)
                first, second, target = aimed(identity, side, limit, stop, aim, quantity, instrument)
                first = replace(first, time_in_force=how_long)
                return self._submission((first, second), good_for, None if gain is None else target)
            case "exit" | "trail", _:
                return self._submission((self._reducing(place, name, *terms),), 1)
            case "forged", (instrument, side, quantity):
                one = warrant(*entry(f"z{place}", side, 100, 100 - 5 * side.sign, quantity, instrument), self.number)
                receipt = Log().decide(one)
                return lambda broker: broker.submit(one, receipt, now)
            case "cancel", (index,):
                known = sorted(self.desk.broker.state.tickets)
                identity = known[index % len(known)] if known else "nobody"
                return lambda broker: broker.cancel(identity, now, "a test")
            case "split", (instrument, ratio):
                coming = session(self.number + 1)
                return lambda broker: broker.split(instrument, ratio, coming)
        (seen,) = terms
        self.number += 1
        known = {instrument: one for instrument, one in seen.items() if one is not None}
        coming, self.bars[self.number] = session(self.number), known
        return lambda broker: broker.advance(coming, known)

    def _reducing(self, place: int, name: str, last: bool, *terms) -> Order:
        """An exit or a closer stop on a held instrument, the first or the last; on AAPL if nothing is held."""
        positions = self.desk.broker.positions()
        instrument = sorted(positions or NAMES)[-1 if last else 0]
        held = positions.get(instrument, Decimal(0))
        side = Side.BUY if held < 0 else Side.SELL
        if name == "exit":
            quantity, limit = terms
            kind = Kind.MARKET if limit is None else Kind.LIMIT
            return order(f"x{place}", side, Role.EXIT, kind, quantity, limit=limit, name=instrument)
        distance, quantity = terms
        size = abs(held) if quantity % 4 and held else quantity
        return order(
            f"t{place}", side, Role.STOP, Kind.STOP, size, stop=100 + side.sign * (distance - 1), name=instrument
        )

    def _submission(self, parts, good_for: int, target: Order | None = None):
        one, now = warrant(*parts, at=self.number, sessions=good_for, target=target), closes(self.number)
        receipt = self.desk.log.decide(one)
        return lambda broker: broker.submit(one, receipt, now)


def _worlds(history: list[tuple], *without: str) -> World:
    return World(Desk(participation=SHARE)).play([one for one in history if one[0] not in without])


def _fills(world: World) -> list[dict]:
    return [record for record in world.desk.records if record["kind"] == "fill"]


def _owner(fill: dict) -> str:
    return fill["client_order_id"].removesuffix("-stop").removesuffix("-target")


@given(histories)
def test_no_fill_without_a_valid_receipt(history: list[tuple]) -> None:
    world = _worlds(history)
    for fill in _fills(world):
        owner = _owner(fill)
        assert owner in world.accepted
        assert world.desk.broker.state.tickets[owner].decision_id == fill["decision_id"]
    assert not any(identity.startswith("z") for identity in world.desk.broker.state.tickets)


@given(histories)
def test_never_a_fill_at_or_before_the_decisions_own_bar(history: list[tuple]) -> None:
    world = _worlds(history)
    for fill in _fills(world):
        decided = world.accepted[_owner(fill)]
        assert fill["session"] > session(decided).date
        assert fill["as_of"] > closes(decided)


@given(histories)
def test_entries_fill_within_their_limit_and_fills_within_the_bar_but_for_slippage(history: list[tuple]) -> None:
    world, number_of = _worlds(history, "split"), {session(number).date: number for number in range(40)}
    orders = {one["client_order_id"]: one["order"] for one in world.desk.records if "order" in one}
    for fill in _fills(world):
        seen = world.bars[number_of[fill["session"]]][fill["instrument"]]
        sign, price, slip = Side(fill["side"]).sign, Decimal(fill["price"]), Decimal(fill["slippage"])
        reference = price - sign * slip
        assert seen.low <= reference <= seen.high and price % CENT == 0
        assert 0 <= slip < reference * Costs().slippage_bp / 10_000 + CENT
        limit = orders[fill["client_order_id"]]["limit_price"]
        assert limit is not None or fill["role"] != "entry"
        assert limit is None or sign * (price - Decimal(limit)) <= 0


@given(histories)
def test_reduce_only_never_crosses_zero_and_no_position_flips(history: list[tuple]) -> None:
    world = _worlds(history)
    held = dict.fromkeys(NAMES, Fraction(0))
    for record in world.desk.records:
        if record["kind"] == "books":
            held[record["instrument"]] = Fraction(int(held[record["instrument"]] * Fraction(record["ratio"])))
        elif record["kind"] == "fill":
            before = held[record["instrument"]]
            after = before + Side(record["side"]).sign * Fraction(record["quantity"])
            assert before * after >= 0
            assert (abs(after) > abs(before)) == (record["role"] == "entry")
            held[record["instrument"]] = after
    assert {name: Fraction(count) for name, count in world.desk.broker.positions().items()} == {
        name: count for name, count in held.items() if count
    }


@given(histories)
def test_cash_and_positions_add_up_in_broker_and_books(history: list[tuple]) -> None:
    world = _worlds(history)
    books = fold(Books.open("desk", Mode.BACKTEST, "USD", DEPOSIT), as_logged(world.desk.records))
    assert {name: held.quantity for name, held in books.holdings.items()} == world.desk.broker.positions()
    spent = [
        Side(fill["side"]).sign * Fraction(fill["quantity"]) * Fraction(fill["price"]) + Fraction(fill["commission"])
        for fill in _fills(world)
    ]
    if all(record["kind"] != "books" for record in world.desk.records):
        assert Fraction(books.cash) == Fraction(DEPOSIT) - sum(spent)
    marked = mark(books, {})
    assert marked.nav - Fraction(DEPOSIT) == books.realised + marked.unrealised - Fraction(books.fees)
    assert sum(Fraction(fill["commission"]) for fill in _fills(world)) == Fraction(books.fees)
    seen = portfolio(books, {}, world.desk.broker.working(), Operations())
    if all(one[0] != "cancel" for one in history):
        assert all(held.stop is not None for held in seen.positions)


@given(histories)
def test_every_life_follows_the_table_and_nothing_active_is_left_on_a_flat_instrument(history: list[tuple]) -> None:
    world = _worlds(history)
    ended: set[str] = set()
    for record in world.desk.records:
        if record["kind"] == "books" or record.get("stray"):
            continue
        assert record["client_order_id"] not in ended
        if State(record["state"]) in FINAL:
            ended.add(record["client_order_id"])
    state = world.desk.broker.state
    for ticket in state.live.values():
        active = ticket.order.reduce_only and ticket.state is not State.WARRANTED
        assert not active or state.position(ticket.order.instrument) != 0 or state.tickets[ticket.guards or ""].live


@given(histories)
def test_every_position_stays_covered_by_stops(history: list[tuple]) -> None:
    world = _worlds(history, "cancel")
    state = world.desk.broker.state
    for instrument, held in state.positions.items():
        active = [
            ticket.remaining
            for ticket in state.on(instrument)
            if ticket.order.role is Role.STOP and ticket.state is not State.WARRANTED
        ]
        assert sum(active) >= abs(held)


@given(histories, st.data())
def test_a_restored_broker_is_the_broker_that_lived(history: list[tuple], data: st.DataObject) -> None:
    """Cut anywhere, also between two records of one step: restore, repeat that step, go on; nothing is different."""
    world = _worlds(history)
    desk = world.desk
    assert desk.restored(desk.records).state == desk.broker.state
    cut = data.draw(st.integers(0, len(desk.records)), label="cut")
    broker, records = desk.restored(desk.records[:cut]), list(desk.records[:cut])
    done = 0
    for step in world.steps:
        begun, done = done, done + len(step.records)
        if done < cut or (done == cut and step.records):
            continue
        told = step.again(broker)
        fresh = list(told.fresh if isinstance(told, Answer) else told)
        records += [record for record in fresh if record not in desk.records[begun:cut]]
    assert records == desk.records
    assert broker.state == desk.broker.state


@given(histories)
def test_doing_a_submission_again_changes_nothing(history: list[tuple]) -> None:
    world = _worlds(history)
    before = world.desk.restored(world.desk.records).state
    for step in world.steps:
        if step.records and step.records[0].get("client_order_id") in world.accepted and step.is_submission:
            again = step.again(world.desk.broker)
            assert again.fresh == () and again.accepted and again.events[: len(step.records)] == step.records
    assert world.desk.broker.state == before


@given(histories)
def test_fills_take_their_share_of_a_bars_volume_and_no_more(history: list[tuple]) -> None:
    world, taken = _worlds(history), defaultdict(Fraction)
    for fill in _fills(world):
        taken[fill["session"], fill["instrument"]] += Fraction(fill["quantity"])
        assert taken[fill["session"], fill["instrument"]] <= Fraction(fill["volume"]) * Fraction(SHARE)
    number_of = {session(number).date: number for number in range(40)}
    for (day, name), shares in taken.items():
        volume = world.bars[number_of[day]][name].volume
        event("a bar's volume ran out" if shares == floor(volume * SHARE) else "enough volume")


def _with_targets(history: list[tuple]) -> list[tuple]:
    """The same history with near targets, far stops and entries that rest, so that targets fill."""
    return [
        (*one[:4], 12, one[5], 3, 1, TimeInForce.GTC) if one[0] == "entry" else one
        for one in history
        if one[0] not in ("trail", "exit", "forged")
    ]


@given(histories.map(_with_targets))
def test_a_pair_together_fills_what_its_entry_did_and_the_stop_comes_first(history: list[tuple]) -> None:
    world, filled, when = _worlds(history, "split", "trail"), defaultdict(Fraction), {}
    for fill in _fills(world):
        name = fill["client_order_id"]
        filled[name] += Fraction(fill["quantity"])
        when.setdefault((name, fill["session"]), len(when))
        owner = _owner(fill)
        assert filled[f"{owner}-stop"] + filled[f"{owner}-target"] <= filled[owner]
        if name.endswith("-target"):
            event("a target filled")
            assert (owner, fill["session"]) not in when, "never in a bar in which its entry filled"
    state = world.desk.broker.state
    for ticket in state.tickets.values():
        if ticket.paired is not None and ticket.live and state.tickets[ticket.paired].live:
            assert ticket.remaining <= state.tickets[ticket.paired].remaining


@given(histories)
def test_every_order_works_as_long_as_it_says(history: list[tuple]) -> None:
    world = _worlds(history)
    terms = {one["client_order_id"]: one for one in world.desk.records if "order" in one}
    days: dict[str, set[str]] = defaultdict(set)
    for fill in _fills(world):
        sent = terms[fill["client_order_id"]]
        days[fill["client_order_id"]].add(fill["session"])
        if sent["order"]["role"] == "entry":
            assert sent["expires_at"] >= fill["as_of"]
            if Order.from_json(sent["order"]).time_in_force is not TimeInForce.GTC:
                assert len(days[fill["client_order_id"]]) == 1
                assert fill["session"] == session(world.accepted[fill["client_order_id"]] + 1).date
    for ticket in world.desk.broker.state.live.values():
        if ticket.order.role is Role.ENTRY and ticket.order.time_in_force is not TimeInForce.GTC:
            assert ticket.accepted_at == closes(world.number)


# The oracle: one instrument, one long, fractions and four cases, a bar at a time. Shorts are longs seen in a mirror.


class Life(NamedTuple):
    limit: Fraction
    stop: Fraction
    bars: list[tuple[Fraction, Fraction, Fraction]]
    trail: tuple[int, Fraction] | None
    exit: tuple[int, Fraction | None] | None


def up(price: Fraction) -> Fraction:
    return Fraction(ceil(price * 100), 100)


def down(price: Fraction) -> Fraction:
    return Fraction(floor(price * 100), 100)


def oracle(life: Life, slip: Fraction) -> list[tuple[str, Fraction]]:
    """What fills at which price. `slip` is relative; in the mirror it grows with the price's size all the same."""
    done, held, stop = [], False, life.stop

    def worse_buy(price: Fraction) -> Fraction:
        return up(price + abs(price) * slip)

    def worse_sell(price: Fraction) -> Fraction:
        return down(price - abs(price) * slip)

    for number, (open_, high, low) in enumerate(life.bars, start=1):
        leaving = life.exit is not None and life.exit[0] == number - 1 and held
        if life.trail is not None and life.trail[0] == number - 1 and held and life.trail[1] > stop:
            stop = life.trail[1]
        wanted = life.exit[1] if leaving else None
        resting = held
        if leaving and (wanted is None or open_ >= wanted):
            done.append(("exit", worse_sell(open_) if wanted is None else max(wanted, worse_sell(open_))))
            return done
        if resting and open_ <= stop:
            return [*done, ("stop", worse_sell(open_))]
        if number == 1 and open_ <= life.limit:
            done.append(("entry", min(life.limit, worse_buy(open_))))
            held = True
        elif number == 1 and low < life.limit:
            done.append(("entry", life.limit))
            held = True
        if held and low <= stop:
            return [*done, ("stop", worse_sell(min(open_, stop)))]
        if leaving and wanted is not None and high > wanted:
            return [*done, ("exit", wanted)]
        if not held:
            return done
    return done


steps = st.integers(-40, 40)
shapes = st.lists(st.tuples(steps, st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=6)


@given(
    sign=st.sampled_from([1, -1]),
    limit=st.integers(-10, 10),
    distance=st.integers(1, 20),
    shapes=shapes,
    trail=st.none() | st.tuples(st.integers(1, 4), st.integers(-20, 20)),
    leave=st.none() | st.tuples(st.integers(1, 4), st.none() | st.integers(-10, 40)),
    slippage=st.sampled_from([0, 5, 50]),
)
def test_stops_and_limits_against_the_oracle(sign, limit, distance, shapes, trail, leave, slippage) -> None:
    def price(tenths: int) -> Fraction:
        return 100 * sign + Fraction(tenths, 10)

    life = Life(
        price(limit),
        price(limit - distance),
        [(price(at), price(at + above), price(at - below)) for at, above, below in shapes],
        None if trail is None else (trail[0], price(trail[1])),
        None if leave is None else (leave[0], None if leave[1] is None else price(leave[1])),
    )
    expected = oracle(life, Fraction(slippage, 10_000))
    seen = [(_role(identity), sign * Fraction(at)) for identity, _, at in fills(_live(life, sign, slippage))]
    for role, _ in expected:
        event(role)
    assert seen == expected


def _role(identity: str) -> str:
    return {"e": "entry", "x": "exit", "e-stop": "stop", "t": "stop"}[identity]


def _live(life: Life, sign: int, slippage: int) -> list[dict]:
    """The same life at the broker, out of the mirror."""
    side, other = (Side.BUY, Side.SELL) if sign > 0 else (Side.SELL, Side.BUY)

    def real(price: Fraction) -> str:
        return f"{float(sign * price):.1f}"

    desk = Desk(Costs(slippage_bp=Decimal(slippage)))
    desk.submit(*entry("e", side, real(life.limit), real(life.stop)))
    for number, (open_, high, low) in enumerate(life.bars, start=1):
        if life.trail is not None and life.trail[0] == number - 1:
            desk.submit(order("t", other, Role.STOP, Kind.STOP, stop=real(life.trail[1])), at=number - 1)
        if life.exit is not None and life.exit[0] == number - 1:
            limit = life.exit[1]
            kind = Kind.MARKET if limit is None else Kind.LIMIT
            terms = order("x", other, Role.EXIT, kind, limit=None if limit is None else real(limit))
            desk.submit(terms, at=number - 1)
        ends = sorted((Decimal(real(high)), Decimal(real(low))))
        desk.advance(number, AAPL=bar(real(open_), ends[1], ends[0]))
    return desk.records
