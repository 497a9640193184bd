"""Whatever becomes of the worker: no entry, a reason, and the next cycle is decided. With real processes throughout."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.running.worker import Worker, WorkerLost
from engine.service import Service
from engine.verdicts import spoken_over
from knowledge.door import fact
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, parse
from rules.rulebook import Rulebook, Source
from tests.knowledge.policy_texts import BASE
from tests.promises.cycles import Cycle, calm, rulebook

pytestmark = pytest.mark.real_start

ROOT = Path(__file__).resolve().parents[2]
CYCLE = calm("long", "quiet")
ENDLESS_RULES = """
(defrule start "quant | ?i" (indicator (instrument ?i)) =>
  (assert (opinion (instrument ?i) (head h) (direction long) (share 0.0))))
(defrule more "quant | ?i" (opinion (instrument ?i) (share ?s)) =>
  (assert (opinion (instrument ?i) (head h) (direction long) (share (+ ?s 0.00000001)))))
"""
ENDLESS_POLICIES = f"""{BASE}
:- sentence(on(X), "on ~X").
on(X) :- on(X).
on(X) :- X > 0, on(X).
forbidden(_, r) :- on(1).
"""
BREAKING = "from adapters.running.worker import serve\nimport engine.{module} as module\n{change}\nserve()"
ONCE = """
whole, seen = module.decide, []
def decide(*given, **named):
    seen.append(1)
    if len(seen) == 1:
        {first}
    return whole(*given, **named)
module.decide = decide
"""


def broken(change: str, module: str = "service") -> type[Worker]:
    """A keeper of workers in which one thing was changed before they serve."""
    return type("Broken", (Worker,), {"program": BREAKING.format(module=module, change=change)})


def made(keeper: type[Worker] = Worker, cycle: Cycle = CYCLE, **more: float) -> Worker:
    return keeper(rulebook(), cycle.limits, **more)


def decide(worker: Worker, cycle: Cycle = CYCLE) -> Json:
    return worker.decide(cycle.snapshot, cycle.portfolio)


def killed(pid: int) -> None:
    """End a process, and be back when it has ended; the keeper finds that out by itself."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def entries(decision: Json) -> list[str]:
    return [one["order"]["instrument"] for one in decision["warrants"] if one["order"]["role"] == "entry"]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with made() as one:
        yield one


def test_the_process_decides_what_the_core_decides(worker: Worker) -> None:
    request = {"op": "decide", "snapshot": CYCLE.snapshot.to_json(), "portfolio": CYCLE.portfolio.to_json()}
    expected = parse(Service(rulebook(), CYCLE.limits).answer(canonical(request)))["decision"]
    assert decide(worker) == expected
    assert entries(expected) == ["AAPL"]


def test_the_bytes_of_a_decision_are_those_of_its_values(worker: Worker) -> None:
    decision, parts = worker.decided(CYCLE.snapshot, CYCLE.portfolio)
    assert parts == {name: canonical(value) for name, value in decision.items()}


# --- told ahead -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 3])
def test_what_was_told_ahead_is_decided_on_as_if_it_came_with_the_rest(worker: Worker, parts: int) -> None:
    expected, facts = decide(worker), list(reversed(CYCLE.snapshot.facts))
    for part in range(parts):
        worker.tell(facts[part :: 2 * parts])
    worker.tell(facts[:1])
    assert decide(worker) == expected
    worker.tell(facts)
    assert decide(worker) == expected == decide(worker)


def test_a_snapshot_that_holds_other_facts_than_were_told_is_told_anew(worker: Worker) -> None:
    expected = decide(worker)
    told = CYCLE.snapshot.find("bar", "AAPL")
    assert told is not None
    worker.tell([*CYCLE.snapshot.facts[:20], fact("bar", **{**dict(told.slots), "session": "2011-01-03"})])
    assert decide(worker) == expected
    worker.tell([fact("rate", currency="EUR", value="1.3")])
    assert worker.decide_stored(CYCLE.snapshot.encoded, CYCLE.portfolio.encoded) == expected
    assert decide(worker) == expected


def test_a_worker_that_dies_with_what_it_was_told_is_told_anew(worker: Worker) -> None:
    expected = decide(worker)
    worker.tell(CYCLE.snapshot.facts[:20])
    assert worker.pid is not None
    killed(worker.pid)
    worker.tell(CYCLE.snapshot.facts[20:40])
    assert decide(worker) == expected


def test_one_that_lost_some_of_it_is_lost() -> None:
    forgetful = "whole = module.Service._tell\nmodule.Service._tell = lambda self, said: self.told.append(1)"
    with made(broken(forgetful)) as one:
        one.tell(CYCLE.snapshot.facts[:20])
        with pytest.raises(WorkerLost, match="it ended with status 1"):
            decide(one)


def test_one_that_read_something_else_is_lost() -> None:
    other = """
whole = module.Service._tell
def tell(self, said):
    whole(self, said)
    self.told[0] = module.facts_of([["rate", {"currency": ["EUR"], "value": ["1.3"]}]])[0]
module.Service._tell = tell
"""
    with made(broken(other)) as one:
        one.tell(CYCLE.snapshot.facts[:20])
        with pytest.raises(WorkerLost, match="is no decision on what it was asked"):
            decide(one)


def test_what_is_done_meanwhile_is_done_once_the_question_is_out(worker: Worker) -> None:
    done: list[int] = []
    assert worker.decide(CYCLE.snapshot, CYCLE.portfolio, lambda: done.append(1)) == decide(worker)
    assert done == [1]
    with pytest.raises(ZeroDivisionError):
        worker.decide(CYCLE.snapshot, CYCLE.portfolio, lambda: done.append(1 // 0))
    assert worker.pid is None, "nobody may take its answer for that to the next question"
    assert decide(worker)["fault"] is None


def test_a_worker_killed_between_cycles_is_replaced_unnoticed(worker: Worker) -> None:
    before = decide(worker)
    assert worker.pid is not None
    killed(worker.pid)
    assert decide(worker) == before


def test_a_worker_killed_in_a_cycle_loses_that_cycle_only() -> None:
    with made(broken("import time\nmodule.decide = lambda *given, **named: time.sleep(60)")) as sleeping:
        pid = sleeping.pid
        assert pid is not None
        killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(WorkerLost, match="it was killed by signal 9"):
            decide(sleeping)
        killer.join()
        assert sleeping.pid is None


def test_a_crash_in_native_code_loses_that_cycle_and_the_next_is_decided(tmp_path: Path) -> None:
    mark = tmp_path / "crashed"
    first = (
        f"import os, pathlib\n        p = pathlib.Path({str(mark)!r})\n        p.exists() or (p.touch(), os.abort())"
    )
    with made(broken(ONCE.format(first=first))) as aborting:
        with pytest.raises(WorkerLost, match="it was killed by signal 6"):
            decide(aborting)
        assert entries(decide(aborting)) == ["AAPL"]
        assert aborting.restarts == 1


def test_patience_ends(worker: Worker) -> None:
    change = "import time\nmodule.decide = lambda *given, **named: time.sleep(60)"
    with made(broken(change), patience=0.4) as slow:
        pid = slow.pid
        with pytest.raises(WorkerLost, match="no answer within"):
            decide(slow)
        assert slow.pid is None
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_an_exception_in_the_core_is_a_reason_and_the_worker_lives() -> None:
    with made(broken(ONCE.format(first="raise LookupError('lost my way')"))) as raising:
        lost = decide(raising)
        assert lost["fault"].startswith("LookupError at ")
        assert lost["warrants"] == []
        assert {one["outcome"] for one in lost["verdicts"]} == {"undetermined"}
        assert entries(decide(raising)) == ["AAPL"]
        assert raising.restarts == 0


# --- rules, policies, solver ------------------------------------------------------------------------------------


def test_rules_that_loop_are_undetermined() -> None:
    looping = Rulebook((Source("rules.clp", ENDLESS_RULES),), rulebook().policies)
    with Worker(looping, CYCLE.limits) as one:
        decision = decide(one)
        assert "did not come to an end within" in decision["fault"]
        assert decision["warrants"] == []
        assert {verdict["outcome"] for verdict in decision["verdicts"]} == {"undetermined"}
        assert decide(one) == decision
        assert one.restarts == 0


def test_policies_that_loop_forbid() -> None:
    looping = Rulebook(rulebook().rules, (Source("policies.pl", ENDLESS_POLICIES),))
    with Worker(looping, CYCLE.limits) as one:
        decision = decide(one)
        assert entries(decision) == []
        (verdict,) = (verdict for verdict in decision["verdicts"] if verdict["instrument"] == "AAPL")
        assert verdict["outcome"] in ("denied", "undetermined")
        assert verdict["policy"]["outcome"] == "undetermined"
        assert verdict["policy"]["fault"]
        assert "compliance.policy" in verdict["reasons"]


def test_a_solver_without_budget_says_unknown_and_nothing_is_permitted() -> None:
    with made(broken("module.BUDGET = 1", module="proof.smt")) as poor:
        decision = decide(poor)
        assert entries(decision) == []
        (verdict,) = (verdict for verdict in decision["verdicts"] if verdict["instrument"] == "AAPL")
        assert verdict["outcome"] == "undetermined"
        assert decision["proof"]["agrees"] is False
        assert "does not know within its budget" in decision["proof"]["fault"]


# --- what an engine prints --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [1, 2])
def test_a_cycle_in_which_an_engine_prints_permits_nothing(stream: int) -> None:
    """Written to the descriptor itself, as native code does."""
    with made(broken(ONCE.format(first=f"import os; os.write({stream}, b'*** something odd')"))) as printing:
        decision = decide(printing)
        assert decision["fault"] == "an engine printed while deciding: *** something odd"
        assert decision["warrants"] == []
        assert {one["outcome"] for one in decision["verdicts"]} == {"undetermined"}
        assert entries(decide(printing)) == ["AAPL"]


def test_an_engine_that_prints_while_it_loads_is_a_fault_of_the_rulebook() -> None:
    change = "import os\nmodule.Reasoning.of = staticmethod(lambda rulebook: os.write(2, b'half loaded'))"
    with pytest.raises(Faulty, match="an engine printed while loading it: half loaded"):
        made(broken(change)).start()


def test_spoken_over_keeps_what_was_asked_and_permits_nothing() -> None:
    request = {"op": "decide", "snapshot": CYCLE.snapshot.to_json(), "portfolio": CYCLE.portfolio.to_json()}
    answer = parse(Service(rulebook(), CYCLE.limits).answer(canonical(request)))
    after = spoken_over(answer, "noise")["decision"]
    assert after["inputs"] == answer["decision"]["inputs"]
    assert (after["warrants"], after["exits"]) == ([], [])
    assert answer["decision"]["warrants"] != []


# --- frames -----------------------------------------------------------------------------------------------------

SPEAKING = """
import os, struct, sys
def read():
    head = sys.stdin.buffer.read(4)
    return head and sys.stdin.buffer.read(struct.unpack(">I", head)[0])
def say(frame):
    os.write(1, struct.pack(">I", len(frame)) + frame)
read()
say(b"{}")
read()
"""
NONSENSE = {
    "no JSON": 'say(b"banana")',
    "a float": "say(b'{\"decision\":1.5}')",
    "another question": 'say(b\'{"decision":{"inputs":{},"warrants":[]}}\')',
    "no decision": 'say(b"[]")',
    "an impossible length": 'os.write(1, b"\\xff\\xff\\xff\\xff")',
    "half a frame": 'os.write(1, b"\\x00\\x00\\x00\\x10half")',
    "nothing": "",
    "a failure": "sys.exit(7)",
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_frames_lose_the_worker(kind: str) -> None:
    talking = type("Talking", (Worker,), {"program": SPEAKING + NONSENSE[kind]})
    with made(talking, patience=5.0) as one:
        with pytest.raises(WorkerLost, match="the worker was lost: "):
            decide(one)
        assert one.pid is None


def test_a_request_that_is_none_ends_the_worker_and_not_its_keeper(worker: Worker) -> None:
    with pytest.raises(WorkerLost):
        worker.decide_stored(b'{"facts":"none"}', CYCLE.portfolio.encoded)
    assert entries(decide(worker)) == ["AAPL"]


def test_a_law_the_engines_refuse_is_a_fault_with_its_place() -> None:
    policies = (Source("policies.pl", f"{BASE}forbidden(_, because) :- undefined_thing(1).\n"),)
    with pytest.raises(Faulty) as raised:
        Worker(Rulebook(rulebook().rules, policies), CYCLE.limits).start()
    (fault, *_) = raised.value.faults
    assert (fault.file, fault.line) == ("policies.pl", 4)
    assert "undefined_thing" in fault.message


# --- its keeper -------------------------------------------------------------------------------------------------

KEEPER = """
import sys, time
from adapters.running.worker import Worker
from tests.knowledge.policy_texts import BASE
from tests.promises.cycles import calm, rulebook
worker = Worker(rulebook(), calm("quiet").limits).start()
print(worker.pid, flush=True)
time.sleep(60)
"""


def test_a_worker_ends_when_its_keeper_dies() -> None:
    with subprocess.Popen([sys.executable, "-c", KEEPER], cwd=ROOT, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        pid = int(keeper.stdout.readline())
        keeper.kill()
    for _ in range(200):
        if not is_running(pid):
            break
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether the process is there and no mere entry of one that ended (nobody may be waiting for orphans here)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_closing_twice_and_closing_a_dead_worker_are_quiet() -> None:
    one = made().start()
    assert one.pid is not None
    os.kill(one.pid, signal.SIGKILL)
    one.close()
    one.close()
    assert one.pid is None


def test_a_changed_portfolio_is_another_question(worker: Worker) -> None:
    """What a worker answers is bound to what it was asked: the digests of all four inputs are in the decision."""
    other = replace(CYCLE.portfolio, nav=CYCLE.portfolio.nav - 1)
    inputs = worker.decide(CYCLE.snapshot, other)["inputs"]
    assert inputs["portfolio"] == other.digest != CYCLE.portfolio.digest
    assert inputs["snapshot"] == CYCLE.snapshot.digest


def test_a_frame_is_a_length_and_the_bytes() -> None:
    """The form that `native` workers in other languages would have to speak."""
    from io import BytesIO

    from adapters.running.worker import _read, _write

    stream = BytesIO()
    _write(stream, b"abc")
    assert stream.getvalue() == struct.pack(">I", 3) + b"abc"
    stream.seek(0)
    assert (_read(stream), _read(stream)) == (b"abc", None)
