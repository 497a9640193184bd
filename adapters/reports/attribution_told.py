"""The result for a reader, by instrument, rule, head and strategy: to the cent, and every table sums to the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from markupsafe import Markup

from adapters.reports.attribution import PARTS, Earned, Result, cents
from adapters.reports.frame.page import Block, Column, Prose, Section, Table, Written
from adapters.reports.frame.told import change
from adapters.reports.frame.vectors import INK, LINE, SOFT, WIDTH, box, drawing, line, text, wide
from adapters.reports.origins import Origins

_COSTS = PARTS[1:]
_GAIN, _LOSS = "#0072B2", "#D55E00"


def attribution_section(earned: Earned, origins: Origins) -> Section:
    """Where the change of NAV came from."""
    total, currency = earned.total, earned.currency
    if not earned.by_lot:
        return Section("attribution", "Where the result came from", (Prose(("Nothing was held: NAV is unchanged.",)),))
    row = rounded([("", total)])[0][1]
    parts = dict(zip(PARTS, row, strict=False))
    said = (
        f"NAV changed by {change(row[-1])} {currency}: prices {change(parts['prices'])} as if fills had cost nothing,"
        f" slippage {change(parts['slippage'])}, commission {change(parts['commission'])}, borrow"
        f" {change(parts['borrow'])}, dividends {change(parts['dividends'])}. Every table below sums to it. A position"
        " that several entries made is theirs in proportion to their shares; heads share an entry in proportion to what"
        " their opinions counted for."
    )
    by_instrument = grouped(earned, lambda lot: [(lot.instrument, Fraction(1))])
    tables = (
        ("instrument", by_instrument),
        ("rule", grouped(earned, lambda lot: [(origins.of(lot).rule, Fraction(1))])),
        ("head", grouped(earned, lambda lot: origins.of(lot).heads)),
        ("strategy", grouped(earned, lambda lot: [(lot.strategy, Fraction(1))])),
    )
    blocks: list[Block] = [Prose((said,)), Written(_figure(rounded(by_instrument), currency))]
    blocks += [table(name, found) for name, found in tables]
    return Section("attribution", "Where the result came from", tuple(blocks))


def grouped(earned: Earned, of: object) -> list[tuple[str, Result]]:
    """The results of the lots by the names that `of` gives, each lot shared out among them; largest first."""
    assert callable(of)
    found: dict[str, Result] = {}
    for lot in earned.lots:
        for name, share in of(lot):
            found[name] = found.get(name, Result()) + earned.by_lot[lot.order_id].times(share)
    return sorted(found.items(), key=lambda one: (-abs(one[1].total), one[0]))


def rounded(rows: Sequence[tuple[str, Result]]) -> list[tuple[str, tuple[Fraction, ...]]]:
    """Each part and the total to the cent, so that rows and columns add up: prices take what rounding leaves."""
    totals = cents([one.total for _, one in rows])
    costs = [cents([getattr(one, part) for _, one in rows]) for part in _COSTS]
    lines = []
    for at, (name, _) in enumerate(rows):
        spent = [column[at] for column in costs]
        lines.append((name, (totals[at] - sum(spent, Fraction(0)), *spent, totals[at])))
    return lines


def table(by: str, rows: Sequence[tuple[str, Result]]) -> Table:
    """One breakdown with its sum."""
    lines = rounded(rows)
    columns = (Column(by), *(Column(one, number=True) for one in (*PARTS, "total")))
    total = [sum((values[at] for _, values in lines), Fraction(0)) for at in range(len(PARTS) + 1)]
    shown = [(name, *map(_cell, values)) for name, values in lines]
    return Table(columns, shown, f"By {by}", total=("together", *map(_cell, total)))


def _cell(value: Fraction) -> str:
    return change(value) if value else "–"


def _figure(rows: Iterable[tuple[str, tuple[Fraction, ...]]], currency: str) -> Markup:
    """Bars to the left and right of nothing, by instrument."""
    found = [(name, values[-1]) for name, values in rows][:20]
    most = max((abs(value) for _, value in found), default=Fraction(0)) or Fraction(1)
    left = max(wide(name) for name, _ in found) + 12
    room = max(wide(change(value)) for _, value in found) + 10
    middle = left + room + (WIDTH - left - 2 * room) / 2
    reach = float((WIDTH - left - 2 * room) / 2)
    parts, y = [], 4.0
    for name, value in found:
        length = reach * float(abs(value) / most)
        begin = middle if value >= 0 else middle - length
        parts += [
            text(left - 8, y + 10.5, name, anchor="end"),
            box(begin, y + 2, length, 10, _GAIN if value >= 0 else _LOSS),
        ]
        where = (begin + length + 5, "start") if value >= 0 else (begin - 5, "end")
        parts.append(text(where[0], y + 10.5, change(value), anchor=where[1], fill=INK))
        y += 16
    parts.append(line(middle, 2, middle, y, LINE))
    says = f"result by instrument in {currency}"
    parts.append(
        text(middle, y + 12, f"{says}; to the right gains, to the left losses", anchor="middle", fill=SOFT, size=9.5)
    )
    return Markup('<figure role="img" aria-label="{}"><div class="drawing">{}</div></figure>').format(
        says,
        Markup(drawing(y + 18, parts)),  # noqa: S704 - every word in it is escaped there
    )
