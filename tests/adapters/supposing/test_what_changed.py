"""`warrant what-changed` over a real run: two cycles, and two versions of limits, rules and heads over one cycle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters import cli
from adapters.answers.lookup import reading
from adapters.audit.log import AuditLog
from adapters.supposing.recorded import recorded
from adapters.supposing.versions import with_limits, with_models, with_rules
from engine.supposing.apart import Apart
from knowledge.values import Json, canonical, digest
from tests.shared_run import SharedRun

DAY, BEFORE = "2011-01-28", "2011-01-27"


def asked(shared: SharedRun, *words: str) -> int:
    return cli.run(["what-changed", *words, "--desk", str(shared.desk.folder)])


def told(capsys: pytest.CaptureFixture[str]) -> Json:
    return json.loads(capsys.readouterr().out)


def test_two_cycles_and_what_made_the_difference(shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    root = shared.root
    assert asked(shared, BEFORE, DAY, "--json") == 0
    found = told(capsys)
    one = next(each for each in found["instruments"] if each["instrument"] == "IBM")
    assert one["before"] == {"outcome": "no-candidate"}
    assert one["aspect"] == "outcome"
    assert one["causes"][0]["pieces"] == [["indicator(IBM,rsi-14)"]]
    rsi = next(each for each in found["inputs"] if each["name"] == "indicator(IBM,rsi-14)")
    assert (rsi["before"], rsi["after"]) == ("value 83.27", "value 73.43")
    assert not found["budget_spent"]
    assert shared.root == root


def test_other_limits_and_rules_over_one_cycle(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.bare(tmp_path / "desk")
    veto = desk.folder / "rules/book/veto.clp"
    veto.write_text(veto.read_text().replace("80.0", "50.0"))
    desk.limits.write_text(desk.limits.read_text().replace("bound: 5000", "bound: 4000"))
    assert asked(shared, DAY, "--rules", str(desk.folder), "--limits", str(desk.limits)) == 0
    text = capsys.readouterr().out
    assert "cause of another outcome: rule veto-overbought: as it was → another text" in text
    assert "1 more input differs, which took no part in it: the limits (1)" in text
    assert "decided the same: AAPL, GOOG, MSFT" in text


def test_the_heads_of_another_run_are_those_of_the_same_period(shared: SharedRun) -> None:
    with reading(shared.desk) as log:
        one = recorded(log, DAY)
        two = recorded(log, BEFORE)
    same, name = with_models(one.case, one.record, shared.folder)
    assert Apart(one.case, same).pieces == {} and name.startswith("the heads of ")
    mended, _ = with_models(two.case, one.record, shared.folder)
    apart = Apart(two.case, mended)
    assert apart.groups and all("heads" in group for group in apart.groups)


def test_recorded_versions_are_read_back_by_their_records(shared: SharedRun, tmp_path: Path) -> None:
    desk = shared.copied(tmp_path / "desk")
    law = desk.limits.read_text().replace("bound: 5000", "bound: 4000")
    with reading(desk) as log:
        one = recorded(log, DAY)
    book = one.case.rulebook
    texts = [(file, text.replace("80.0", "50.0")) for file, text in book.rules]
    other = {"rules": [list(each) for each in texts], "policies": [list(each) for each in book.policies]}
    with AuditLog.open(desk.store) as log:
        last = list(log)[-1]
        same = {name: last[name] for name in ("as_of", "recorded_at", "desk", "mode")}
        ids = []
        for kind, now, before in (("change", law, "limits"), ("rulebook", other, "rulebook")):
            content = canonical(now)
            told = {"old": one.record["inputs"][before], "new": digest(content), "outcome": "adopted"}
            more = {"verdict": "tighter", "reason": "a test", "files": [], "who": "somebody", "claimed": True}
            kept = more if kind == "rulebook" else {"verdict": "tighter", "reason": "a test"}
            ids.append(log.append(kind, {**same, **told, **kept}, {digest(content): content}).record_id)
    with reading(desk) as log:
        limited, name = with_limits(one.case, log, ids[0][:12])
        ruled, _ = with_rules(one.case, log, ids[1][:12])
    assert name == f"the limits of {ids[0][:12]}"
    assert list(Apart(one.case, limited).pieces) == ["limit order.quantity"]
    assert list(Apart(one.case, ruled).pieces) == ["rule veto-overbought"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((DAY,), "nothing to compare with; give a second cycle"),
        ((DAY, "1999-01-04"), "the log has no decision of this date"),
        ((DAY, "--limits", "abcdef012345"), "there is no file `abcdef012345`"),
        ((DAY, "--models", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    shared: SharedRun, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert asked(shared, *words) == 2
    said = capsys.readouterr()
    assert said.out == "" and sentence in said.err
