"""`warrant how-sure` over a real run: a process decides the cycle again and again, within a budget."""

from __future__ import annotations

import json

import pytest

from adapters import cli
from adapters.answers.lookup import reading
from adapters.frame import Failed
from adapters.supposing.bench import Bench
from adapters.supposing.howsure import ask
from adapters.supposing.recorded import recorded
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
    assert conviction["outcome"]["from"] == "0.7" and conviction["flips"][0]["becomes"] == {"outcome": "no-candidate"}
    assert "the budget of decisions is spent" in json.dumps(found["told"])
    assert shared.root == root


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
    named: list[str] = []
    with pytest.raises(Failed, match="decided in full, IBM is another one than in outline"):
        ask(one, "IBM", 20, named.append)
    assert named and all(name.startswith("IBM: ") for name in named)
