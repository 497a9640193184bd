"""What closed positions came to, by rule and by head: counts, wins and mean result, each with its 95 % interval.

An interval of a share of wins is Wilson's, that of a mean Student's; both take trades as independent, and trades at the
same time are not, so the truth is wider. A position counts when its last share went, with its result over all its life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from adapters.reports.attribution import Earned, Lot
from adapters.reports.frame.page import Block, Column, Prose, Section, Table
from adapters.reports.frame.told import change, count, percent
from adapters.reports.origins import Origins
from adapters.reports.performance import wilson

FEWEST = 2
"""Trades with less than these have no spread."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Some trades together. Money is in the account's currency."""

    name: str
    trades: int
    wins: int
    total: Fraction
    mean: Fraction
    low: float | None
    """Of the mean; None for fewer trades than have a spread."""
    high: float | None

    @property
    def sure(self) -> bool:
        """Whether the whole interval of the mean lies on one side of nothing."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def outcome(name: str, results: Sequence[Fraction]) -> Outcome:
    """The figures of some trades; at least one."""
    mean = sum(results, Fraction(0)) / len(results)
    low = high = None
    if len(results) >= FEWEST:
        from scipy.special import stdtrit

        spread = sqrt(float(sum((one - mean) ** 2 for one in results)) / (len(results) - 1) / len(results))
        half = float(stdtrit(len(results) - 1, 0.975)) * spread
        low, high = float(mean) - half, float(mean) + half
    return Outcome(name, len(results), sum(one > 0 for one in results), sum(results, Fraction(0)), mean, low, high)


def closed(earned: Earned) -> list[tuple[Lot, Fraction]]:
    """Lots whose last share went in the sessions of the report, with what they came to."""
    sessions = {one.session for one in earned.closes}
    return [(lot, lot.result(Fraction(0)).total) for lot in earned.lots if lot.ended in sessions and not lot.shares]


def outcomes_section(earned: Earned, origins: Origins) -> Section:
    """Outcomes of what was closed."""
    found, currency = closed(earned), earned.currency
    open_now = sum(bool(lot.shares) for lot in earned.lots)
    if not found:
        said = f"No position was closed in these days; {count(open_now, 'entry', 'entries')} still held."
        return Section("outcomes", "Outcomes by rule and by head", (Prose((said,)),))
    whole = outcome("all", [result for _, result in found])
    blocks: list[Block] = [Prose((_said(whole, open_now, currency),))]
    by_rule: dict[str, list[Fraction]] = {}
    by_head: dict[str, list[Fraction]] = {}
    by_end: dict[str, list[Fraction]] = {}
    for lot, result in found:
        origin = origins.of(lot)
        by_rule.setdefault(origin.rule, []).append(result)
        by_end.setdefault(" then ".join(lot.closed_by) or "a split", []).append(result)
        for head, _ in origin.heads:
            by_head.setdefault(head, []).append(result)
    blocks.append(_table("By rule", "rule", by_rule, currency))
    heads = "By head: an entry counts whole for each head that spoke for it, so these overlap"
    blocks.append(_table(heads, "head", by_head, currency))
    blocks.append(_table("By what closed it", "closed by", by_end, currency))
    return Section("outcomes", "Outcomes by rule and by head", tuple(blocks))


def _said(whole: Outcome, open_now: int, currency: str) -> str:
    share = wilson(whole.wins / whole.trades, whole.trades)
    told = (
        f"{count(whole.trades, 'position').capitalize()} closed, {whole.wins} with a gain ({percent(share.value, 1)};"
        f" 95 %: {percent(share.low, 1)} to {percent(share.high, 1)}), together {change(whole.total)} {currency};"
        f" {count(open_now, 'entry', 'entries')} still held. "
    )
    if whole.low is None or whole.high is None:
        return told + "One trade says nothing about the next."
    if not whole.sure:
        return told + "The mean result of a trade can not be told from nothing."
    return told + f"The mean result of a trade was {'above' if whole.mean > 0 else 'below'} nothing."


def _table(caption: str, by: str, found: dict[str, list[Fraction]], currency: str) -> Table:
    rows = []
    for one in sorted((outcome(*each) for each in found.items()), key=lambda one: (-one.trades, one.name)):
        share = wilson(one.wins / one.trades, one.trades)
        interval = "–" if one.low is None or one.high is None else f"{_whole(one.low)} to {_whole(one.high)}"
        rows.append(
            (one.name, str(one.trades), str(one.wins), percent(share.value, 1),
             f"{percent(share.low, 0)} to {percent(share.high, 0)}", change(one.mean), interval, change(one.total))
        )  # fmt: skip
    columns = (
        Column(by), Column("trades", number=True), Column("gains", number=True), Column("share", number=True),
        Column("95 %", keep=True), Column(f"mean, {currency}", number=True), Column("95 %", keep=True),
        Column("together", number=True),
    )  # fmt: skip
    return Table(columns, rows, caption)


def _whole(value: float) -> str:
    return change(Fraction(round(value)))[:-3]
