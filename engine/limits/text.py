"""Reads `limits.yaml` with a place for every complaint. All faults are collected; nothing is half-loaded.

Refused: a key nobody knows, a kind outside the closed list, a wrong unit or layer, a bound that is no exact number or
lies out of its range, a limit without owner, source or effective date, an id that means two limits on one day, a
multiplier above 1, a file without the mandatory kinds, and limits that contradict each other (`engine.limits.sense`),
with the core: the limits that together leave nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from engine.limits.kinds import MANDATORY, REGIMES
from engine.limits.model import ALWAYS, UNKNOWN_REGIME, Limits, Parameters
from engine.limits.rows import DATE_HINT, Groups
from engine.limits.scenarios import ScenarioReader
from engine.limits.sense import contradictions
from engine.limits.windows import Row, over_time
from knowledge.faults import Faulty
from knowledge.marked_yaml import Node, Table, compose, is_day

SECTIONS = ("version", "regime_multipliers", "parameters", "limits", "scenarios")
VERSIONS = ("1", "2")
"""From 2 on a limit in breach asks for exits unless its row says `breach: hold`; before, only where it says `exit`. A
file means what it meant when it was written."""
FIELDS = ("value", "unit", "owner", "source", "effective")
"""What a parameter says."""
PARAMETERS = tuple(Parameters.__dataclass_fields__)
MAY_LACK = ("take_profit",)
MULTIPLIED = (*REGIMES, UNKNOWN_REGIME)
HOLDING_COSTS = ("order_value", "instrument_exposure")
"""One of them keeps what is left of NAV after all costs above zero (a theorem of `limits prove`)."""
NO_GROUPS: Groups = MappingProxyType({})


def read_limits(source: str, file: str = "limits.yaml", groups: Groups = NO_GROUPS) -> Limits:
    """Parse the text of a limits file; `groups` are those that the desk knows, by what `group_gross` groups by.

    Raises `Faulty` with every fault found.
    """
    try:
        return _limits(source, tuple((name, tuple(members)) for name, members in groups.items()))
    except Faulty as error:
        raise error.of(file) from None


@lru_cache(maxsize=16)
def _limits(source: str, groups: tuple[tuple[str, tuple[str, ...]], ...]) -> Limits:
    """The limits of a text; raises `Faulty`, for a file without a name. The same few are read again and again."""
    return _read(_Reader("", dict(groups)), source, "")


def recorded_limits(source: str) -> Limits:
    """Parse what a log has kept: it was law when it was recorded, so limits that contradict each other are read, too.

    Raises `Faulty`.
    """
    return _read(_Recorded("limits.yaml", NO_GROUPS), source, "limits.yaml")


def _read(reader: _Reader, source: str, file: str) -> Limits:
    root = compose(source, file)
    limits = reader.limits(root, source)
    if reader.faults or limits is None:
        raise Faulty(*reader.faults)
    return limits


class _Reader(ScenarioReader):
    """Says what the file means; its pieces are read by `MarkedReader`, its rows by `RowReader`, its stresses above."""

    def limits(self, root: Node | None, source: str) -> Limits | None:
        sections = self.section(root, "the limits file", SECTIONS)
        for name in SECTIONS:
            if name not in sections:
                self.fault(root, f"the section `{name}` is missing")
        if len(set(SECTIONS) & set(sections)) < len(SECTIONS):
            return None
        version = sections["version"].value
        if version.written not in VERSIONS:
            self.fault(version, f"`{version.written}` is no version this program reads; write `{VERSIONS[-1]}`")
        self.breach = "hold" if version.written == "1" else "exit"
        multipliers = self.multipliers(sections["regime_multipliers"].value)
        parameters = self.parameters(sections["parameters"].value)
        listed = {name: self.items(sections[name].value, f"`{name}` is a list") for name in ("limits", "scenarios")}
        rows = [Row(one, node) for node in listed["limits"] if (one := self.limit(node)) is not None]
        scenarios = [self.scenario(node) for node in listed["scenarios"]]
        self.unique(listed["scenarios"])
        for name in MANDATORY:
            if not any(row.limit.kind == name for row in rows):
                self.fault(sections["limits"].value, f"no limit of kind `{name}`; no desk trades without one")
        if not self.faults:
            for node, message in over_time(rows):
                self.fault(node, message)
        if self.faults or parameters is None:
            return None
        scenarios.sort(key=lambda one: one.id)
        ordered = sorted((row.limit for row in rows), key=lambda one: (one.layer, one.id, one.effective))
        limits = Limits(source, tuple(ordered), tuple(scenarios), parameters, MappingProxyType(multipliers))
        self.contradicted(limits, rows, {name: sections[name].value for name in ("regime_multipliers", "parameters")})
        self.costs_held(limits, sections["limits"].value)
        return limits

    def costs_held(self, limits: Limits, node: Node) -> None:
        """Refuse a file under which the costs of one entry could exceed NAV.

        Below zero NAV⁻ turns bounds around: a smaller share of it admits more, and promise 4 falls. A bound on the
        value of an order or on the exposure in an instrument keeps NAV⁻ above zero for whatever is granted.
        """
        lasting = {one.id for one in limits.limits if not one.until}
        changing = {one.id for one in limits.limits if one.when != ALWAYS}
        if not any(one.kind in HOLDING_COSTS and one.id in lasting - changing for one in limits.limits):
            kinds = " or ".join(f"`{name}`" for name in HOLDING_COSTS)
            self.fault(node, f"no limit of kind {kinds} is in force always; without one, costs could exceed NAV")

    def contradicted(self, limits: Limits, rows: Sequence[Row], tables: Mapping[str, Node]) -> None:
        """A fault for each contradiction, at the last row of its core, with the lines of the others."""
        places = {(row.limit.id, row.limit.effective): row.node for row in rows}
        for name, node in tables.items():
            for entry in node.entries if isinstance(node, Table) else ():
                places[f"{name}.{entry.key.written}", ""] = entry.key
        for one in contradictions(limits, self.groups):
            nodes = sorted((places[key] for key in one.core), key=lambda node: (node.line, node.column))
            lines = {key: places[key].line for key in one.core}
            named = " and ".join(
                f"`{key[0]}` (line {line})" for key, line in sorted(lines.items(), key=lambda at: at[1])
            )
            self.fault(nodes[-1], f"{named}: {one.sentence}")

    def multipliers(self, node: Node) -> dict[str, Fraction]:
        """One for each regime."""
        entries = self.section(node, "`regime_multipliers`", MULTIPLIED)
        for name in MULTIPLIED:
            if name not in entries:
                self.fault(node, f"the regime `{name}` has no multiplier")
        return {name: self.number(value, "multiplier", 0, 1) for name, (_, value) in sorted(entries.items())}

    def parameters(self, node: Node) -> Parameters | None:
        """What shapes orders; None where one is missing."""
        entries = self.section(node, "`parameters`", PARAMETERS)
        values: dict[str, Fraction] = {}
        for name in PARAMETERS:
            if name not in entries:
                if name not in MAY_LACK:
                    self.fault(node, f"the parameter `{name}` is missing")
                continue
            fields = self.section(entries[name].value, f"`{name}`", FIELDS)
            for part in FIELDS:
                if part not in fields:
                    self.fault(entries[name].key, f"`{name}` lacks `{part}`")
            for part in ("unit", "owner", "source"):
                if part in fields:
                    self.word(fields[part].value, part)
            if "effective" in fields:
                self.word(fields["effective"].value, "effective", is_day, DATE_HINT)
            if "value" in fields:
                values[name] = self.number(fields["value"].value, f"value of `{name}`")
        return Parameters(**values) if {*values, *MAY_LACK} == {*PARAMETERS} else None

    def unique(self, nodes: tuple[Node, ...]) -> None:
        """Each scenario once."""
        seen: set[str] = set()
        for item in nodes:
            for key, value in item.entries if isinstance(item, Table) else ():
                if key.written == "id":
                    if value.written in seen:
                        self.fault(value, f"the scenario id `{value.written}` is used twice; rename one")
                    seen.add(value.written)


class _Recorded(_Reader):
    """Reads a text of the past."""

    def contradicted(self, limits: Limits, rows: Sequence[Row], tables: Mapping[str, Node]) -> None:
        """Nothing is to be mended any more."""

    def costs_held(self, limits: Limits, node: Node) -> None:
        """Nor here."""
