"""Reads one row of `limits.yaml`: a limit of some kind over one window of time.

What a row may say depends on its kind (`engine.limits.kinds`). Refused: a key the kind does not take, a wrong unit or
layer, a bound out of the range in which it bounds anything, a window that ends before it begins, and a `when` that
reads what an order of the same decision could change. What rows say together is checked elsewhere: one id over several
windows in `engine.limits.windows`, contradictions in `engine.limits.sense`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import Any

from engine.limits.kinds import BOUNDLESS, GROUPS, KINDS, MANDATORY, OBLIGING, REGIMES, TRADING_STATES
from engine.limits.model import ALWAYS, UNKNOWN_REGIME, Limit, When
from knowledge.marked_yaml import Entry, Items, MarkedReader, Node, Table, is_day, named
from knowledge.templates import vocabulary

KEYS = (
    "id", "layer", "kind", "bound", "unit", "owner", "source", "effective", "until", "when",
    "regime", "by", "only", "once", "long", "short", "then", "days", "names", "breach",
)  # fmt: skip
"""What a limit may say, of whatever kind."""
NEEDED = ("id", "layer", "owner", "source", "effective")
"""What each limit says, whatever its kind; with a number, `bound` and `unit` as well."""
CIRCUMSTANCES = ("regime", "state", "figure", "above", "below")
"""What `when` may say."""
ID = re.compile(r"[a-z0-9][a-z0-9._\-]*\Z")
ID_HINT = "use lower-case letters, digits, dots and hyphens"
DATE_HINT = "write a date such as `2026-01-31`"
MOST: Mapping[str, int] = {
    "price_collar": 1, "day_loss": 1, "drawdown": 1, "index_volatility": 1, "index_move": 1, "head_brier": 1,
    "volatility": 10, "window_collar": 1, "book_correlation": 1,
}  # fmt: skip
"""Kinds whose value can not exceed this: a bound above it holds nothing, so `15` for `15 %` would switch it off."""
BREACHES = ("exit", "hold")
DAYS = {"1": 1, "5": 5}
MOST_OF_NAV = 10
"""No share of NAV is bounded above ten times it: `200` was meant as `200 %`."""
HORIZONS = vocabulary().templates["candidate"].slots["horizon"].allowed
FIGURES = tuple(sorted(vocabulary().measures["market"]))
"""The figures of the market as a whole that a snapshot may hold."""
Groups = Mapping[str, Collection[str]]
"""By what `group_gross` groups: the groups there are. Of what is missing, any name will do."""


class RowReader(MarkedReader):
    """Reads rows; `groups` are the sectors and so on that the desk knows."""

    twice = "`{name}` stands twice; keep one"

    def __init__(self, file: str, groups: Groups) -> None:
        super().__init__(file)
        self.groups = {"horizon": HORIZONS, **groups}
        self.breach = "exit"
        """What a breach asks for where a row does not say."""

    def section(self, node: Node | None, what: str, known: tuple[str, ...]) -> dict[str, Entry]:
        """A mapping with some of the keys `known`."""
        return self.table(node, what, known, f"with {named(known)}")

    def limit(self, node: Node) -> Limit | None:
        """One limit; None where its kind or something it needs is missing."""
        entries = self.section(node, "a limit", KEYS)
        if "kind" not in entries:
            self.fault(node, "a limit needs a `kind`")
            return None
        name = self.word(entries["kind"].value, "kind", KINDS.__contains__, f"known are {named(tuple(KINDS))}")
        return self._of_kind(node, name, entries) if name in KINDS else None

    def _of_kind(self, node: Node, name: str, entries: dict[str, Entry]) -> Limit | None:
        needed = (*NEEDED, *KINDS[name].needed, *(() if name in BOUNDLESS else ("bound", "unit")))
        taken = (*needed, "kind", "until", *(() if name in MANDATORY else ("when",)), *KINDS[name].options)
        for part in needed:
            if part not in entries:
                self.fault(node, f"a limit of kind `{name}` needs `{part}`")
        for part, (key, _) in entries.items():
            if part == "when" and name in MANDATORY:
                self.fault(key, f"`{name}` is in force always; remove `when`")
            elif part not in taken and part in KEYS:
                self.fault(key, f"a limit of kind `{name}` takes no `{part}`; remove it")
        if any(part not in entries for part in needed):
            return None
        values: dict[str, Any] = {"kind": name, "bound": Fraction(0), "unit": KINDS[name].unit}
        values["breach"] = self.breach if name in OBLIGING else "hold"
        for part in [one for one in entries if one in taken and one != "kind"]:
            values[part] = self._part(name, part, entries[part].value)
        if "only" in values:
            self._known_group(values.get("by", ""), entries["only"].value)
        if values.get("until") and values["until"] < values["effective"]:
            words = f"it ends on {values['until']}, before it begins on {values['effective']}; give a later day"
            self.fault(entries["until"].value, words)
        return Limit(**values)

    def _known_group(self, by: str, node: Node) -> None:
        known = self.groups.get(by)
        if known is not None and node.written not in known:
            self.fault(node, f"`{node.written}` is no {by}; there are {named(sorted(known)) or 'none'}")

    def _part(self, name: str, part: str, node: Node) -> object:
        """One value of a limit, read as its key says."""
        kind = KINDS[name]
        readers: dict[str, Callable[[str, Node], object]] = {
            "layer": self._layer,
            "bound": self._bound,
            "long": lambda _, rate: self.number(rate, part),
            "short": lambda _, rate: self.number(rate, part),
            "once": lambda _, count: self.whole(count, part, 1),
            "regime": lambda _, yes: self.word(yes, part, ("yes", "no").__contains__, "write `yes` or `no`") == "yes",
            "when": self._when,
            "names": lambda _, listed: self._strategies(listed),
            "days": lambda _, days: DAYS.get(self.word(days, part, DAYS.__contains__, "write `1` or `5`"), 1),
        }
        if part in readers:
            return readers[part](name, node)
        checks: dict[str, tuple[Callable[[str], object], str]] = {
            "unit": (kind.unit.__eq__, f"the unit of `{name}` is `{kind.unit}`"),
            "by": (GROUPS.__contains__, f"group by one of {named(GROUPS)}"),
            "breach": (BREACHES.__contains__, f"write one of {named(BREACHES)}"),
            "then": (TRADING_STATES[1:].__contains__, f"write one of {named(TRADING_STATES[1:])}"),
            "effective": (is_day, DATE_HINT),
            "until": (is_day, DATE_HINT),
            "id": (ID.match, ID_HINT),
        }
        check, hint = checks.get(part, (None, ""))
        return self.word(node, part, check, hint)

    def _strategies(self, node: Node) -> tuple[str, ...]:
        """The strategies of a list. One that the desk does not have holds nothing open, so any name will do."""
        nodes = self.items(node, "`names` is a list such as [quant-swing]")
        if isinstance(node, Items) and not nodes:
            self.fault(node, "`names` names none, so nothing could trade; name one")
        return tuple(self.word(item, "name") for item in nodes)

    def _layer(self, name: str, node: Node) -> int:
        layer = self.number(node, "layer")
        if layer not in KINDS[name].layers:
            self.fault(node, f"a limit of kind `{name}` stands in layer {' or '.join(map(str, KINDS[name].layers))}")
        return int(layer)

    def _bound(self, name: str, node: Node) -> Fraction:
        most = MOST.get(name, MOST_OF_NAV if KINDS[name].unit == "NAV" else None)
        bound = self.number(node, "bound", 0, most)
        if name == "concentration" and bound > 1:
            self.fault(node, f"bound `{node.written}` must be at most 1: above it a larger position would look less "
                             "concentrated, and the limit would not be monotone")  # fmt: skip
        return bound

    # --- circumstances ------------------------------------------------------------------------------------------

    def _when(self, name: str, node: Node) -> When:
        entries = self.section(node, "`when`", CIRCUMSTANCES)
        if isinstance(node, Table) and not entries:
            self.fault(node, "`when` names no circumstance; name one, or remove it")
        regimes = self._names(entries, "regime", (*REGIMES, UNKNOWN_REGIME))
        states = self._names(entries, "state", TRADING_STATES)
        if "state" in entries and KINDS[name].form == "state":
            self.fault(
                entries["state"].key, f"`{name}` decides the trading state and can not ask for one; remove `state`"
            )
        figure = ""
        if "figure" in entries:
            hint = f"known are {named(FIGURES)}; what an order of the same decision can change is none of them"
            figure = self.word(entries["figure"].value, "figure of the market", FIGURES.__contains__, hint)
        ends = {part: self.number(entries[part].value, part, None) for part in ("above", "below") if part in entries}
        if bool(figure) != bool(ends):
            self.fault(node, "a `figure` goes with `above`, `below` or both, and they with it")
        if len(ends) == len(("above", "below")) and ends["above"] >= ends["below"]:
            self.fault(node, "nothing lies above the one and below the other; swap them")
        return When(regimes, states, figure, ends.get("above"), ends.get("below")) if entries else ALWAYS

    def _names(self, entries: Mapping[str, Entry], part: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """A list of some of these names, each once."""
        if part not in entries:
            return ()
        node = entries[part].value
        found: list[str] = []
        for item in self.items(node, f"`{part}` is a list such as [{known[0]}, {known[-1]}]"):
            found.append(self.word(item, part, known.__contains__, f"known are {named(known)}"))
            if found[-1] in found[:-1]:
                self.fault(item, f"`{found[-1]}` stands twice; keep one")
        if isinstance(node, Items) and not found:
            self.fault(node, f"`{part}` names none, so the limit would never be in force; name one")
        return tuple(found)
