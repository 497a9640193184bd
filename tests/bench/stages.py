"""A worker that times its stages: the real one, with a stopwatch around each of its parts.

Each stage counts only its own time, without the stages inside it. After each answer the worker writes one JSON line
(nanoseconds by stage) to a file, when the answer is out.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from inspect import ismethod
from pathlib import Path
from types import ModuleType
from typing import Any

from adapters.running import worker
from adapters.running.worker import Worker

DOOR, CLIPS, PROLOG, SIZE, GATE = "parse, door", "CLIPS", "Prolog", "market, conditions, size", "gate"
TEXT, ANSWER, WHY_NOT, WRITE, REST = "Z3 text", "Z3 answer", "why-not", "decision JSON", "rest of the worker"
STAGES = (DOOR, CLIPS, PROLOG, SIZE, GATE, TEXT, ANSWER, WHY_NOT, WRITE, REST)


class TimedWorker(Worker):
    """A keeper of timed workers; `times` are the lines so far."""

    def __init__(self, *args: Any, report: Path, **named: Any) -> None:
        super().__init__(*args, **named)
        self.report = report
        self.program = f"from tests.bench.stages import serve; serve({str(report)!r})"  # type: ignore[misc]

    def times(self, count: int) -> list[dict[str, int]]:
        """Nanoseconds by stage of each of `count` decisions; the last line may come a little after its answer."""
        lines: list[str] = []
        while len(lines) < count:
            time.sleep(0.01)
            lines = self.report.read_text().splitlines()
        return [json.loads(line) for line in lines]


class _Stopwatch:
    """Exclusive times by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = {}
        self._open: list[int] = []

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            begun = time.perf_counter_ns()
            self._open.append(0)
            try:
                return function(*args, **named)
            finally:
                whole, inside = time.perf_counter_ns() - begun, self._open.pop()
                self.spent[stage] = self.spent.get(stage, 0) + whole - inside
                if self._open:
                    self._open[-1] += whole

        return timed


def serve(report: str) -> None:
    """Serve as the real worker does, timed."""
    watch = _Stopwatch()
    for stage, owner, names in _parts():
        for name in names:
            whole = getattr(owner, name)
            timed = watch.around(stage, whole)
            if not isinstance(owner, ModuleType):
                setattr(owner, name, staticmethod(timed) if ismethod(whole) else timed)
                continue
            for place in _homes():
                if getattr(place, name, None) is whole:
                    setattr(place, name, timed)
    _apart(watch)
    write = worker._write
    with Path(report).open("a") as lines:

        def write_and_tell(sink: Any, frame: bytes) -> None:
            write(sink, frame)
            if CLIPS in watch.spent:
                lines.write(json.dumps(watch.spent) + "\n")
                lines.flush()
            watch.spent.clear()

        worker._write = write_and_tell
        worker.serve()


def _apart(watch: _Stopwatch) -> None:
    """What is told ahead is read while the shell makes the rest, and is part of no stage."""
    from engine.service import Service

    answer = Service.answer

    def answered(service: Service, request: bytes) -> bytes | None:
        found = answer(service, request)
        if found is None:
            watch.spent.clear()
        return found

    Service.answer = answered  # type: ignore[method-assign]


def _parts() -> list[tuple[str, Any, tuple[str, ...]]]:
    """Stage, module or class, and the names of the functions in it that are the stage."""
    from adapters.running.teller import Teller
    from engine import candidates, exits, service
    from engine.decision import Decision
    from engine.gate import judge as gate
    from engine.gate import market, reach, states
    from engine.orders.portfolio import Portfolio
    from engine.proof import smt, solver
    from knowledge import door, values
    from rules import nearest
    from rules.reasoning import Reasoning

    return [
        (REST, service.Service, ("answer",)),
        (DOOR, values, ("parse",)),
        (DOOR, door, ("facts_from_json", "snapshot_from_json")),
        (DOOR, Portfolio, ("from_json",)),
        (CLIPS, Reasoning, ("infer",)),
        (PROLOG, Reasoning, ("judge",)),
        (SIZE, market, ("read_market",)),
        (SIZE, reach, ("read_book",)),
        (SIZE, states, ("trading_state",)),
        (SIZE, candidates, ("shape",)),
        (SIZE, exits, ("propose_exits", "rule_on_exits")),
        (GATE, gate, ("judge",)),
        (TEXT, smt, ("script",)),
        (ANSWER, solver, ("answers",)),
        # Where another process tells it: to ask, and to wait for the answer.
        (WHY_NOT, nearest, ("nearest",)),
        (WHY_NOT, Teller, ("silences", "_answered")),
        (WRITE, Decision, ("to_json",)),
        (WRITE, values, ("canonical", "canonical_if_floatless")),
    ]


def _homes() -> list[ModuleType]:
    """Our modules that are loaded: a function is timed wherever it was imported to."""
    own = ("knowledge.", "rules.", "engine.", "adapters.")
    return [module for name, module in sys.modules.items() if name.startswith(own)]
