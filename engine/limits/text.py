"""Reads `limits.yaml` with a place for every complaint. All faults are collected; nothing is half-loaded.

Refused: a key nobody knows, a kind outside the closed list, a wrong unit or layer, a bound that is no exact number or
lies out of its range, a limit without owner, source or effective date, an id used twice, a multiplier above 1, and a
file without the mandatory kinds. Contradictions between limits are a later
issue's `limits check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from engine.limits.kinds import GROUPS, KINDS, MANDATORY, TRADING_STATES
from engine.limits.model import UNKNOWN_REGIME, Limit, Limits, Parameters, Scenario
from knowledge.faults import Fault, Faulty
from knowledge.templates import vocabulary

_NUMBER = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*(%?)\Z")
_ID = re.compile(r"[a-z0-9][a-z0-9._\-]*\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_DATE_HINT = "write a date such as `2026-01-31`"
_SECTIONS = ("version", "regime_multipliers", "parameters", "limits", "scenarios")
_KEYS = (
    "id", "layer", "kind", "bound", "unit", "owner", "source", "effective",
    "regime", "by", "only", "once", "long", "short", "then",
)  # fmt: skip
"""What a limit may say, of whatever kind."""
_PARAMETERS = tuple(Parameters.__dataclass_fields__)
_MAY_LACK = ("take_profit",)
_REGIMES = ("bull", "range", "bear", "volatile", UNKNOWN_REGIME)
_BOUNDLESS = frozenset(name for name, kind in KINDS.items() if kind.unit == "-") | {
    "data_quality", "data_complete", "other_strategy", "duplicate_order", "wash_trade", "policy",
}  # fmt: skip
"""Kinds whose bound is fixed at zero or at a truth value: the file gives none."""
_MOST = {"price_collar": 1, "day_loss": 1, "drawdown": 1, "index_volatility": 1, "head_brier": 1, "concentration": 1}
"""Kinds whose value can not exceed this: a bound above it holds nothing, so `15` for `15 %` would switch it off. A
concentration above 1 would not even be monotone: a larger position would look less concentrated."""
_MOST_OF_NAV = 10
"""No share of NAV is bounded above ten times it: `200` was meant as `200 %`."""
_HORIZONS = vocabulary().templates["candidate"].slots["horizon"].allowed


def read_limits(source: str, file: str = "limits.yaml") -> Limits:
    """Parse the text of a limits file. Raises `Faulty` with every fault found."""
    try:
        root = YAML(typ="rt", pure=True).compose(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Faulty(Fault(file, line, column, f"not YAML: {error.problem or error.context}")) from None
    except YAMLError as error:
        raise Faulty(Fault(file, 1, 1, f"not YAML: {str(error).splitlines()[0]}")) from None
    reader = _Reader(file)
    limits = reader.limits(root, source)
    if reader.faults or limits is None:
        raise Faulty(*reader.faults)
    return limits


class _Reader:
    """Collects faults while it reads; every method returns a neutral value after a fault."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def fault(self, node: Node | None, message: str) -> None:
        mark = node.start_mark if node is not None else None
        self.faults.append(Fault(self.file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, message))

    # --- pieces -------------------------------------------------------------------------------------------------

    def mapping(self, node: Node | None, what: str, known: tuple[str, ...]) -> dict[str, tuple[Node, Node]]:
        """A mapping's entries as key -> (key node, value node); unknown and repeated keys are faults."""
        if not isinstance(node, MappingNode):
            self.fault(node, f"{what} is a mapping with {_list(known)}")
            return {}
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                self.fault(key, f"`{name}` stands twice; keep one")
            elif name not in known:
                self.fault(key, f"unknown key `{name}` in {what}; known are {_list(known)}")
            found[name] = (key, value)
        return found

    def items(self, node: Node | None, what: str) -> Iterator[Node]:
        if isinstance(node, SequenceNode):
            yield from node.value
        else:
            self.fault(node, f"{what} is a list")

    def word(self, node: Node, what: str, allowed: Callable[[str], bool] | None = None, hint: str = "") -> str:
        if not isinstance(node, ScalarNode) or not str(node.value).strip():
            self.fault(node, f"{what} is missing its text")
            return ""
        value = str(node.value)
        if allowed is not None and not allowed(value):
            self.fault(node, f"`{value}` is no {what}; {hint}")
        return value

    def number(self, node: Node, what: str, low: int | None = 0, high: int | None = None) -> Fraction:
        match = _NUMBER.match(str(node.value).strip()) if isinstance(node, ScalarNode) else None
        if match is None:
            shown = node.value if isinstance(node, ScalarNode) else "…"
            self.fault(node, f"`{shown}` is no {what}; write digits such as `0.25` or `25 %`")
            return Fraction(0)
        value = Fraction(match[1]) / (100 if match[2] else 1)
        if (low is not None and value < low) or (high is not None and value > high):
            upper = "" if high is None else f" and at most {high}"
            self.fault(node, f"{what} `{node.value}` must be at least {low}{upper}")
        return value

    def whole(self, node: Node, what: str, low: int) -> int:
        value = self.number(node, what, low)
        if value.denominator != 1:
            self.fault(node, f"{what} `{node.value}` is no whole number")
        return int(value)

    # --- sections -----------------------------------------------------------------------------------------------

    def limits(self, root: Node | None, source: str) -> Limits | None:
        sections = self.mapping(root, "the limits file", _SECTIONS)
        for name in _SECTIONS:
            if name not in sections:
                self.fault(root, f"the section `{name}` is missing")
        if len(set(_SECTIONS) & set(sections)) < len(_SECTIONS):
            return None
        if str(sections["version"][1].value) != "1":
            node = sections["version"][1]
            self.fault(node, f"`{node.value}` is no version this program reads; write `1`")
        multipliers = self.multipliers(sections["regime_multipliers"][1])
        parameters = self.parameters(sections["parameters"][1])
        rows = [row for node in self.items(sections["limits"][1], "`limits`") if (row := self.limit(node)) is not None]
        scenarios = [self.scenario(node) for node in self.items(sections["scenarios"][1], "`scenarios`")]
        self.unique(sections["limits"][1], "limit")
        self.unique(sections["scenarios"][1], "scenario")
        for name in MANDATORY:
            if not any(row.kind == name for row in rows):
                self.fault(sections["limits"][1], f"no limit of kind `{name}`; no desk trades without one")
        if self.faults or parameters is None:
            return None
        rows.sort(key=lambda row: (row.layer, row.id))
        scenarios.sort(key=lambda one: one.id)
        return Limits(source, tuple(rows), tuple(scenarios), parameters, MappingProxyType(multipliers))

    def multipliers(self, node: Node) -> dict[str, Fraction]:
        entries = self.mapping(node, "`regime_multipliers`", _REGIMES)
        for name in _REGIMES:
            if name not in entries:
                self.fault(node, f"the regime `{name}` has no multiplier")
        return {name: self.number(value, "multiplier", 0, 1) for name, (_, value) in sorted(entries.items())}

    def parameters(self, node: Node) -> Parameters | None:
        entries = self.mapping(node, "`parameters`", _PARAMETERS)
        values: dict[str, Fraction] = {}
        for name in _PARAMETERS:
            if name not in entries:
                if name not in _MAY_LACK:
                    self.fault(node, f"the parameter `{name}` is missing")
                continue
            fields = self.mapping(entries[name][1], f"`{name}`", ("value", "unit", "owner", "source", "effective"))
            for part in ("value", "unit", "owner", "source", "effective"):
                if part not in fields:
                    self.fault(entries[name][0], f"`{name}` lacks `{part}`")
            if "effective" in fields:
                self.word(fields["effective"][1], "effective", _is_date, _DATE_HINT)
            if "value" in fields:
                values[name] = self.number(fields["value"][1], f"value of `{name}`")
        return Parameters(**values) if {*values, *_MAY_LACK} == {*_PARAMETERS} else None

    def limit(self, node: Node) -> Limit | None:
        entries = self.mapping(node, "a limit", _KEYS)
        if "kind" not in entries:
            self.fault(node, "a limit needs a `kind`")
            return None
        name = self.word(entries["kind"][1], "kind", KINDS.__contains__, f"known are {_list(tuple(KINDS))}")
        if name not in KINDS:
            return None
        return self.limit_of_kind(node, name, entries)

    def limit_of_kind(self, node: Node, name: str, entries: dict[str, tuple[Node, Node]]) -> Limit | None:
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
            values[part] = self.part(name, part, entries[part][1])
        if values.get("by") == "horizon" and values.get("only", _HORIZONS[0]) not in _HORIZONS:
            self.fault(entries["only"][1], f"`{values['only']}` is no horizon; there are {_list(_HORIZONS)}")
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
        checks: dict[str, tuple[Callable[[str], object], str]] = {
            "unit": (kind.unit.__eq__, f"the unit of `{name}` is `{kind.unit}`"),
            "by": (GROUPS.__contains__, f"group by one of {_list(GROUPS)}"),
            "then": (TRADING_STATES[1:].__contains__, f"write one of {_list(TRADING_STATES[1:])}"),
            "effective": (_is_date, _DATE_HINT),
            "id": (_ID.match, "use lower-case letters, digits, dots and hyphens"),
        }
        check, hint = checks.get(part, (None, ""))
        return self.word(node, part, None if check is None else lambda value: bool(check(value)), hint)

    def scenario(self, node: Node) -> Scenario:
        entries = self.mapping(node, "a scenario", ("id", "index", "sigmas", "source"))
        for part in ("id", "source"):
            if part not in entries:
                self.fault(node, f"a scenario needs `{part}`")
        if ("index" in entries) == ("sigmas" in entries):
            self.fault(node, "a scenario has either an `index` move or a number of `sigmas`")
        return Scenario(
            self.word(entries["id"][1], "id", lambda value: bool(_ID.match(value)), "") if "id" in entries else "",
            self.number(entries["index"][1], "index move", -1, 10) if "index" in entries else Fraction(0),
            self.number(entries["sigmas"][1], "number of sigmas") if "sigmas" in entries else Fraction(0),
            self.word(entries["source"][1], "source") if "source" in entries else "",
        )

    def unique(self, node: Node, what: str) -> None:
        seen: set[str] = set()
        for item in node.value if isinstance(node, SequenceNode) else ():
            for key, value in item.value if isinstance(item, MappingNode) else ():
                if key.value == "id":
                    if str(value.value) in seen:
                        self.fault(value, f"the {what} id `{value.value}` is used twice; rename one")
                    seen.add(str(value.value))


def _is_date(value: str) -> bool:
    try:
        return bool(_DATE.match(value) and date.fromisoformat(value))
    except ValueError:
        return False


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
