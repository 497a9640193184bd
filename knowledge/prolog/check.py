"""Questions about Prolog that are put to a process of their own: can it run, and is this text in order.

A missing home aborts the process that loads the library, and a hostile text may hang its reader; neither must take
the asker along. The child is this module, run with Python: it finds SWI-Prolog where the decision process would.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from knowledge.faults import Fault
from knowledge.prolog.engine import PrologFault, ask
from knowledge.prolog.lint import lint
from knowledge.prolog.text import Source, read_policies
from knowledge.templates import vocabulary

INSTALL = "install it with `apt-get install swi-prolog-nox` (Debian, Ubuntu) or `brew install swi-prolog` (macOS)"
PATIENCE = 30
"""Seconds that the child may take, from outside; nothing that decides waits for it."""


def probe() -> str | None:
    """None where SWI-Prolog can be used; otherwise a sentence that says what is wrong and what to type."""
    try:
        child = _child({"probe": True})
    except subprocess.TimeoutExpired:
        return f"swi-prolog does not start within {PATIENCE} seconds; {INSTALL}"
    if child.returncode != 0:
        return f"swi-prolog was found but can not start (is its home directory missing?); {INSTALL}"
    answer = json.loads(child.stdout)
    return None if answer["fault"] is None else f"swi-prolog can not be used: {answer['fault']}; {INSTALL}"


def check_policies(sources: Sequence[Source]) -> list[Fault]:
    """Every fault of the policy files, in order. Raises `PrologFault` where Prolog itself can not be used."""
    first = sources[0][0] if sources else "policies.pl"
    try:
        child = _child({"sources": [list(source) for source in sources]})
    except subprocess.TimeoutExpired:
        return [
            Fault(
                first, 1, 1, f"reading the policies took more than {PATIENCE} seconds; no policy file may be so large"
            )
        ]
    if child.returncode != 0:
        raise PrologFault(probe() or "prolog died while it read the policies")
    answer = json.loads(child.stdout)
    if answer["fault"] is not None:
        raise PrologFault(answer["fault"])
    return [Fault(*fields) for fields in answer["faults"]]


def _child(question: object) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-m", "knowledge.prolog.check"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=root,
        timeout=PATIENCE,
        check=False,
    )


def _answer(question: dict[str, list[Source]]) -> dict[str, object]:
    try:
        if "sources" not in question:
            ask("warrant_judging:usable")
            return {"fault": None}
        faults, _ = lint(read_policies([(file, text) for file, text in question["sources"]]), vocabulary())
    except PrologFault as fault:
        return {"fault": str(fault)}
    return {"fault": None, "faults": [list(astuple(one)) for one in faults]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer(json.load(sys.stdin))))
