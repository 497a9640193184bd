"""Keeps the process that checks a desk, and ends it where a text makes it hang, crash or outlive its question.

One check runs at a time. A question that nobody wants answered any more is dropped: `interrupt` ends the process where
it has been busy for longer than a new one takes to start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.casework.kept import Kept, Lost
from adapters.editor.looking import finding_from_json
from knowledge.values import Json
from rules.findings import Finding

PROGRAM = "from adapters.casework.kept import serve; from adapters.editor.looking import answer; serve(answer)"
PATIENCE = 20.0
"""Seconds that a check may take; one of a hundred rules takes less than one."""
PATIENCE_APART = 60.0
BUSY = 1.0
"""Seconds after which it is faster to end a check that nobody waits for than to await its end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found: findings, and the texts of the files they are about; or in `failed` why there are none."""

    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    failed: str = ""


class Checker:
    """Asks one process after another. `check` and `close` from one thread, `interrupt` from any."""

    def __init__(
        self, program: str = PROGRAM, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept = Kept(program)
        self._patience = patience
        self._clock = clock
        self._since: float | None = None
        self._dropped = False

    def check(self, desk: Path, unsaved: Mapping[str, str]) -> Answer | None:
        """Check a desk; None where the check was interrupted. Never raises: one that is lost is told as `failed`.

        Where the process dies on it, policies are read once more, by a process of their own: its end is a finding.
        """
        said = ""
        self._dropped = False
        for apart, patience in ((False, self._patience), (True, max(self._patience, PATIENCE_APART))):
            request: Json = {"desk": str(desk), "unsaved": dict(unsaved), "apart": apart}
            self._since = self._clock()
            try:
                found, _ = self._kept.ask(request, patience)
                if "failed" in found:
                    return Answer((), {}, found["failed"])
                return Answer(tuple(map(finding_from_json, found["findings"])), found["texts"])
            except Lost as error:
                if self._dropped:
                    return None
                said = str(error)
            except OSError as error:
                return Answer((), {}, f"the check cannot start: {error}; free some memory or processes")
            finally:
                self._since = None
        return Answer((), {}, f"the check was lost: {said}; take out what was written last, piece by piece")

    def interrupt(self, after: float = BUSY) -> bool:
        """End the check under way where it has taken longer than `after` seconds; whether it was ended."""
        since = self._since
        if since is None or self._clock() - since <= after:
            return False
        self._dropped = True
        self._kept.interrupt()
        return True

    def close(self) -> None:
        """End the process."""
        self._kept.close()
