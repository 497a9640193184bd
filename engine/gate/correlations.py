"""The correlations of a snapshot, pair by pair.

Each instrument has one fact with the instruments after it, in canonical order. Logs of earlier releases hold a fact for
each pair instead; those count only where a snapshot has no lists. A pair stands once, the lesser name first: what is
said the wrong way round, and what is not said at all, is unknown, and whoever asks takes the worst for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from knowledge.facts import Snapshot


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
    for first, others, values in by_first(snapshot):
        for second, value in zip(others, values, strict=True):
            if first < second:
                yield first, second, value


def by_first(snapshot: Snapshot) -> Iterator[tuple[str, tuple[str, ...], tuple[Decimal, ...]]]:
    """What each fact says: an instrument, others, and the correlation with each; a pair counts for the lesser name."""
    lists = snapshot.all("correlations")
    for found in lists:
        yield found.word("instrument"), found.words("others"), found.numbers("values")
    if not lists:
        for pair in snapshot.all("correlation"):
            yield pair.word("first"), (pair.word("second"),), (pair.number("value"),)
