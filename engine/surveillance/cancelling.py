"""Repeated cancels: many orders of a day taken back again, or one stop moved over and over.

Per instrument and date, told by the cancel that completes it, and once a day:

- *taken back*: so many entries and exits for which a cancel was asked, and so large a share of all orders of that day
  (submitted, or taken back) up to then;
- *moved*: so many stops replaced by another. A stop that trails moves once a bar, so on daily bars this cannot be; on
  short bars it says that somebody's distance is too small. A replacement is never counted as taken back.

Stops that go because their position is gone are neither, nor is what a kill or a halt takes back.
"""

from __future__ import annotations

from fractions import Fraction

from engine.surveillance.finding import Figure, Finding, Findings, Pattern, Severity
from engine.surveillance.parameters import Parameters
from engine.surveillance.trace import Cancel, Trace
from knowledge.values import text

_TRADING = ("entry", "exit")


def repeated_cancels(trace: Trace, by: Parameters) -> Findings:
    """All of them."""
    orders: dict[tuple[str, str], list[int]] = {}
    for life in trace.lives.values():
        if life.role in _TRADING:
            orders.setdefault((life.instrument, life.day), []).append(life.begins)
    back: dict[tuple[str, str], list[Cancel]] = {}
    moved: dict[tuple[str, str], list[Cancel]] = {}
    told: set[tuple[str, str]] = set()
    for cancel in trace.cancels:
        key = (cancel.life.instrument, cancel.day)
        if cancel.stopped:
            continue
        if cancel.replaced_by:
            moved.setdefault(key, []).append(cancel)
            if len(moved[key]) == by.replace_count:
                yield _moved(moved[key], by)
        elif cancel.life.role in _TRADING:
            those = back.setdefault(key, [])
            those.append(cancel)
            seen = {one.life.begins for one in those} | {one for one in orders.get(key, ()) if one < cancel.at}
            share = Fraction(len(those), len(seen))
            if key not in told and len(those) >= by.cancel_count and share >= by.cancel_share:
                told.add(key)
                yield _taken_back(those, share, by)


def _taken_back(those: list[Cancel], share: Fraction, by: Parameters) -> Finding:
    last = those[-1]
    name = last.life.instrument
    every = len(those) / share
    sentence = f"on {last.day} {len(those)} of {text(every)} orders in {name} were taken back"
    figures = (
        Figure("orders taken back", str(len(those)), str(by.cancel_count), "orders"),
        Figure("of all orders of the day", text(share), text(by.cancel_share), "share"),
    )
    return _finding(those, figures, sentence, Severity.WARNING)


def _moved(those: list[Cancel], by: Parameters) -> Finding:
    last = those[-1]
    sentence = f"on {last.day} stops of {last.life.instrument} were replaced {len(those)} times"
    figures = (Figure("replacements", str(len(those)), str(by.replace_count), "a day"),)
    return _finding(those, figures, sentence, Severity.NOTICE)


def _finding(those: list[Cancel], figures: tuple[Figure, ...], sentence: str, severity: Severity) -> Finding:
    last = those[-1]
    return Finding(
        Pattern.CANCELS, severity, last.life.instrument, "", last.day, last.day, last.at, last.as_of,
        (last.life.instrument,), tuple(one.life.order for one in those), figures, sentence,
    )  # fmt: skip
