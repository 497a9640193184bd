"""The vocabulary that ships is what the rest of the house takes it for."""

from __future__ import annotations

import json
import os
from pathlib import Path

from knowledge import templates
from knowledge.templates import kept_tree, read, vocabulary


def test_every_slot_that_is_a_number_has_a_unit_and_a_quantum_or_a_measure() -> None:
    for template in vocabulary().templates.values():
        for slot in template.slots.values():
            if slot.type == "number":
                assert slot.by or (slot.quantum and slot.unit), f"{template.name}.{slot.name}"


def test_every_measure_and_template_says_what_it_is() -> None:
    words = vocabulary()
    for group in words.measures.values():
        for measure in group.values():
            assert measure.doc and measure.unit and measure.low < measure.high and measure.quantum > 0
    assert all(template.doc and template.slots for template in words.templates.values())


def test_a_dozen_indicators_are_declared() -> None:
    assert len(vocabulary().measures["indicators"]) >= 12


def test_names_are_told_apart_by_where_facts_come_from() -> None:
    origins = {template.origin for template in vocabulary().templates.values()}
    assert origins == {"door", "portfolio", "rules"}


def test_the_kept_tree_is_that_of_the_text() -> None:
    """After a change of templates.yaml: `WARRANT_WRITE_DOCS=1 pytest tests/knowledge/test_templates.py`."""
    source, kept = (Path(templates.__file__).with_name(f"templates.{end}") for end in ("yaml", "json"))
    found = kept_tree(source.read_text(encoding="utf-8"))
    if os.environ.get("WARRANT_WRITE_DOCS"):
        kept.write_text(json.dumps(found, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")
    assert json.loads(kept.read_text(encoding="utf-8")) == found
    assert read(source.read_text(encoding="utf-8")) == vocabulary()
