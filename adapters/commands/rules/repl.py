"""Try rules on the facts of a recorded cycle, or on your own: change one thing, see what changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Status, write


def command(
    facts: Annotated[
        Path | None, typer.Argument(metavar="[FACTS]", help="A facts file to begin with. [default: no facts]")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="Begin with the facts of this recorded cycle.")
    ] = None,
    desk: DeskOption = None,
) -> Status:
    """Put facts on a bench, try rules beside the rulebook, and see what fires, what that concludes, and why not.

    Nothing of it touches the desk: neither its files nor its log. Lines may come from a file, too.
    """
    import sys

    from adapters.answers.lookup import decision_at, evidence_of, reading
    from adapters.authoring.bench import Engines, bench_of
    from adapters.authoring.conversation import Conversation, told_facts
    from adapters.desk.folder import find_desk, read_desk, text_of
    from knowledge.facts_file import read_facts
    from rules.rulebook import read_rulebook

    folder = find_desk(desk)
    begin = list(read_facts(text_of(facts), str(facts))) if facts is not None else []
    if at is not None:
        with reading(read_desk(folder)) as log:
            begin = [*told_facts(evidence_of(log, decision_at(log, at)).facts), *begin]
    with Engines() as engines:
        talk = Conversation(bench_of(read_rulebook(folder), begin), engines)
        for line in talk.greeting():
            write(line)
        is_asked = sys.stdin.isatty()
        if is_asked:
            import readline  # noqa: F401 - it gives `input` its history
        while True:
            try:
                line = input("... " if talk.is_open else "> ") if is_asked else next(sys.stdin).rstrip("\n")
            except (EOFError, StopIteration):
                return Status.FINE
            if line.strip() in ("quit", "exit"):
                return Status.FINE
            for answer in talk.take(line):
                write(answer)
