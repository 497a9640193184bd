"""Reads the stress scenarios of `limits.yaml`.

A scenario says exactly one sort of thing: moves (of the index, of sectors, of single instruments), a number of daily
standard deviations, or how many paths are drawn from which seed. What happened once has its dates. Refused: a sector
nobody knows, because a misspelt one would quietly lose nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from engine.limits.model import Scenario
from engine.limits.rows import DATE_HINT, ID, ID_HINT, RowReader
from knowledge.marked_yaml import Entry, Node, Table, is_day, named

KEYS = ("id", "source", "from", "to", "index", "sectors", "instruments", "sigmas", "paths", "seed")
MOVES = ("index", "sectors", "instruments")
SECTORS = (
    "communication-services", "consumer-discretionary", "consumer-staples", "energy", "financials", "health-care",
    "industrials", "materials", "real-estate", "technology", "utilities",
)  # fmt: skip
"""The eleven sectors of the Global Industry Classification Standard (2018), as instruments name them."""
FEWEST_PATHS, MOST_PATHS = 1_000, 100_000
"""Below, the figures mean little; above, drawing them holds up the first decision of a worker."""
_SYMBOL = re.compile(r"\S+\Z")


class ScenarioReader(RowReader):
    """Reads scenarios."""

    def scenario(self, node: Node) -> Scenario:
        """One stress scenario."""
        entries = self.section(node, "a scenario", KEYS)
        for part in ("id", "source"):
            if part not in entries:
                self.fault(node, f"a scenario needs `{part}`")
        self._one_sort(node, entries)
        begins, ends = (self._day(entries, part) for part in ("from", "to"))
        if bool(begins) != bool(ends):
            self.fault(node, "a scenario that happened has both its days, `from` and `to`")
        elif ends < begins:
            self.fault(entries["to"].value, f"it ends on {ends}, before it begins on {begins}; swap them")
        return Scenario(
            self.word(entries["id"].value, "id", ID.match, ID_HINT) if "id" in entries else "",
            self.number(entries["index"].value, "index move", -1, 10) if "index" in entries else Fraction(0),
            self.number(entries["sigmas"].value, "number of sigmas") if "sigmas" in entries else Fraction(0),
            self.word(entries["source"].value, "source") if "source" in entries else "",
            begins,
            ends,
            self._moves(entries, "sectors"),
            self._moves(entries, "instruments"),
            self.whole(entries["paths"].value, "paths", FEWEST_PATHS, MOST_PATHS) if "paths" in entries else 0,
            self.whole(entries["seed"].value, "seed") if "seed" in entries else 0,
        )

    def _one_sort(self, node: Node, entries: Mapping[str, Entry]) -> None:
        sorts = [any(part in entries for part in MOVES), "sigmas" in entries, "paths" in entries]
        if sum(sorts) != 1:
            self.fault(node, f"a scenario has either moves ({named(MOVES)}), or a number of `sigmas`, or `paths`")
        if "instruments" in entries and ("index" in entries or "sectors" in entries):
            self.fault(entries["instruments"].key, "a scenario that says the move of each instrument says no other")
        if ("paths" in entries) != ("seed" in entries):
            self.fault(node, "`paths` go with the `seed` they are drawn from, and it with them")

    def _day(self, entries: Mapping[str, Entry], part: str) -> str:
        return self.word(entries[part].value, part, is_day, DATE_HINT) if part in entries else ""

    def _moves(self, entries: Mapping[str, Entry], part: str) -> tuple[tuple[str, Fraction], ...]:
        """Moves by name, in canonical order."""
        if part not in entries:
            return ()
        node = entries[part].value
        if not isinstance(node, Table) or not node.entries:
            self.fault(node, f"`{part}` is a mapping of names to moves, such as `{{technology: -52 %}}`")
            return ()
        known = {*SECTORS, *self.groups.get("sector", ())}
        found: dict[str, Fraction] = {}
        for key, value in node.entries:
            name = key.written
            if name in found:
                self.fault(key, self.twice.format(name=name))
            elif part == "sectors" and name not in known:
                self.fault(key, f"`{name}` is no sector; known are {named(sorted(known))}")
            elif not _SYMBOL.match(name):
                self.fault(key, f"`{name}` is no instrument's name")
            found[name] = self.number(value, f"move of `{name}`", -1, 10)
        return tuple(sorted(found.items()))
