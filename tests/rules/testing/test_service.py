"""What the process is asked: faults of a desk's files at their places, cases by their number."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.testing.service import Service
from tests.adapters.casework import desks


def faults(desk: Path) -> list[str]:
    told = Service().answer({"op": "load", "desk": str(desk)}).get("faults", [])
    return [f"{file}:{line}:{column}: {message}" for file, line, column, message in told]


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("rules.clp", ">= ?adx", ">= ?adxx", "rules.clp:4:"),
        ("rules/cases/strong.yaml", "rule: strong", "rule: strang", "rules/cases/strong.yaml:1:7: there is no rule"),
        (
            "rules/cases/blackout.yaml",
            "policy: earnings_blackout",
            "policy: blackout",
            "rules/cases/blackout.yaml:1:9: no policy forbids anything because of `blackout`",
        ),
        ("rules/cases/blackout.yaml", "policy: earnings_blackout", "rule: strong", "cases of `strong` stand in"),
        ("rules/cases/strong.yaml", "a step below", "exactly 20", "10:5: a case `exactly 20` stands above"),
        ("rules/cases/strong.yaml", "rule: strong", "rule: strong\npolicy: x", "1:1: `rule` and `policy` stand here"),
        ("rules/cases/blackout.yaml", "side: long", "side: long, rule: x", "10:9: `forbidden` has no slot `rule`"),
        ("rules/cases/strong.yaml", "side: long", "side: log", "9:45: `side` is never `log`; it is one of"),
    ],
)
def test_what_is_wrong_with_a_desk_is_told_at_its_place(
    tmp_path: Path, file: str, old: str, new: str, complaint: str
) -> None:
    place = desks.desk(tmp_path) / file
    place.write_text(place.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert complaint in "\n".join(faults(tmp_path))


def test_the_facts_of_a_case_may_stand_in_a_file_beside_it(tmp_path: Path) -> None:
    beside = desks.STRONG.replace("      - indicator: {value: 19.99}\n", "      - facts/calm.yaml\n")
    folder = desks.desk(
        tmp_path, strong=beside.replace("    given:\n      - indicator: {value: 20}", "    given: a.yaml")
    )
    (folder / "rules/cases/facts").mkdir()
    assert any("strong.yaml:6:12: `a.yaml` cannot be read as UTF-8 text" in fault for fault in faults(folder))
    (folder / "rules/cases/strong.yaml").write_text(beside, encoding="utf-8")
    calm = "- indicator: {instrument: AAPL, name: adx-14, value: 3}\n"
    (folder / "rules/cases/facts/calm.yaml").write_text(calm, encoding="utf-8")
    assert faults(folder) == []
    service = Service()
    service.answer({"op": "load", "desk": str(folder)})
    assert service.answer({"op": "run", "case": 3}) == {"problems": []}
    (folder / "rules/cases/facts/calm.yaml").write_text(calm.replace("adx-14", "adx"), encoding="utf-8")
    assert any("rules/cases/facts/calm.yaml:1:3: `indicator.name` takes one of" in one for one in faults(folder))
