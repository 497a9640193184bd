"""Mutants in processes: the score, a case for each survivor, and a run that goes on where it was interrupted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.casework.mutants_told import percent, told
from adapters.casework.mutating import Change, Memory, Survey, survey
from adapters.cli import run as warrant
from rules.rulebook import read_rulebook
from rules.testing.mutants import changed, mutants
from tests.adapters.casework import desks

LAX = desks.STRONG.partition("  - name: a step below")[0]


def every(changes: Sequence[Change]) -> Sequence[Change]:
    return changes


def about_strong(changes: Sequence[Change]) -> Sequence[Change]:
    return [one for one in changes if one.about == "strong"]


def test_an_interrupted_survey_goes_on_where_it_stood(tmp_path: Path) -> None:
    folder, file = desks.desk(tmp_path, strong=LAX), tmp_path / "store" / "mutants.json"
    seen: list[int] = []

    def tell(done: int, whole: int, alive: int) -> None:
        seen.append(done)
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey(folder, Memory(file), about_strong, tell, 2)
    assert seen == [1, 2, 3, 4, 5]
    fates, known = survey(folder, Memory(file), about_strong, lambda *_: None, 1)
    assert known == 5
    alive = {change.sentence: fate.words for change, fate in fates if fate.outcome == "survived"}
    assert "`20.0` became `19.99`" in alive
    assert "indicator: {instrument: AAPL, name: adx-14, value: 19.99}" in alive["`20.0` became `19.99`"]
    assert {change.sentence: fate.outcome for change, fate in fates}["`20.0` became `20.01`"] == "killed"

    # A case that is written from the offer is tried on the survivors alone, and kills.
    offer = alive["`20.0` became `19.99`"].split("cases:\n")[1]
    (folder / "rules/cases/strong.yaml").write_text(LAX + offer, encoding="utf-8")
    again, known = survey(folder, Memory(file), about_strong, lambda *_: None, 1)
    assert known == sum(fate.outcome != "survived" for _, fate in fates)
    assert {change.sentence: fate.outcome for change, fate in again}["`20.0` became `19.99`"] == "killed"


def test_the_command_says_the_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = desks.desk(tmp_path)
    shipped = Path(__file__).parents[3] / "warrant.toml"
    (folder / "warrant.toml").write_bytes(shipped.read_bytes())
    words = ["rules", "mutate", "--desk", str(folder), "earnings_blackout", "--processes", "1"]
    assert warrant([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["killed"] == answer["counted"] > 5
    assert {one["about"] for one in answer["mutants"]} == {"earnings_blackout"}
    assert warrant([*words, "nothing"]) == 2
    assert "nothing called `nothing` can be changed" in capsys.readouterr().err


def test_a_share_is_rounded_down() -> None:
    assert [percent(*one) for one in ((0, 0), (1, 3), (1999, 2000), (3, 3))] == ["0.0 %", "33.3 %", "99.9 %", "100.0 %"]


def test_a_survey_reads_like_this(tmp_path: Path) -> None:
    from adapters.casework.mutating import Fate

    change = Change(0, "n", "rule", "strong", "threshold", "rules.clp", 4, 64, "`20.0` became `19.99`")
    offer = "rule: strong\ncases:\n  - name: a case that kills it\n    given:\n      - indicator: {}\n"
    found = Survey(
        (
            (change, Fate("survived", offer, "")),
            (change, Fate("survived", "", "")),
            (change, Fate("killed", "strong: exactly 20", "")),
            (change, Fate("refused", "", "")),
        ),
        1,
        2345,
    )
    assert told(found) == [
        "rules.clp:4:64: strong survives: `20.0` became `19.99`",
        "    this case in rules/cases/strong.yaml kills it:",
        "      - name: a case that kills it",
        "        given:",
        "          - indicator: {}",
        "rules.clp:4:64: strong survives: `20.0` became `19.99`",
        "    no case was found that kills it; it may change nothing",
        "score 33.3 %: 1 of 3 mutants killed, 2 survive; 2.3 s, 1 known before",
        "not counted: 1 refused by the checks",
        "by kind: threshold 1/3",
    ]


def test_a_mutant_is_the_rulebook_with_one_change(tmp_path: Path) -> None:
    rulebook = read_rulebook(desks.desk(tmp_path))
    (found,) = (one for one in mutants(rulebook) if one.sentence == "`20.0` became `20.01`")
    assert changed(rulebook, found).rules[0].text == desks.RULES.replace("20.0)", "20.01)")
