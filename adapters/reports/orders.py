"""Orders for a reader: a line of time for each position, and each order from its warrant to its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from adapters.reports.attribution import Lot
from adapters.reports.frame.page import Block, Column, Folded, Picture, Prose, Section, Table, anchor
from adapters.reports.frame.span import LAST_DAY
from adapters.reports.frame.told import count, money
from adapters.reports.frame.vectors import INK, LINE, SOFT, WIDTH, box, cut, drawing, line, text, wide
from adapters.reports.lives import Life
from engine.telling.figures import amount

LONGEST = 80
"""Lines of a picture."""
_UNFOLDED = 30
_BLUE, _VERMILLION, _GREEN, _ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"


def orders_section(lives: Sequence[Life], lots: Sequence[Lot], results: dict[str, str], days: Sequence[str]) -> Section:
    """Orders with an event in the days of a report; `results` says what each lot came to."""
    if not lives:
        return Section("orders", "Orders", (Prose(("No order was warranted, working or ended in these days.",)),))
    entries = [one for one in lives if one.term("role") == "entry"]
    filled = [one for one in entries if one.filled]
    said = (
        f"{count(len(lives), 'order').capitalize()}; {count(len(entries), 'entry', 'entries')}, {len(filled)} filled;"
        f" {sum(one.state == 'expired' for one in lives)} expired, {sum(one.state == 'rejected' for one in lives)}"
        f" rejected, {sum(not one.ended for one in lives)} still working."
    )
    blocks: list[Block] = [Prose((said,))]
    if len(days) > 1:
        blocks += _timeline(lives, lots, results, days)
    elif picture := track(lives[:LONGEST], days):
        says = "○ sent, ● filled, ■ ended otherwise; a line while the order works. Each line is an order."
        blocks.append(Picture(picture, "the orders over the bars of the day", says))
    table = orders_table(lives)
    blocks.append(table if len(lives) <= _UNFOLDED else Folded(f"Each of the {len(lives)} orders", (table,)))
    return Section("orders", "Orders, from warrant to end", tuple(blocks))


def orders_table(lives: Sequence[Life]) -> Table:
    """Each order on a line."""
    columns = (
        Column("order"), Column("what"), Column("warranted", keep=True), Column("sent", keep=True),
        Column("acknowledged", keep=True), Column("fills"), Column("end"), Column("costs", number=True),
    )  # fmt: skip
    return Table(columns, [_row(one) for one in lives])


def _row(life: Life) -> tuple[str, ...]:
    named = Markup('<span id="{}">{}</span>').format(anchor("order", life.order_id), life.order_id)
    costs = money(life.commission + life.slippage) if life.filled else "–"
    return (
        named, what(life), life.warranted[:10] or "–", *(_day(life, event) for event in ("submit", "accept")),
        "; ".join(f"{one.day}: {one.words}" for one in life.of("fill")) or "–", end(life), costs,
    )  # fmt: skip


def what(life: Life) -> str:
    """Its terms in a few words."""
    price = life.term("limit_price") or life.term("stop_price")
    at = f" at {amount(price)}" if price else ""
    return f"{life.term('role')}: {life.term('side')} {amount(life.term('quantity'))} {life.term('instrument')}{at}"


def end(life: Life) -> str:
    """How it ended, or where it stands."""
    if not life.events:
        return "warranted, not sent"
    last = life.events[-1]
    said = f" ({last.words})" if last.words and last.kind != "fill" else ""
    return f"{last.state} {last.day}{said}"


def _day(life: Life, event: str) -> str:
    found = life.first(event)
    return found.day if found is not None else "–"


# --- the picture ------------------------------------------------------------------------------------------------


def _timeline(
    lives: Sequence[Life], lots: Sequence[Lot], results: dict[str, str], days: Sequence[str]
) -> Iterator[Block]:
    entries = [one for one in lives if one.term("role") == "entry"][-LONGEST:]
    if not entries:
        return
    by_order = {one.order_id: one for one in lots}
    stops = [one for one in lives if one.term("role") == "stop"]
    rows = [_Lane.of(one, by_order.get(one.order_id), stops, results) for one in entries]
    left_out = sum(one.term("role") == "entry" for one in lives) - len(entries)
    more = f" The {left_out} earlier ones are in the table." if left_out > 0 else ""
    caption = (
        "Each line is an entry: ○ warranted, ● filled; while the position is held a bar, a tick for each stop that was"
        f" moved, then ■ closed by an exit or ✖ by its stop; to its right the result in the account's currency.{more}"
    )
    yield Picture(_drawn(rows, days), "the life of each entry, from its warrant to its end", caption)


class _Lane:
    """One entry in the picture."""

    def __init__(self, label: str, result: str) -> None:
        self.label, self.result = label, result
        self.warranted = self.opened = self.ended = ""
        self.by = ""
        self.long = True
        self.moves: list[str] = []
        self.state = ""

    @classmethod
    def of(cls, entry: Life, lot: Lot | None, stops: Sequence[Life], results: dict[str, str]) -> _Lane:
        side = "long" if entry.term("side") == "buy" else "short"
        lane = cls(f"{entry.term('instrument')} {side} {amount(entry.term('quantity'))}", "")
        lane.warranted, lane.long, lane.state = entry.warranted[:10], side == "long", entry.state
        if lot is None:
            lane.result = entry.state
            return lane
        lane.opened, lane.ended, lane.by = lot.opened, lot.ended, "stop" if "stop" in lot.closed_by else "exit"
        lane.result = results.get(lot.order_id, "")
        for stop in stops:
            moved = stop.first("submit")
            if moved is None or stop.term("instrument") != lot.instrument:
                continue
            if lot.opened < moved.day[:10] < (lot.ended or LAST_DAY):
                lane.moves.append(moved.day[:10])
        return lane


def _drawn(lanes: Sequence[_Lane], days: Sequence[str]) -> str:
    left = max(wide(one.label) for one in lanes) + 14
    right = max(wide(one.result) for one in lanes) + 14
    room, tall = WIDTH - left - right, 15.0
    place = {day: at for at, day in enumerate(days)}

    def x(day: str) -> float:
        """A day's place; what lies before or after these days stands at their edge."""
        if not day or day < days[0]:
            return left
        if day > days[-1]:
            return left + room
        at = place.get(day)
        if at is None:
            at = next(at for at, one in enumerate(days) if one >= day)
        return left + room * (at + 0.5) / len(days)

    parts = list(_grid(days, x, tall * len(lanes) + 22))
    for number, lane in enumerate(lanes):
        y = 18 + tall * number + tall / 2
        parts.append(text(left - 8, y + 3.6, lane.label, anchor="end"))
        parts += _lane(lane, x, y, left + room)
        parts.append(text(left + room + 10, y + 3.6, cut(lane.result, right), fill=INK))
    return drawing(tall * len(lanes) + 24, parts)


def _grid(days: Sequence[str], x: object, height: float) -> Iterator[str]:
    assert callable(x)
    digits = 16 if len(days[0]) > 10 else 10 if len(days) <= 12 else 7
    seen, edge = "", -1.0
    for day in days:
        if day[:digits] != seen:
            seen = day[:digits]
            at = x(day)
            if at > edge:
                shown = seen[11:] or seen
                yield text(at, 11, shown, fill=SOFT, size=9.5)
                yield line(at, 15, at, height, LINE, 0.8)
                edge = at + wide(shown, 9.5) + 12


def _lane(lane: _Lane, x: object, y: float, end_of_days: float) -> Iterator[str]:
    assert callable(x)
    start = x(lane.warranted)
    if not lane.opened:
        yield line(start, y, min(start + 14, end_of_days), y, SOFT, 1.0)
        yield f'<circle cx="{start:.1f}" cy="{y:.1f}" r="3" fill="white" stroke="{SOFT}" stroke-width="1.2"/>'
        return
    opened, ended = x(lane.opened), x(lane.ended) if lane.ended else end_of_days
    colour = _BLUE if lane.long else _ORANGE
    yield line(start, y, opened, y, SOFT, 1.0)
    yield box(opened, y - 2.5, max(ended - opened, 1.5), 5, colour)
    for day in lane.moves:
        yield line(x(day), y - 5, x(day), y + 5, INK, 0.8)
    yield f'<circle cx="{start:.1f}" cy="{y:.1f}" r="3" fill="white" stroke="{SOFT}" stroke-width="1.2"/>'
    yield f'<circle cx="{opened:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}"/>'
    if lane.ended and lane.by == "stop":
        yield line(ended - 3.5, y - 3.5, ended + 3.5, y + 3.5, _VERMILLION, 2.2)
        yield line(ended - 3.5, y + 3.5, ended + 3.5, y - 3.5, _VERMILLION, 2.2)
    elif lane.ended:
        yield box(ended - 3.2, y - 3.2, 6.4, 6.4, _GREEN)


def track(lives: Sequence[Life], closes: Sequence[str]) -> str:
    """A few orders over the sessions of their lives, one under the other; empty where all is on one day."""
    events = [event for life in lives for event in life.events]
    if not events:
        return ""
    first, last = min(one.day for one in events), max(one.day for one in events)
    # Bars shorter than a session: the minutes at which something happened; else every session between the ends.
    between = (
        [one.day for one in events] if len(first) > len(LAST_DAY) else [day for day in closes if first <= day <= last]
    )
    days = sorted({first, last, *between})
    if len(days) < 2:
        return ""
    labels = [cut(what(one), 250) for one in lives]
    left, ends = max(map(wide, labels)) + 14, [end(one).split(" (")[0] for one in lives]
    right = max(map(wide, ends)) + 14
    room, tall = WIDTH - left - right, 17.0
    place = {day: left + room * (at + 0.5) / len(days) for at, day in enumerate(days)}
    parts = list(_grid(days, place.__getitem__, tall * len(lives) + 22))
    for number, (life, label, ending) in enumerate(zip(lives, labels, ends, strict=True)):
        y = 18 + tall * number + tall / 2
        parts += [text(left - 8, y + 3.6, label, anchor="end"), text(left + room + 10, y + 3.6, ending, fill=SOFT)]
        parts += _track(life, place, y)
    return drawing(tall * len(lives) + 24, parts)


def _track(life: Life, place: dict[str, float], y: float) -> Iterator[str]:
    if not life.events:
        return
    start, stop = place[life.events[0].day], place[life.events[-1].day]
    yield line(start, y, stop, y, _BLUE, 2.0)
    yield f'<circle cx="{start:.1f}" cy="{y:.1f}" r="4" fill="white" stroke="{SOFT}" stroke-width="1.4"/>'
    for one in life.of("fill"):
        yield f'<circle cx="{place[one.day]:.1f}" cy="{y:.1f}" r="4.4" fill="{_GREEN}"/>'
    if life.ended and life.state != "filled":
        yield box(stop - 3.5, y - 3.5, 7, 7, _VERMILLION)
