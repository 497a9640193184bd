"""The declared templates and measures, read from `templates.yaml`.

A template says which slots a kind of fact has, with type, unit, range and quantum; a *measure* is a named number
(`rsi-14`) whose unit, range and quantum are those of the slot that carries it. A slot that is `many` holds a list of
values in their order, each of the slot's type: a multislot in CLIPS, a list in Prolog and in JSON. It is neither part
of a key nor concluded by rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from knowledge.values import Json, digest

SlotType = Literal["symbol", "text", "integer", "number"]
Origin = Literal["door", "portfolio", "rules"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A named number: unit, closed range, quantum."""

    name: str
    unit: str
    low: Decimal
    high: Decimal
    quantum: Decimal
    doc: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a template. `by` names the slot whose measure gives unit, range and quantum.

    Of a slot that is `many`, type and range are those of each value; `ascending` lists rise, without a value twice;
    `along` names another list that this one has to be as long as. `opposed`: two facts that differ in this slot alone,
    of all that identifies them, propose opposite things.
    """

    name: str
    type: SlotType
    unit: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    quantum: Decimal | None = None
    allowed: tuple[str, ...] = ()
    measures: str = ""
    by: str = ""
    many: bool = False
    ascending: bool = False
    along: str = ""
    opposed: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """The declared shape of a fact; `key` slots identify one."""

    name: str
    doc: str
    origin: Origin
    key: tuple[str, ...]
    slots: Mapping[str, Slot]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All templates, and the measures by group (`indicators`, `market`)."""

    templates: Mapping[str, Template]
    measures: Mapping[str, Mapping[str, Measure]]

    def measure(self, template: str, name: str) -> Measure | None:
        """The measure a fact of `template` called `name` carries, if it is declared."""
        for slot in self.templates[template].slots.values():
            if slot.measures:
                return self.measures[slot.measures].get(name)
        return None


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with this package."""
    folder = resources.files(__package__)
    source = folder.joinpath("templates.yaml").read_text(encoding="utf-8")
    kept = folder.joinpath("templates.json")
    if kept.is_file():
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["source"] == digest(source.encode()):
            return _vocabulary(found["tree"])
    return read(source)


def read(source: str) -> Vocabulary:
    """Read a vocabulary. It ships with the code, so a fault in it is a bug and raises as it comes."""
    return _vocabulary(tree_of(source))


def tree_of(source: str) -> Json:
    """The text as plain values."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(source)


def kept_tree(source: str) -> Json:
    """What `templates.json` holds of a text: the same values, which JSON reads in a fiftieth of the time.

    With the digest of the text they were read from: where that is another one, the text counts.
    """
    return {"source": digest(source.encode()), "tree": tree_of(source)}


def _vocabulary(tree: Json) -> Vocabulary:
    groups = {
        group: MappingProxyType({name: _measure(name, body) for name, body in tree[group].items()})
        for group in ("indicators", "market")
    }
    templates = {name: _template(name, body) for name, body in tree["templates"].items()}
    return Vocabulary(MappingProxyType(templates), MappingProxyType(groups))


def _measure(name: str, body: Mapping[str, object]) -> Measure:
    low, high, quantum = (Decimal(str(body[part])) for part in ("low", "high", "quantum"))
    return Measure(name, str(body["unit"]), low, high, quantum, str(body["doc"]))


def _template(name: str, body: Mapping[str, object]) -> Template:
    slots = {slot: _slot(slot, dict(shape)) for slot, shape in dict(body["slots"]).items()}  # type: ignore[call-overload]
    key: tuple[str, ...] = tuple(body["key"])  # type: ignore[arg-type]
    assert set(key) <= set(slots), name
    many = [slot for slot in slots.values() if slot.many]
    assert not many or body["origin"] != "rules", f"rules conclude no lists: {name}"
    assert not any(slot.name in key or slot.by or slot.measures for slot in many), name
    assert all(slot.many and slots[slot.along].many for slot in slots.values() if slot.along), name
    assert all(slot.many for slot in slots.values() if slot.ascending), name
    return Template(name, str(body["doc"]), body["origin"], key, MappingProxyType(slots))  # type: ignore[arg-type]


def _slot(name: str, shape: dict[str, object]) -> Slot:
    allowed = shape.get("allowed", ())
    number = {part: Decimal(str(shape[part])) for part in ("low", "high", "quantum") if part in shape}
    return Slot(
        name,
        shape["type"],  # type: ignore[arg-type]
        unit=str(shape.get("unit", "")),
        allowed=tuple(allowed) if not isinstance(allowed, str) else (),  # type: ignore[arg-type]
        measures=allowed if isinstance(allowed, str) else "",
        by=str(shape.get("by", "")),
        many=shape.get("many", False) is True,
        ascending=shape.get("ascending", False) is True,
        along=str(shape.get("along", "")),
        opposed=shape.get("opposed", False) is True,
        **number,
    )
