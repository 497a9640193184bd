"""The groups that exist on a desk, by what a limit may group by: a limit on a group nobody knows holds nothing.

Sectors, issuers and currencies are those of `instruments.yaml`, strategies those of the rules' owners. What can not be
read names no groups here: whoever reads it tells its faults.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import product

from adapters.desk.folder import Desk
from adapters.desk.instruments import load_instruments
from engine.candidates import strategies
from engine.limits.rows import HORIZONS, Groups
from knowledge.faults import Faulty
from rules.rulebook import Rulebook


def groups_of(desk: Desk, rulebook: Rulebook | None) -> Groups:
    """Group names by dimension; a dimension is missing where its file could not be read, or names none."""
    found: dict[str, tuple[str, ...]] = {}
    with suppress(Faulty):
        instruments = load_instruments(desk.instruments, none_yet=True)
        for by in ("sector", "issuer", "currency"):
            if names := sorted({getattr(one, by) for one in instruments}):
                found[by] = tuple(names)
    if rulebook is not None:
        owners = sorted(set(strategies(rulebook).values()))
        found["strategy"] = tuple(f"{owner}-{horizon}" for owner, horizon in product(owners, HORIZONS))
    return found
