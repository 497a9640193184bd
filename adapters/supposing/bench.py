"""The process that decides one recorded cycle again and again, and its keeper.

It is a worker like any other (`adapters.running.worker`): it can be ended, its output makes a decision undetermined,
and it is told no secret. What it answers beside that is in `engine.supposing.service`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from adapters.frame import Failed
from adapters.running import worker
from adapters.running.worker import Worker, WorkerLost
from adapters.supposing.recorded import Recorded, prove_replay
from knowledge.values import Json, canonical, parse

if TYPE_CHECKING:
    from engine.service import Service
    from engine.verdicts import Silences


def serve() -> None:
    """What the process runs."""
    worker.serve(_made)


def _made(silences: Silences) -> Service:
    from engine.supposing.service import Supposing

    return Supposing(silences=silences)


class Bench(Worker):
    """Keeps the process for one recorded cycle. Use it as a context manager, from one thread."""

    program = "from adapters.supposing.bench import serve; serve()"

    def __init__(self, recorded: Recorded) -> None:
        case = recorded.case
        super().__init__(case.rulebook, case.limits)
        self.recorded = recorded
        self._base: Json = {"snapshot": parse(recorded.snapshot), "portfolio": parse(recorded.portfolio)}
        self._knows = False
        self.asked = 0
        """How often it was asked."""

    def start(self) -> Bench:
        """Start the process, and let it show that the unchanged cycle gives its record. Raises `Failed`, `Faulty`."""
        super().start()
        prove_replay(self.recorded, self)
        return self

    def close(self) -> None:
        """End the process, at once."""
        super().close()
        self._knows = False

    def suppose(self, change: Json) -> Json:
        """The outline of a decision, or all of it where the change says `full`. Raises `Failed`."""
        self.asked += 1
        try:
            if self._process is None or self._process.poll() is not None:
                self.close()
                self._start()
            message = {**change, "op": "suppose"} if self._knows else {**change, "base": self._base, "op": "suppose"}
            answer, _ = self._ask(canonical(message), self._patience)
        except WorkerLost as error:
            raise Failed(f"a changed cycle could not be decided: {error}; ask about less of it") from None
        if "decision" not in answer:
            raise Failed("a changed cycle could not be decided: what was answered is no decision; ask about less of it")
        self._knows = True
        return answer["decision"]


Suppose = Callable[[Json], Json]
"""Takes a change and gives the outline of the decision."""
