"""The published schema and page of `limits.yaml` are current, and the schema takes what the reader takes.

Write them anew: `WARRANT_WRITE_DOCS=1`. The keywords that the schema uses are checked by a small validator of its own.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from engine.limits.kinds import KINDS
from engine.limits.rows import KEYS
from engine.limits.schema import MEANINGS, fields, schema
from engine.limits.text import read_limits
from knowledge.faults import Faulty

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (ROOT / "limits.yaml").read_text(encoding="utf-8")
ABOUT = {"$schema", "title", "description"}


def loaded(text: str) -> Any:
    """As a plain reader of YAML 1.2 has it; dates stay text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = "1.2"
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    return yaml.load(text)


def refusals(value: Any, by: Any, at: str = "") -> Iterator[str]:  # noqa: PLR0912 - a branch for each keyword
    types = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int}
    for word, rule in by.items():
        match word:
            case "type":
                if not isinstance(value, types[rule]) or isinstance(value, bool):
                    yield f"{at}: no {rule}"
                    return
            case "const":
                if value != rule:
                    yield f"{at}: not {rule}"
            case "enum":
                if value not in rule:
                    yield f"{at}: not in {rule}"
            case "pattern":
                if not re.search(rule, value):
                    yield f"{at}: not like {rule}"
            case "minLength":
                if len(value) < rule:
                    yield f"{at}: too short"
            case "minimum":
                if value < rule:
                    yield f"{at}: below {rule}"
            case "maximum":
                if value > rule:
                    yield f"{at}: above {rule}"
            case "required":
                yield from (f"{at}: lacks {name}" for name in rule if name not in value)
            case "additionalProperties":
                for name in value.keys() - by.get("properties", {}).keys():
                    yield from [f"{at}: {name} is too much"] if rule is False else refusals(value[name], rule, name)
            case "properties":
                for name in rule.keys() & value.keys():
                    yield from refusals(value[name], rule[name], f"{at}.{name}")
            case "minProperties" | "minItems":
                if len(value) < rule:
                    yield f"{at}: fewer than {rule}"
            case "uniqueItems":
                if len(set(value)) < len(value):
                    yield f"{at}: twice"
            case "dependentRequired":
                yield from (f"{at}: {name} without {need}" for name, needs in rule.items() if name in value
                            for need in needs if need not in value)  # fmt: skip
            case "items":
                for place, item in enumerate(value):
                    yield from refusals(item, rule, f"{at}[{place}]")
            case "anyOf":
                if all(refused(value, one) for one in rule):
                    yield f"{at}: fits none"
            case "oneOf":
                if sum(not refused(value, one) for one in rule) != 1:
                    yield f"{at}: fits not exactly one"
            case other:
                assert other in ABOUT, other


def refused(value: Any, by: Any) -> bool:
    return next(refusals(value, by), None) is not None


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("limits.schema.json", json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"),
        ("limits-file.md", fields()),
    ],
)
def test_what_is_published_is_current(name: str, written: str) -> None:
    place = ROOT / "docs" / name
    if os.environ.get("WARRANT_WRITE_DOCS") == "1":
        place.write_text(written, encoding="utf-8")
    assert place.read_text(encoding="utf-8") == written


def test_the_file_that_ships_conforms() -> None:
    assert list(refusals(loaded(SHIPPED), schema())) == []


def test_every_field_and_every_kind_is_on_the_page() -> None:
    assert set(MEANINGS) == set(KEYS)
    assert [name for name in KINDS if f"| `{name}` |" not in fields()] == []


VALUE = "kind: order_value, bound: 10 %,"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (VALUE, f"{VALUE} until: 2030-01-31,"),
        (VALUE, f"{VALUE} when: {{regime: [bear, unknown], state: [active]}},"),
        (VALUE, f"{VALUE} when: {{figure: index-move, above: -0.05, below: 5 %}},"),
    ],
)
def test_what_the_reader_takes_the_schema_takes(good: str, bad: str) -> None:
    text = SHIPPED.replace(good, bad)
    read_limits(text)
    assert list(refusals(loaded(text), schema())) == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("version: 2", "version: 3"),
        (VALUE, f"{VALUE} note: x,"),
        (VALUE, "kind: order_value,"),
        (VALUE, "kind: order_vlaue, bound: 10 %,"),
        (VALUE, "kind: order_value, bound: ten,"),
        (VALUE, "kind: order_value, bound: 200,"),
        (VALUE, f"{VALUE} regime: yes,"),
        (VALUE, f"{VALUE} until: soon,"),
        (VALUE, f"{VALUE} when: {{}},"),
        (VALUE, f"{VALUE} when: {{regime: [crab]}},"),
        (VALUE, f"{VALUE} when: {{above: 1}},"),
        (VALUE, f"{VALUE} when: {{figure: gross, above: 1}},"),
        ("kind: kill_switch,", "kind: kill_switch, when: {regime: [bear]},"),
        ("id: order.value, layer: 1", "id: order.value, layer: 2"),
        ("once: 3, bound: 60 %", "once: 3, bound: 1.5"),
        ("names: [quant-swing]", "names: []"),
        ("bull: 1.0", "bull: 1.5"),
        ("owner: risk, source: SEBI 2012", "owner: risk"),
        ("index: -8.6 %", "index: -8.6 %\n    sigmas: 3"),
        ("    to: 2010-05-06\n", ""),
        ("seed: 20101119, ", ""),
        ("paths: 10000", "paths: 10"),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses(good: str, bad: str) -> None:
    assert SHIPPED.count(good) == 1
    text = SHIPPED.replace(good, bad)
    assert refused(loaded(text), schema())
    with pytest.raises(Faulty):
        read_limits(text)
