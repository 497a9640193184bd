"""The results of a run as lines of text, for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from textwrap import wrap

from adapters.demo.desk import Changed
from adapters.reports.results import Results, percent, ratio, sure, worth
from engine.limits.model import Limit
from engine.telling.figures import amount

WIDTH = 100
SHARES = ("NAV", "close", "least gross", "average daily volume", "reference price")
"""Units of which a bound is a share."""
_LABEL = 26


def result_lines(results: Results) -> Iterator[str]:
    """The whole summary."""
    counts = results.tally
    yield f"{counts.cycles} decisions from {counts.sessions[0]} to {counts.sessions[-1]}"
    yield ""
    yield from _verdicts(results)
    yield ""
    yield from _refusals(results)
    yield ""
    yield "no candidate, by the rule that came closest and those behind it"
    yield from _counted({" <- ".join(chain): times for chain, times in counts.closest().most_common()})
    yield ""
    yield "exits by reason" if counts.exits else "exits by reason: none"
    yield from _counted(dict(counts.exits.most_common()))
    yield "fills" if counts.fills else "fills: none"
    yield from _counted({f"{role} orders": times for role, times in sorted(counts.fills.items())})
    costs = f"commission {amount(counts.commission, 2)}, slippage {amount(counts.slippage, 2)} {results.currency}"
    yield _row("costs", costs)
    for fault in list(dict.fromkeys(counts.faults))[:5]:
        yield _row("cycle without decision", fault)
    yield ""
    yield from _money(results)
    yield ""
    yield "what this is worth"
    for sentence in worth(results):
        yield from wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")


def change_lines(changed: Iterable[Changed]) -> Iterator[str]:
    """The bounds that differ from those that ship."""
    for one in changed:
        yield _row(one.limit.id, f"{change(one)}; {one.why.partition(': ')[2]}")


def change(one: Changed) -> str:
    """A changed bound: before and after."""
    return f"{bound(one.limit, one.shipped)} -> {bound(one.limit, one.limit.bound)} of {one.limit.unit}"


def bound(limit: Limit, value: Fraction) -> str:
    """A bound as the limits file writes it."""
    return f"{amount(value * 100)} %" if limit.unit in SHARES else amount(value)


def _verdicts(results: Results) -> Iterator[str]:
    counts = results.tally
    outcomes, denied = counts.outcomes, counts.denied()
    crowded = sum(one.crowded_out for one in denied)
    cuts = ", ".join(f"{name} {times}" for name, times in counts.cuts().most_common())
    yield _row("verdicts", f"{sum(outcomes.values()):>6,}")
    yield _row("  granted", f"{outcomes['granted']:>6,}")
    yield _row("  cut", f"{outcomes['cut']:>6,}   {f'by {cuts}' if cuts else ''}".rstrip())
    yield _row("  denied", f"{outcomes['denied']:>6,}   {len(denied) - crowded} on its own, {crowded} crowded out")
    yield _row("  undetermined", f"{outcomes['undetermined']:>6,}")
    yield _row("  no candidate", f"{outcomes['no-candidate']:>6,}")
    yield _row("candidates", f"{len(counts.fates):>6,}")


def _refusals(results: Results) -> Iterator[str]:
    yield "denied by layer and reason (a candidate may have several)"
    policies = ", ".join(f"{name} {times}" for name, times in results.tally.policies().most_common())
    for one in results.tally.refusals():
        detail = f"   {policies}" if one.reason == "compliance.policy" and policies else ""
        crowded = f"   {one.crowded} of them crowded out" if one.crowded else ""
        yield _row(f"  {one.layer or '-'}  {one.reason}", f"{one.times:>6,}{crowded}{detail}")


def _money(results: Results) -> Iterator[str]:
    run, hold = results.performance, results.benchmark_performance
    held = ", ".join(results.held)
    yield f"{'':<{_LABEL}}{'this run':<34}buy-and-hold"
    yield _both(
        "NAV at the end",
        *(f"{amount(round(navs[-1]))} {results.currency}" for navs in (results.navs, results.benchmark)),
    )
    if run is not None and hold is not None:
        yield _both("made in all", percent(run.total), percent(hold.total))
        yield _both("a year", *(sure(one.annual) for one in (run, hold)))
        yield _both("deepest drawdown", *(sure(one.drawdown) for one in (run, hold)))
        yield _both("Sharpe ratio", *(ratio(one.sharpe) for one in (run, hold)))
        yield _both("volatility a year", percent(run.volatility), percent(hold.volatility))
    if results.excess is not None:
        yield _row("difference a year", sure(results.excess))
    yield _row("invested on average", f"{percent(results.exposure)} of NAV")
    note = (
        f"Buy-and-hold: equal parts of {held} (those listed then) bought at the close of {results.tally.sessions[0]},"
        " dividends reinvested, no costs. Intervals of 95 % by a stationary bootstrap."
    )
    yield from wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _both(label: str, first: str, second: str) -> str:
    return f"  {label:<{_LABEL - 2}}{first:<34}{second}"


def _counted(counts: Mapping[str, int] | Counter[str]) -> Iterator[str]:
    for name, times in counts.items():
        yield f"  {name:<{max(_LABEL - 2, len(name) + 2)}}{times:>6,}"


def _row(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{text}" if label.startswith(" ") else f"  {label:<{_LABEL - 2}}{text}"
