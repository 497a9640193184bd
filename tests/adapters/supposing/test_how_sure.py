"""`warrant how-sure` over a real run: a process decides the cycle again and again, within a budget."""

from __future__ import annotations

import json

import pytest

from adapters import cli
from adapters.answers.lookup import reading
from adapters.frame import Failed
from adapters.supposing.bench import Bench
from adapters.supposing.howsure import ask, telling
from adapters.supposing.recorded import recorded
from engine.telling.as_text import as_text
from knowledge.values import Json
from tests.shared_run import SharedRun

DAY = "2011-01-28"


def test_within_a_budget_everything_that_was_found_is_told(
    shared: SharedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shared.root
    assert cli.run(["how-sure", DAY, "IBM", "--budget", "60", "--json", "--desk", str(shared.desk.folder)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["hypothetical"], found["decisions"], found["budget_spent"]) == (True, 60, True)
    (one,) = found["instruments"]
    conviction = next(each for each in one["inputs"] if each["input"] == "advisory(IBM,rules-based) conviction")
    assert conviction["outcome"]["from"] == "0.7" and conviction["flips"][0]["becomes"] is None
    assert "the budget of decisions is spent" in json.dumps(found["told"])
    assert shared.root == root


def test_who_is_silent_is_answered_in_words(shared: SharedRun) -> None:
    named: list[str] = []
    with reading(shared.desk) as log:
        one = recorded(log, DAY)
    answer = ask(one, "GOOG", budget=100, progress=named.append)
    told = as_text(telling(answer))
    assert all(name.startswith("GOOG: ") for name in named) and len(named) == len(answer.instruments[0].inputs)
    assert "GOOG: no candidate" in told and "limits and money do not matter here" in told
    assert f"{answer.decisions} decisions with one number changed at a time" in told


def test_a_flip_that_the_full_decision_does_not_bear_out_is_a_failure(
    shared: SharedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bench.suppose

    def otherwise(self: Bench, change: Json) -> Json:
        told = real(self, change)
        return {**told, "verdicts": [], "exits": []} if change.get("full") else told

    monkeypatch.setattr(Bench, "suppose", otherwise)
    with reading(shared.desk) as log:
        one = recorded(log, DAY)
    with pytest.raises(Failed, match="decided in full, IBM is another one than in outline"):
        ask(one, "IBM", budget=20)
