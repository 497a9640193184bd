"""The vocabulary that ships is what the rest of the house takes it for."""

from __future__ import annotations

from knowledge.templates import vocabulary


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
