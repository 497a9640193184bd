"""Run the cases of the rules and policies in the real engines, and say what came closest where one fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json

if TYPE_CHECKING:
    from adapters.casework.telling import Run


def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RULE]...", help="Rules and policies, by name. [default: all]")
    ] = None,
    words: Annotated[
        str | None, typer.Option("-k", metavar="WORDS", help="Only cases with these words in `rule: case`.")
    ] = None,
    watched: Annotated[
        bool, typer.Option("--watch", help="Run again whenever rules, policies, cases or the vocabulary change.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="List the cases that pass, too.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Run the cases in rules/cases/: what is given, what must and what must not be concluded.

    Exit status 1 when a case fails or a rule lacks cases, 2 when a file cannot be read. A case over which an engine
    hangs or dies fails by itself: the others are run all the same.
    """
    from adapters.desk.folder import find_desk
    from knowledge.faults import Fault, Faulty

    folder = find_desk(desk)
    if watched and json:
        raise Faulty(Fault("--watch", 1, 1, "give either `--watch` or `--json`: JSON is one value"))
    if watched:
        _watch(folder, names or (), words, every)
    run, _ = _run(folder, names or (), words)
    if json:
        write_json(run.to_json())
    else:
        _write(run, every)
    return Status.FINE if run.is_fine else Status.FOUND


def _run(folder: Path, names: Sequence[str], words: str | None) -> tuple[Run, Sequence[str]]:
    """The run, and the files that the rulebook is made of."""
    from time import perf_counter

    from adapters.casework.running import Asked
    from adapters.casework.telling import Run

    began = perf_counter()
    with Asked(folder) as asked:
        chosen = asked.chosen(names, words)
        results = tuple((one, asked.run(one)) for one in chosen)
        lacking = asked.lacking if words is None and not names else ()
        return Run(results, lacking, round((perf_counter() - began) * 1000)), asked.files


def _write(run: Run, every: bool) -> None:
    from adapters.casework.telling import told

    write("\n".join(told(run, every)))


def _watch(folder: Path, names: Sequence[str], words: str | None, every: bool) -> None:
    """Until somebody interrupts."""
    import sys

    from adapters.casework.watching import files_of, watch
    from knowledge.faults import Faulty

    known: list[str] = []

    def again(changed: list[str]) -> None:
        for name in changed:
            path = Path(name)
            write(f"{path.relative_to(folder) if path.is_relative_to(folder) else path} changed")
        try:
            run, files = _run(folder, names, words)
            known[:] = files
            _write(run, every)
        except Faulty as error:
            write("\n".join(map(str, error.faults)))
        write("waiting for a change; Ctrl-C ends this")
        sys.stdout.flush()

    watch(lambda: files_of(folder, known), again)
