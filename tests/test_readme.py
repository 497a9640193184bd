"""The README's commands are run, in its order, in an empty folder; its files are written as it says."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
from pathlib import Path

import pytest

from rules.cases import read_cases
from tests.shared_run import alone, common

pytestmark = pytest.mark.sqlite_file  # a demonstration keeps its log in a file

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INDENTED = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.M)
OUTCOMES = ("granted", "cut", "denied", "no candidate")
BLOCKS = [re.sub(r"^    ", "", block, flags=re.M).strip("\n") for block in INDENTED.findall(README)]


def commands() -> list[str]:
    """Every command of the README, without its remark; `test` would run this test again."""
    found = [
        line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.startswith("./warrant")
    ]
    return [line for line in found if line != "./warrant test"]


def block(beginning: str) -> str:
    return next(one for one in BLOCKS if one.startswith(beginning)) + "\n"


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [str(ROOT / "warrant") if word == "./warrant" else word for word in line.split()]
    # A launcher that calls a launcher would prepare the environment twice; it is prepared already.
    return subprocess.run(words, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=1800, check=False)


def write_rule(desk: Path) -> None:
    (desk / "rules/book/thin.clp").write_text(block("(defrule veto-thin-volume"))
    with (desk / "rules.clp").open("a") as entry:
        entry.write('(load "rules/book/thin.clp")\n')
    (desk / "rules/cases/veto-thin-volume.yaml").write_text(block("rule: veto-thin-volume"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """What each command of the README said, run one after the other as a reader would; once for all processes."""
    place = common(tmp_path_factory)
    with alone(place / "reader.lock"):
        kept = place / "reader.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(read_along(place / "reader")))
        found: dict[str, subprocess.CompletedProcess[str]] = pickle.loads(kept.read_bytes())
    return found


def read_along(folder: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """What each command says in this folder, by its line."""
    folder.mkdir()
    results = {}
    for line in commands():
        results[line] = run(line, folder)
        if line.startswith("./warrant init"):
            write_rule(folder / "my-desk")
    return results


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_readme_ends_well(line: str, told: dict[str, subprocess.CompletedProcess[str]]) -> None:
    result = told[line]
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_the_first_rule_is_read_and_its_cases_pass(told: dict[str, subprocess.CompletedProcess[str]]) -> None:
    said = told["./warrant doctor --desk my-desk"].stdout
    # Those that ship, and the two of the new rule.
    count = len(read_cases(ROOT / "rules" / "cases", ROOT)) + 2
    assert "nothing found" in said and f"{count} cases of 30 rules and 7 policies pass" in said


def test_the_explanations_shown_are_those_of_the_demo(told: dict[str, subprocess.CompletedProcess[str]]) -> None:
    """Figures of models may differ in the last digits on another machine; who, when and why may not."""
    granted = told["./warrant explain 20110720T200000Z-AAPL-entry --desk demo"].stdout
    assert "AAPL: granted, buy" in granted and "no filling of the granted orders breaks" in granted
    denied = told["./warrant why-not GOOG --at 2012-03-23 --desk demo"].stdout
    assert "crowded out by earlier grants" in denied and "portfolio.sector[technology] beside AAPL" in denied
    vetoed = told["./warrant why-not GOOG --at 2011-12-23 --desk my-desk"].stdout
    assert "there must be no veto GOOG veto-thin-volume, but there is one" in vetoed
    silent = told["./warrant why-not MSFT --at 2013-03-01 --desk demo"].stdout
    assert "no candidate" in silent and "closest rule" in silent and "what failed" in silent


def test_the_demo_shows_each_outcome_at_least_five_times(told: dict[str, subprocess.CompletedProcess[str]]) -> None:
    said = told["./warrant demo"].stdout
    counts = {name: int(re.search(rf"^  {name} +([0-9,]+)", said, re.M)[1].replace(",", "")) for name in OUTCOMES}  # type: ignore[index]
    assert all(count >= 5 for count in counts.values()), counts
    assert int(re.search(r"([0-9]+) crowded out", said)[1]) >= 1  # type: ignore[index]


def test_the_readme_is_a_page() -> None:
    assert len(README.splitlines()) <= 120


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
