"""A few typical explanations in every form, for a reviewer to read: the short form, with its paragraph.

The goldens are `tests/engine/telling/__snapshots__/test_goldens.ambr`. After a change that is meant to change them:
`pytest tests/engine/telling/test_goldens.py --snapshot-update`, and read the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from engine.telling.as_html import as_html
from engine.telling.as_json import from_json, to_json
from engine.telling.as_markdown import as_markdown
from engine.telling.as_text import as_text
from engine.telling.explain import Evidence, explain_exit, explain_verdict
from engine.telling.narrative import Telling, brief, size
from engine.telling.tokens import Sort, plain
from tests.engine.test_decide import cut, denied_alone, denied_crowded_out, exit_on_time, granted, no_candidate
from tests.promises.cycles import Cycle, rulebook

TYPICAL = (granted, cut, denied_alone, denied_crowded_out, no_candidate, exit_on_time)
FORMS: dict[str, Callable[[Telling], str]] = {"text": as_text, "html": as_html, "markdown": as_markdown}
MOST_LINES = 45
"""Of one verdict in the short form: what a person reads."""


@cache
def told(make: Callable[[], Cycle]) -> Telling:
    cycle = make()
    record = {**cycle.decided().to_json(), "record_id": "D-1", "desk": "test"}
    evidence = Evidence(record, cycle.snapshot, cycle.portfolio, rulebook(), cycle.limits)
    if record["exits"]:
        return explain_exit(evidence, record["exits"][0])
    verdict = record["verdicts"][1 if make is denied_crowded_out else 0]
    return explain_verdict(evidence, verdict)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", TYPICAL, ids=lambda make: make.__name__)
def test_a_typical_verdict_in_every_form(make: Callable[[], Cycle], form: str, snapshot: Any) -> None:
    assert FORMS[form](brief(told(make))) == snapshot


@pytest.mark.parametrize("make", TYPICAL, ids=lambda make: make.__name__)
def test_it_has_a_length_a_person_reads_and_figures_that_a_program_can(make: Callable[[], Cycle]) -> None:
    whole = told(make)
    assert size(brief(whole)) <= MOST_LINES
    paragraph = " ".join(plain(one) for one in whole.summary)
    assert 2 <= paragraph.count(". ") + 1 <= 5 and len(paragraph) < 900
    numbers = [one for one in tokens(whole) if one.sort is Sort.NUMBER]
    assert all(one.value for one in numbers)
    assert from_json(to_json(whole)) == whole


def tokens(telling: Telling) -> list[Any]:
    return [*telling.run, *(one for part in telling.parts for one in tokens(part))]


def test_rules_limits_and_policies_name_their_place() -> None:
    found = {one.sort: one for one in tokens(told(granted)) if one.source}
    assert found[Sort.RULE].source.startswith("rules/book/")
    assert found[Sort.LIMIT].source.startswith("limits.yaml:") and found[Sort.LIMIT].source.endswith(", risk")
    policies = [one for one in tokens(told(granted)) if one.sort is Sort.POLICY]
    assert any(one.text == "policies.pl:19" for one in policies)
