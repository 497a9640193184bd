"""Cases in a process of their own: what passes and fails, and what an engine that hangs or dies costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adapters.casework.running import Asked
from adapters.casework.telling import Run, told
from adapters.casework.watching import files_of, watch
from adapters.cli import run as warrant
from tests.adapters.casework import desks


def results(asked: Asked) -> Mapping[str, list[str]]:
    return {f"{one.about}: {one.name}": [each.message for each in asked.run(one)] for one in asked.cases}


def test_rules_and_policies_have_cases(tmp_path: Path) -> None:
    with Asked(desks.desk(tmp_path)) as asked:
        assert results(asked) == {
            "earnings_blackout: three sessions ahead": [],
            "earnings_blackout: four sessions ahead": [],
            "strong: exactly 20": [],
            "strong: a step below": [],
        }
        assert asked.lacking == ()


def test_a_failing_policy_case_shows_what_speaks_against_the_reason(tmp_path: Path) -> None:
    failing = desks.BLACKOUT.replace("sessions: 3}", "sessions: 5}").replace("sessions: 4}", "sessions: 2}")
    with Asked(desks.desk(tmp_path, blackout=failing)) as asked:
        run = Run(tuple((one, asked.run(one)) for one in asked.chosen(["earnings_blackout"], None)), (), 1234)
    assert told(run) == [
        "rules/cases/blackout.yaml:10:9: earnings_blackout, three sessions ahead: "
        "`forbidden(instrument AAPL, side long, reason earnings_blackout)` was not concluded",
        "    AAPL long is permitted",
        "    it is not so that AAPL long is forbidden: earnings blackout",
        "      earnings of AAPL: sessions 5",
        "      5 sessions > 3",
        "rules/cases/blackout.yaml:16:9: earnings_blackout, four sessions ahead: "
        "`permitted(instrument AAPL)` was not concluded",
        "    AAPL long is forbidden: earnings_blackout",
        "    AAPL long is forbidden: earnings blackout",
        "      earnings of AAPL: sessions 2",
        "      2 sessions ≤ 3",
        "rules/cases/blackout.yaml:18:9: earnings_blackout, four sessions ahead: `forbidden AAPL long` was concluded",
        "    AAPL long is forbidden: earnings blackout",
        "      earnings of AAPL: sessions 2",
        "      2 sessions ≤ 3",
        "2 cases of 1 policy: 2 fail, 0 pass; 1.2 s",
    ]


def test_a_case_over_which_an_engine_hangs_fails_by_itself(tmp_path: Path) -> None:
    patterns = "".join(f"  (indicator (name ?n{at}) (value ?v{at}))\n" for at in range(12))
    endless = (
        f'(defrule endless\n  "quant | many of ?n0"\n  (declare (salience 0))\n{patterns}  (test (> ?v0 ?v11))\n'
        "  =>\n  (assert (veto (instrument AAPL) (rule endless))))\n"
    )
    names = ("rsi-14", "adx-14", "atr-14", "stochastic-k", "volume-ratio", "interval-75", "volatility-20", "beta-252")
    given = "".join(f"      - indicator: {{instrument: AAPL, name: {name}, value: 1}}\n" for name in names)
    hanging = f"rule: endless\ncases:\n  - name: a\n    given:\n{given}    expect_not:\n      - veto: {{}}\n"
    folder = desks.desk(tmp_path, rules=desks.RULES + endless, endless=hanging)
    with Asked(folder, patience=1) as asked:
        found = results(asked)
    assert found.pop("endless: a") == ["the engines were lost over this case: it gave no answer within 1 s"]
    assert found == {name: [] for name in found} and len(found) == 4


DYING = """
import os
from adapters.casework.kept import serve
from rules.testing.service import Service
service = Service()
def answer(request):
    if request.get("case") == 1:
        os.abort()
    if request.get("case") == 2:
        os.write(2, b"a word of an engine")
    return service.answer(request)
serve(answer)
"""


def test_a_case_over_which_an_engine_dies_or_prints_fails_by_itself(tmp_path: Path) -> None:
    with Asked(desks.desk(tmp_path), program=DYING) as asked:
        assert list(results(asked).values()) == [
            [],
            ["the engines were lost over this case: it ended with signal 6"],
            ["the engines were lost over this case: an engine printed while it worked: a word of an engine"],
            [],
        ]


def test_a_watch_runs_again_after_each_change_and_ends_when_interrupted(tmp_path: Path) -> None:
    folder = desks.desk(tmp_path)
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: (folder / "rules/cases/strong.yaml").write_text(desks.STRONG + "\n", encoding="utf-8"),
        lambda: (folder / "rules/cases/new.yaml").write_text("", encoding="utf-8"),
        lambda: None,
        (folder / "rules/cases/new.yaml").unlink,
        lambda: None,
        lambda: None,
    ]
    runs: list[list[str]] = []

    def pause() -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    with pytest.raises(KeyboardInterrupt):
        watch(lambda: files_of(folder, ()), lambda names: runs.append([Path(name).name for name in names]), pause)
    assert runs == [[], ["new.yaml", "strong.yaml"], ["new.yaml"]]
    assert "templates.yaml" in {path.name for path in files_of(folder, ())}


def test_the_command_tells_the_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(desks.desk(tmp_path))
    assert warrant(["rules", "test", "--desk", folder, "-k", "EXACTLY"]) == 0
    assert capsys.readouterr().out.startswith("1 case of 1 rule: pass; ")
    assert warrant(["rules", "test", "--desk", folder, "strang"]) == 2
    assert "there is no rule or policy `strang`; did you mean `strong`?" in capsys.readouterr().err
    (tmp_path / "rules/cases/strong.yaml").unlink()
    assert warrant(["rules", "test", "--desk", folder]) == 1
    assert "rules.clp:1:10: the rule `strong` lacks a case in which it fires" in capsys.readouterr().out
