"""Marking the close: trading at the end of a session that makes the price others settle by.

For each session and instrument, when the session has ended: what our fills of the last minutes took of the volume of
the bars they came in, and how far the price went our way from the last close before those minutes to the session's.
Both over their thresholds are a finding: severe on bars within the session.

**What daily bars can say.** The log knows of a daily bar that a fill was somewhere in its session, and not when. So
all fills of the session are held against its whole volume and against the move from the close before, and what is
found is a notice: a reason to look at the venue's own times, no more. Orders that go out at a close, as those of a
daily desk do, work from the next open on and are not orders at the close.

Left out: orders that did not fill (no record says what volume they stood beside), and closing auctions, which no feed
of bars tells apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from engine.surveillance.finding import Figure, Finding, Findings, Pattern, Severity
from engine.surveillance.parameters import Parameters
from engine.surveillance.trace import Fill, Session, Trace
from knowledge.values import text


def marked_closes(trace: Trace, by: Parameters) -> Findings:
    """All of them, told by the end of their session."""
    by_day: dict[str, dict[str, list[Fill]]] = {}
    for fill in trace.fills:
        by_day.setdefault(fill.day, {}).setdefault(fill.life.instrument, []).append(fill)
    for session in trace.sessions:
        for fills in by_day.get(session.date, {}).values():
            yield from _marked(trace, session, fills, by)


def _marked(trace: Trace, session: Session, fills: list[Fill], by: Parameters) -> Iterator[Finding]:
    name, within = fills[0].life.instrument, session.bars > 1
    begins = _instant(session.as_of) - timedelta(minutes=by.close_minutes)
    late = [one for one in fills if one.at < session.at and (not within or _instant(one.as_of) > begins)]
    net = sum((one.life.sign * one.quantity for one in late), Fraction(0))
    ours = [one for one in late if one.life.sign * net > 0]
    volumes = {one.as_of: one.volume for one in late if one.volume is not None}
    closes = [one for one in trace.closes.get((name, session.date), ()) if one.at <= session.at]
    if not ours or not closes or len(volumes) < len({one.as_of for one in late}) or not sum(volumes.values()):
        return
    # The first close within those minutes knows the one before it, in shares of now.
    first = next((one for one in closes if not within or _instant(one.as_of) > begins), None)
    if first is None or not first.before:
        return
    share = sum((one.quantity for one in ours), Fraction(0)) / sum(volumes.values())
    move = (closes[-1].price / first.before - 1) * (1 if net > 0 else -1)
    if share >= by.close_share and move >= by.close_move:
        yield _finding(session, ours, share, move, within, by)


def _finding(
    session: Session, ours: list[Fill], share: Fraction, move: Fraction, within: bool, by: Parameters
) -> Finding:
    name, side = ours[0].life.instrument, ours[0].life.side
    orders = tuple(dict.fromkeys(one.life.order for one in ours))
    when = f"the last {by.close_minutes} minutes" if within else "the session (its bar does not say when)"
    way = "up" if side == "buy" else "down"
    sentence = (
        f"in {when} of {session.date} what we {'bought' if side == 'buy' else 'sold'} was {_percent(share)} of the "
        f"volume of {name}, which went {way} {_percent(move)} to its close"
    )
    figures = (
        Figure("share of the volume", text(share), text(by.close_share), "share"),
        Figure("move our way", text(move), text(by.close_move), "share of the price"),
    )
    severity = Severity.SEVERE if within else Severity.NOTICE
    return Finding(
        Pattern.CLOSE, severity, name, "", session.date, session.date, session.at, session.as_of, (name,), orders,
        figures, sentence,
    )  # fmt: skip


def _percent(share: Fraction) -> str:
    """With two decimals, rounded half to even, without a float on the way."""
    return f"{round(share * 10_000) // 100}.{round(share * 10_000) % 100:02} %"


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written)
