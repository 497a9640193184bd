"""The tools of the people who write rules: 500 cases, and the mutants of the shipped book."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
CASES = 500
ROUNDS = 5


def measure_rules() -> None:
    """Print what 500 cases take, from the command's start to its end, and what it is made of."""
    with tempfile.TemporaryDirectory() as folder:
        desk = make_desk(Path(folder) / "desk", CASES)
        whole, spent, told = [], [], {}
        for _ in range(ROUNDS):
            began, before = perf_counter(), _spent()
            told = _json(["rules", "test", "--desk", str(desk)])
            whole.append(perf_counter() - began)
            spent.append(_spent() - before)
        assert len(told["cases"]) == CASES and all(one["passed"] for one in told["cases"])
        print(f"{CASES} cases, from the command's start to its end, {ROUNDS} runs")
        print(f"  {'':<12}{'middle':>6}{'most':>8}")
        for name, some in (("s", whole), ("s of a core", spent)):
            print(f"  {name:<12}{median(some):>6.2f}{max(some):>8.2f}")


def _spent() -> float:
    """Seconds of a core that the processes took which have ended: on a busy machine they say more than the clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def make_desk(folder: Path, cases: int) -> Path:
    """The shipped rulebook with so many cases: its own, and each of them again under another name."""
    shutil.copytree(ROOT / "rules/book", folder / "rules/book")
    for name in ("rules.clp", "policies.pl", "warrant.toml"):
        shutil.copy(ROOT / name, folder / name)
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules/cases").glob("*.yaml"))}
    heads = {name: text.partition("cases:\n")[0] for name, text in texts.items()}
    own = {name: ["  - name: " + one for one in text.partition("cases:\n")[2].split("  - name: ")[1:]]
           for name, text in texts.items()}  # fmt: skip
    written = {name: list(some) for name, some in own.items()}
    again, count = 0, sum(map(len, own.values()))
    assert count <= cases, f"the shipped rulebook has {count} cases"
    while count < cases:
        again += 1
        for name, some in own.items():
            for one in some[: cases - count]:
                written[name].append(one.replace("\n", f", {again}\n", 1))
                count += 1
    place = folder / "rules/cases"
    place.mkdir()
    for name, some in written.items():
        (place / name).write_text(heads[name] + "cases:\n" + "".join(some), encoding="utf-8")
    return folder


def _json(words: list[str]) -> dict:
    command = [sys.executable, "-P", "-m", "adapters.cli", *words, "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True
    )
    return json.loads(done.stdout)
