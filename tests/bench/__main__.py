"""`python -m tests.bench [PART...]`: measure the parts named below, or all; print tables."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from warrant_engine import calm

# As the front door does it, before anything loads the linear algebra.
calm(os.environ)

from tests.bench import (  # noqa: E402
    checking,
    cycle,
    finding,
    gate,
    importing,
    many,
    memory,
    proving,
    rules,
    telling,
    verifying,
    whole,
)
from tests.bench.cases import make_scene  # noqa: E402

PARTS = (
    "cycle",
    "memory",
    "help",
    "demo",
    "cycle50",
    "backtest",
    "import",
    "gate",
    "rules",
    "check",
    "find",
    "telling",
    "prove",
    "verify",
)

ALONE = {
    "help": whole.measure_help,
    "demo": whole.measure_demo,
    "check": checking.measure_check,
    "rules": rules.measure_rules,
    "find": finding.measure_find,
    "telling": telling.measure_telling,
    "gate": gate.measure,
    "prove": proving.measure_proofs,
}
"""Parts that take no option."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=3, help="how often the run is measured (cycle)")
    parser.add_argument("--cycles", type=int, default=10_000, help="how many cycles are run (memory)")
    parser.add_argument("--instruments", type=int, default=50, help="how many instruments (cycle50, backtest)")
    parser.add_argument("--sessions", type=int, default=250, help="how many sessions (cycle50, backtest)")
    parser.add_argument("--bars", type=int, default=1_000_000, help="how many bars of 400 instruments (import)")
    parser.add_argument("--records", type=int, default=100_000, help="how many records are verified (verify)")
    parser.add_argument("--store", type=Path, help="a store whose log is verified again and again (verify)")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if "verify" in asked.parts and asked.store is None:
        parser.error("verify needs a log: --store FILE")
    parts = asked.parts or [one for one in PARTS if one != "verify" or asked.store]
    for part, measure in ALONE.items():
        if part in parts:
            measure()
    if "cycle50" in parts:
        many.measure_cycles(asked.instruments, asked.sessions)
    if "backtest" in parts:
        many.measure_backtest(asked.instruments, asked.sessions)
    if "verify" in parts:
        verifying.measure(asked.store, asked.records)
    if "import" in parts:
        importing.measure(400, asked.bars)
    if {"cycle", "memory"} & set(parts):
        with tempfile.TemporaryDirectory() as name:
            scene = make_scene(Path(name) / "desk")
            if "cycle" in parts:
                cycle.measure(scene, asked.rounds)
            if "memory" in parts:
                memory.measure(scene, asked.cycles)


main()
