"""Reads `limits.yaml` with a place for every complaint. All faults are collected; nothing is half-loaded.

Refused: a key nobody knows, a kind outside the closed list, a wrong unit or layer, a bound that is no exact number or
lies out of its range, a limit without owner, source or effective date, an id used twice, a multiplier above 1, and a
file without the mandatory kinds. Contradictions between limits are a later
issue's `limits check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from engine.limits.kinds import GROUPS, KINDS, MANDATORY, TRADING_STATES
from engine.limits.model import UNKNOWN_REGIME, Limit, Limits, Parameters, Scenario
from knowledge.faults import Faulty
from knowledge.marked_yaml import Entry, MarkedReader, Node, Table, compose, is_day, named
from knowledge.templates import vocabulary

_ID = re.compile(r"[a-z0-9][a-z0-9._\-]*\Z")
_ID_HINT = "use lower-case letters, digits, dots and hyphens"
_DATE_HINT = "write a date such as `2026-01-31`"
_SECTIONS = ("version", "regime_multipliers", "parameters", "limits", "scenarios")
_KEYS = (
    "id", "layer", "kind", "bound", "unit", "owner", "source", "effective",
    "regime", "by", "only", "once", "long", "short", "then", "days",
)  # fmt: skip
"""What a limit may say, of whatever kind."""
_PARAMETERS = tuple(Parameters.__dataclass_fields__)
_MAY_LACK = ("take_profit",)
_REGIMES = ("bull", "range", "bear", "volatile", UNKNOWN_REGIME)
_BOUNDLESS = frozenset(name for name, kind in KINDS.items() if kind.unit == "-") | {
    "data_quality", "data_complete", "other_strategy", "duplicate_order", "wash_trade", "policy",
}  # fmt: skip
"""Kinds whose bound is fixed at zero or at a truth value: the file gives none."""
_MOST = {
    "price_collar": 1,
    "day_loss": 1,
    "drawdown": 1,
    "index_volatility": 1,
    "head_brier": 1,
    "concentration": 1,
    "volatility": 10,
}
"""Kinds whose value can not exceed this: a bound above it holds nothing, so `15` for `15 %` would switch it off. A
concentration above 1 would not even be monotone: a larger position would look less concentrated."""
_MOST_OF_NAV = 10
"""No share of NAV is bounded above ten times it: `200` was meant as `200 %`."""
_HORIZONS = vocabulary().templates["candidate"].slots["horizon"].allowed


def read_limits(source: str, file: str = "limits.yaml") -> Limits:
    """Parse the text of a limits file. Raises `Faulty` with every fault found."""
    root = compose(source, file)
    reader = _Reader(file)
    limits = reader.limits(root, source)
    if reader.faults or limits is None:
        raise Faulty(*reader.faults)
    return limits


class _Reader(MarkedReader):
    """Says what the file means; the pieces it is made of are read by `MarkedReader`."""

    twice = "`{name}` stands twice; keep one"

    def section(self, node: Node | None, what: str, known: tuple[str, ...]) -> dict[str, Entry]:
        """A mapping with some of the keys `known`."""
        return self.table(node, what, known, f"with {named(known)}")

    # --- sections -----------------------------------------------------------------------------------------------

    def limits(self, root: Node | None, source: str) -> Limits | None:
        sections = self.section(root, "the limits file", _SECTIONS)
        for name in _SECTIONS:
            if name not in sections:
                self.fault(root, f"the section `{name}` is missing")
        if len(set(_SECTIONS) & set(sections)) < len(_SECTIONS):
            return None
        if sections["version"].value.written != "1":
            node = sections["version"].value
            self.fault(node, f"`{node.written}` is no version this program reads; write `1`")
        multipliers = self.multipliers(sections["regime_multipliers"].value)
        parameters = self.parameters(sections["parameters"].value)
        listed = {name: self.items(sections[name].value, f"`{name}` is a list") for name in ("limits", "scenarios")}
        rows = [row for node in listed["limits"] if (row := self.limit(node)) is not None]
        scenarios = [self.scenario(node) for node in listed["scenarios"]]
        self.unique(listed["limits"], "limit")
        self.unique(listed["scenarios"], "scenario")
        for name in MANDATORY:
            if not any(row.kind == name for row in rows):
                self.fault(sections["limits"].value, f"no limit of kind `{name}`; no desk trades without one")
        if self.faults or parameters is None:
            return None
        rows.sort(key=lambda row: (row.layer, row.id))
        scenarios.sort(key=lambda one: one.id)
        return Limits(source, tuple(rows), tuple(scenarios), parameters, MappingProxyType(multipliers))

    def multipliers(self, node: Node) -> dict[str, Fraction]:
        entries = self.section(node, "`regime_multipliers`", _REGIMES)
        for name in _REGIMES:
            if name not in entries:
                self.fault(node, f"the regime `{name}` has no multiplier")
        return {name: self.number(value, "multiplier", 0, 1) for name, (_, value) in sorted(entries.items())}

    def parameters(self, node: Node) -> Parameters | None:
        entries = self.section(node, "`parameters`", _PARAMETERS)
        values: dict[str, Fraction] = {}
        for name in _PARAMETERS:
            if name not in entries:
                if name not in _MAY_LACK:
                    self.fault(node, f"the parameter `{name}` is missing")
                continue
            fields = self.section(entries[name].value, f"`{name}`", ("value", "unit", "owner", "source", "effective"))
            for part in ("value", "unit", "owner", "source", "effective"):
                if part not in fields:
                    self.fault(entries[name].key, f"`{name}` lacks `{part}`")
            if "effective" in fields:
                self.word(fields["effective"].value, "effective", is_day, _DATE_HINT)
            if "value" in fields:
                values[name] = self.number(fields["value"].value, f"value of `{name}`")
        return Parameters(**values) if {*values, *_MAY_LACK} == {*_PARAMETERS} else None

    def limit(self, node: Node) -> Limit | None:
        entries = self.section(node, "a limit", _KEYS)
        if "kind" not in entries:
            self.fault(node, "a limit needs a `kind`")
            return None
        name = self.word(entries["kind"].value, "kind", KINDS.__contains__, f"known are {named(tuple(KINDS))}")
        if name not in KINDS:
            return None
        return self.limit_of_kind(node, name, entries)

    def limit_of_kind(self, node: Node, name: str, entries: dict[str, Entry]) -> Limit | None:
        kind = KINDS[name]
        bounded = name not in _BOUNDLESS
        required = (
            "id",
            "layer",
            "owner",
            "source",
            "effective",
            *kind.needed,
            *(("bound", "unit") if bounded else ()),
        )
        taken = (*required, "kind", *kind.options)
        for part in required:
            if part not in entries:
                self.fault(node, f"a limit of kind `{name}` needs `{part}`")
        for part, (key, _) in entries.items():
            if part not in taken and part in _KEYS:
                self.fault(key, f"a limit of kind `{name}` takes no `{part}`; remove it")
        if any(part not in entries for part in required):
            return None
        values: dict[str, Any] = {"kind": name, "bound": Fraction(0), "unit": kind.unit}
        for part in entries.keys() & set(taken) - {"kind"}:
            values[part] = self.part(name, part, entries[part].value)
        if values.get("by") == "horizon" and values.get("only", _HORIZONS[0]) not in _HORIZONS:
            self.fault(entries["only"].value, f"`{values['only']}` is no horizon; there are {named(_HORIZONS)}")
        return Limit(**values)

    def part(self, name: str, part: str, node: Node) -> object:
        """One value of a limit, read as its key says."""
        kind = KINDS[name]
        if part == "layer":
            layer = self.number(node, "layer")
            if layer not in kind.layers:
                self.fault(node, f"a limit of kind `{name}` stands in layer {' or '.join(map(str, kind.layers))}")
            return int(layer)
        if part in ("bound", "long", "short"):
            most = _MOST.get(name, _MOST_OF_NAV if kind.unit == "NAV" else None)
            return self.number(node, part, 0, most if part == "bound" else None)
        if part == "once":
            return self.whole(node, part, 1)
        if part == "regime":
            return self.word(node, part, ("yes", "no").__contains__, "write `yes` or `no`") == "yes"
        if part == "days":
            return 5 if self.word(node, part, ("1", "5").__contains__, "write `1` or `5`") == "5" else 1
        checks: dict[str, tuple[Callable[[str], object], str]] = {
            "unit": (kind.unit.__eq__, f"the unit of `{name}` is `{kind.unit}`"),
            "by": (GROUPS.__contains__, f"group by one of {named(GROUPS)}"),
            "then": (TRADING_STATES[1:].__contains__, f"write one of {named(TRADING_STATES[1:])}"),
            "effective": (is_day, _DATE_HINT),
            "id": (_ID.match, _ID_HINT),
        }
        check, hint = checks.get(part, (None, ""))
        return self.word(node, part, check, hint)

    def scenario(self, node: Node) -> Scenario:
        entries = self.section(node, "a scenario", ("id", "index", "sigmas", "source"))
        for part in ("id", "source"):
            if part not in entries:
                self.fault(node, f"a scenario needs `{part}`")
        if ("index" in entries) == ("sigmas" in entries):
            self.fault(node, "a scenario has either an `index` move or a number of `sigmas`")
        return Scenario(
            self.word(entries["id"].value, "id", _ID.match, _ID_HINT) if "id" in entries else "",
            self.number(entries["index"].value, "index move", -1, 10) if "index" in entries else Fraction(0),
            self.number(entries["sigmas"].value, "number of sigmas") if "sigmas" in entries else Fraction(0),
            self.word(entries["source"].value, "source") if "source" in entries else "",
        )

    def unique(self, nodes: tuple[Node, ...], what: str) -> None:
        seen: set[str] = set()
        for item in nodes:
            for key, value in item.entries if isinstance(item, Table) else ():
                if key.written == "id":
                    if value.written in seen:
                        self.fault(value, f"the {what} id `{value.written}` is used twice; rename one")
                    seen.add(value.written)
