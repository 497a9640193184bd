"""The correlations of a snapshot, pair by pair.

Each instrument has one fact with the instruments after it, in canonical order. Logs of earlier releases hold a fact for
each pair instead; those count only where a snapshot has no lists. A pair stands once, the lesser name first: what is
said the wrong way round, and what is not said at all, is unknown, and whoever asks takes the worst for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from knowledge.facts import Fact, Snapshot


def correlation(snapshot: Snapshot, one: str, other: str) -> Decimal | None:
    """The correlation of two different instruments; None where it is not known."""
    first, second = sorted((one, other))
    if not snapshot.all("correlations"):
        pair = snapshot.find("correlation", first, second)
        return None if pair is None else pair.number("value")
    found = snapshot.find("correlations", first)
    if found is None:
        return None
    others, values = found.words("others"), found["values"]
    if second not in others:
        return None
    # Sizing asks for each pair of a candidate and a position: one number is read, and not the whole list.
    at = others.index(second)
    value = values[at] if isinstance(values, tuple) and len(values) == len(others) else None
    if not isinstance(value, Decimal) or second in others[at + 1 :]:
        raise TypeError(f"`{found.ref}` does not say the correlation with `{second}` once, as a number")
    return value


def correlations(snapshot: Snapshot) -> Iterator[tuple[str, str, Decimal]]:
    """Every pair that is known, the lesser name first, each once."""
    for found in said_by(snapshot):
        first = first_of(found)
        for second, value in others_of(found):
            if first < second:
                yield first, second, value


def said_by(snapshot: Snapshot) -> tuple[Fact, ...]:
    """The facts that say correlations; a pair counts where the lesser name stands first."""
    return snapshot.all("correlations") or snapshot.all("correlation")


def first_of(found: Fact) -> str:
    """The instrument whose correlations a fact says."""
    return found.word("instrument" if found.template == "correlations" else "first")


def others_of(found: Fact) -> Iterable[tuple[str, Decimal]]:
    """The others that it says, each with its correlation."""
    if found.template == "correlations":
        return zip(found.words("others"), found.numbers("values"), strict=True)
    return ((found.word("second"), found.number("value")),)
