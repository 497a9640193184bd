"""Questions about Prolog that are put to a process of their own: can it run, and is this text in order.

A missing home aborts the process that loads the library, and a hostile text may hang its reader; neither must take
the asker along. The child is this module, run with Python: it finds SWI-Prolog where the decision process would.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from knowledge.faults import Fault
from knowledge.prolog.engine import PrologFault, ask
from knowledge.prolog.lint import lint
from knowledge.prolog.remarks import places_of, provided, remarks_on
from knowledge.prolog.text import Source, read_policies
from knowledge.templates import vocabulary

INSTALL = "install it with `apt-get install swi-prolog-nox` (Debian, Ubuntu) or `brew install swi-prolog` (macOS)"
MOST_CHARACTERS = 1_000_000
"""Characters of a file; whoever sends more wants to keep the reader busy."""
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


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at policy files found: faults that refuse to load, remarks about what loads, and where clauses stand.

    A clause is its file, first and last line.
    """

    faults: tuple[Fault, ...]
    remarks: tuple[Fault, ...]
    clauses: tuple[tuple[str, int, int], ...]


def check_policies(sources: Sequence[Source]) -> list[Fault]:
    """Every fault of the policy files, in order. Raises `PrologFault` where Prolog itself can not be used."""
    return list(look_at(sources).faults)


def look_at(sources: Sequence[Source]) -> Look:
    """Everything there is to say of policy files. Raises `PrologFault` where Prolog itself can not be used.

    A text that Prolog can not be brought to read, or on which it dies or hangs, has that for its fault.
    """
    for file, text in sources:
        if len(text) > MOST_CHARACTERS:
            message = f"the file has {len(text)} characters, more than {MOST_CHARACTERS}; split it"
            return Look((Fault(file, 1, 1, message, "R004"),), (), ())
    try:
        child = _child({"sources": [list(source) for source in sources]})
    except subprocess.TimeoutExpired:
        message = f"reading the policies took more than {PATIENCE} seconds; make them smaller"
        return Look((Fault(sources[0][0] if sources else "policies.pl", 1, 1, message, "P101"),), (), ())
    answer: Any = (
        json.loads(child.stdout) if child.returncode == 0 else {"fault": "prolog died while it read the policies"}
    )
    if answer["fault"] is not None:
        if broken := probe():
            raise PrologFault(broken)
        return _unread(sources, f"{answer['fault']}; take out what was written last, piece by piece")
    faults, remarks = (tuple(Fault(**fields) for fields in answer[name]) for name in ("faults", "remarks"))
    return Look(faults, remarks, tuple((file, first, last) for file, first, last in answer["clauses"]))


def _unread(sources: Sequence[Source], message: str) -> Look:
    """The look at a text that can not be read: which file is at fault is found by reading each alone."""
    if len(sources) > 1:
        alone = [fault for source in sources for fault in look_at([source]).faults if fault.code == "P101"]
        if alone:
            return Look(tuple(alone), (), ())
    first = sources[0][0] if sources else "policies.pl"
    return Look((Fault(first, 1, 1, message, "P101"),), (), ())


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


def look_here(sources: Sequence[Source]) -> Look:
    """The same in this process, for texts that are trusted or a process that can be ended. Raises `PrologFault`."""
    text = read_policies(sources)
    faults, _ = lint(text, vocabulary(), provided)
    return Look(tuple(faults), () if faults else tuple(remarks_on(text)), tuple(places_of(text)))


def _answer(question: dict[str, list[Source]]) -> dict[str, object]:
    try:
        if "sources" not in question:
            ask("warrant_judging:usable")
            return {"fault": None}
        look = look_here([(file, text) for file, text in question["sources"]])
    except PrologFault as fault:
        return {"fault": str(fault)}
    return {"fault": None, **asdict(look)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer(json.load(sys.stdin))))
