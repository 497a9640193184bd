"""Which limits a book stands beyond before anything is granted: the question that comes before all about mending it.

Nearly always the answer is none, or few, so that it is asked of the rows of whole numbers (ADR 13); what is then said
of the few is worked out in fractions, by `engine.gate.measures`, which the tests hold this against.
"""

from __future__ import annotations

from engine.gate.compiled import rows_of
from engine.gate.reach import State
from engine.gate.scope import Scope
from engine.limits.model import Limit


def beyond(scope: Scope, base: State) -> dict[str, Limit]:
    """By key, the limits whose worst value in this state is larger than their bound at its NAV⁻; without entries.

    In canonical order. Raises as `rows_of` does.
    """
    rows = rows_of(scope, base, ())
    nav, curves = rows.desk.nav, rows.curves.rows
    return {
        rows.key(at): rows.limits[at]
        for at, (share, gap) in enumerate(zip(rows.shares, rows.gaps, strict=True))
        if (curves[at].base > curves[at].bound(nav) if at in curves else share * nav + gap < 0)
    }
