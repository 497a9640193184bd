"""`warrant rules check` of a hundred rules with cases, with meaning and without: all that the command takes."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.bench.hundred_rules import book

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = {"without meaning": (["--no-meaning"], 9), "with meaning": ([], 3)}


def measure_check() -> None:
    """Print what the check takes, and how much of it on a core: the process that reads policies works beside it."""
    with tempfile.TemporaryDirectory() as folder:
        desk = make_desk(Path(folder))
        for name, (options, rounds) in ROUNDS.items():
            _measure(name, ["rules", "check", *options, "--desk", str(desk)], rounds)


def _measure(name: str, words: list[str], rounds: int) -> None:
    command = [sys.executable, "-P", "-m", "adapters.cli", *words]
    whole, spent = [], []
    for _ in range(rounds):
        began, before = perf_counter(), _spent()
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        whole.append(perf_counter() - began)
        spent.append(_spent() - before)
        assert done.stdout.splitlines()[-1].startswith("100 rules in "), done.stderr
    print(f"\ncheck of 100 rules {name}, from the command's start to its end, {rounds} runs")
    print(f"  {done.stdout.splitlines()[-1]}")
    print(f"  {'':<12}{'middle':>6}{'most':>8}")
    for title, some in (("s", whole), ("s of a core", spent)):
        print(f"  {title:<12}{median(some):>6.2f}{max(some):>8.2f}")


def make_desk(folder: Path) -> Path:
    """A desk of a hundred rules with two cases each."""
    rulebook = book()
    names = [source.file for source in rulebook.rules[1:]]
    for source in rulebook.sources:
        path = folder / source.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.text, encoding="utf-8")
    (folder / "rules.clp").write_text("".join(f'(load "{name}")\n' for name in names), encoding="utf-8")
    shutil.copy(ROOT / "warrant.toml", folder)
    shutil.copytree(ROOT / "rules/cases", folder / "rules/cases")
    model = (ROOT / "rules/cases/momentum-long.yaml").read_text(encoding="utf-8")
    for rule in rulebook.program.rules:
        path = folder / f"rules/cases/{rule.name}.yaml"
        if not path.exists():
            path.write_text(model.replace("rule: momentum-long", f"rule: {rule.name}"), encoding="utf-8")
    return folder


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
