"""What was refused: reasons by layer and time, what one lot more would have broken, and what never got so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from adapters.reports.frame.drawing import LAYERS, on_page
from adapters.reports.frame.page import Block, Column, Picture, Prose, Section, Table, code, joined, link
from adapters.reports.frame.told import count
from adapters.reports.summary import Fate, Tally
from engine.limits.kinds import KINDS
from engine.telling.figures import amount

SHAPES = {"granted": "▲", "cut": "◆", "denied": "✖", "undetermined": "?", "no-candidate": "·"}
_MOST_BUCKETS = 36
_MOST_SILENCES = 10


def refusals_section(counts: Tally) -> Section:
    """Reasons of the denied and cut candidates."""
    denied, crowded = counts.denied(), sum(one.crowded_out for one in counts.denied())
    cuts = counts.cuts()
    said = f"{count(len(denied), 'candidate').capitalize()} denied; {count(sum(cuts.values()), 'reason')} to cut one."
    if denied:
        said = (
            f"{count(len(denied), 'candidate').capitalize()} denied, {len(denied) - crowded} on their own and"
            f" {crowded} crowded out by earlier grants of the same decision; {sum(cuts.values())} cut. A candidate with"
            " several reasons counts under each."
        )
    blocks: list[Block] = [Prose((said,))]
    buckets = by_time(denied, counts.sessions)
    if len(buckets) > 1 and denied:
        svg = on_page("refusals", lambda figure: _draw(figure.subplots(), counts, buckets), 2.7)
        blocks.append(Picture(svg, "reasons of refusals over time, by layer"))
    blocks += [_reasons(counts), _cuts(counts, cuts), _silences(counts)]
    return Section("refusals", "Refusals by layer and reason", tuple(blocks))


def by_time(fates: Sequence[Fate], sessions: Sequence[str]) -> dict[str, list[Fate]]:
    """Candidates by session, month or year, whichever makes a readable number of bars; none is left out."""
    for digits in (10, 7, 4):
        buckets: dict[str, list[Fate]] = {one[:digits]: [] for one in sessions}
        if len(buckets) <= _MOST_BUCKETS or digits == 4:
            break
    for one in fates:
        buckets.setdefault(one.session[:digits], []).append(one)
    return dict(sorted(buckets.items()))


def _draw(axes: Axes, counts: Tally, buckets: dict[str, list[Fate]]) -> None:
    names, places = list(buckets), np.arange(len(buckets), dtype=np.float64)
    tallied = [Counter(counts.layer(reason) for one in found for reason in one.reasons) for found in buckets.values()]
    below = np.zeros(len(names))
    for layer in sorted({layer for one in tallied for layer in one}):
        words, colour, hatch = LAYERS[layer]
        heights = np.array([one[layer] for one in tallied], dtype=np.float64)
        axes.bar(
            places, heights, 0.8, bottom=below, color=colour, edgecolor="white", hatch=hatch, linewidth=0.5, label=words
        )
        below = below + heights
    every = max(1, -(-len(names) // 9))
    axes.set_xticks(places[::every], names[::every])
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("reasons of refusals")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=6, borderpad=0.1, handletextpad=0.5)


def _reasons(counts: Tally) -> Table:
    meanings = {one.id: KINDS[one.kind].meaning for one in reversed(counts.limits)}
    policies = ", ".join(f"{name.replace('_', ' ')} {times}" for name, times in counts.policies().most_common())
    rows = []
    for one in counts.refusals():
        meaning = meanings.get(one.reason, "the size that the odds allow is below one lot")
        if one.reason == "compliance.policy" and policies:
            meaning = policies
        rows.append((LAYERS[one.layer][0], code(one.reason), meaning, str(one.alone), str(one.crowded)))
    columns = (
        Column("layer", keep=True), Column("reason", keep=True), Column("what it bounds"),
        Column("on its own", number=True),
        Column("crowded out", number=True),
    )  # fmt: skip
    return Table(columns, rows, "Denied, by layer and reason", "no candidate was denied")


def _cuts(counts: Tally, cuts: Counter[str]) -> Table:
    rows = [(LAYERS[counts.layer(name)][0], code(name), str(times)) for name, times in cuts.most_common()]
    columns = (Column("layer", keep=True), Column("what one lot more would have broken"), Column("times", number=True))
    return Table(columns, rows, "Cut, by what one lot more would have broken", "no candidate was cut")


def _silences(counts: Tally) -> Table:
    closest = counts.closest().most_common()
    shown, rest = closest[:_MOST_SILENCES], sum(times for _, times in closest[_MOST_SILENCES:])
    rows: list[tuple[str, ...]] = [
        (joined([code(one) for one in chain], " ← "), f"{times:,}") for chain, times in shown
    ]
    if rest:
        rows.append((f"{len(closest) - len(shown)} others", f"{rest:,}"))
    columns = (Column("rule that came closest, down to the one whose condition failed"), Column("times", number=True))
    caption = "No candidate: where the rules proposed nothing"
    return Table(columns, rows, caption, "of no instrument")


def candidates_table(fates: Sequence[Fate], orders: Container[str] = ()) -> Table:
    """Every candidate with its verdict; it links to those orders that the page has."""
    rows = []
    for one in fates:
        verdict = f"{SHAPES.get(one.outcome, '')} {one.outcome}{' (crowded out)' if one.crowded_out else ''}"
        order = link("order", one.order_id) if one.order_id in orders else one.order_id
        reasons = joined([code(name) for name in one.reasons]) if one.reasons else "–"
        rows.append(
            (one.period, one.instrument, one.side, verdict, amount(one.quantity), amount(one.target), reasons, order)
        )
    columns = (
        Column("decided", keep=True), Column("instrument"), Column("side"), Column("verdict", keep=True),
        Column("permitted", number=True), Column("of shares", number=True), Column("because of"), Column("order"),
    )  # fmt: skip
    return Table(columns, rows, empty="The rules proposed no entry.")
