"""Put small mistakes into the rules and policies, one at a time, and see which of them the cases notice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json

if TYPE_CHECKING:
    from adapters.casework.mutating import Change

FILE = "mutants.json"
NEEDED = ("rules.clp", "policies.pl", "warrant.toml")


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULE]...", help="Rules, policies, predicates, by name. [default: all]"),
    ] = None,
    least: Annotated[int, typer.Option("--least", metavar="PERCENT", min=0, max=100, help="The score to reach.")] = 90,
    processes: Annotated[
        int, typer.Option("--processes", metavar="N", min=0, max=64, help="How many at once. [default: one a core]")
    ] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Judge every mutant again, whatever is remembered.")] = False,
    every: Annotated[bool, typer.Option("--all", help="List every mutant, not the survivors alone.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Change operators, thresholds, words, slots and goals, and drop conditions: a case should fail each time.

    What is known is remembered beside the desk's records: a run that was interrupted goes on where it stood, and after
    a new case only the survivors are asked again. Exit status 1 when the score is below PERCENT.
    """
    import os
    import sys
    from time import perf_counter

    from adapters.casework.mutants_told import to_json, told
    from adapters.casework.mutating import Memory, Survey, survey
    from adapters.casework.progress import Progress
    from adapters.desk.folder import find_desk, read_desk

    place = read_desk(find_desk(desk), NEEDED)
    memory = Memory(place.models.parent / FILE)
    if fresh:
        memory.fates.clear()

    def chosen(changes: Sequence[Change]) -> Sequence[Change]:
        return _chosen(changes, names or ())

    began = perf_counter()
    fates, known = survey(
        place.folder, memory, chosen, Progress(sys.stderr).step, processes or min(os.cpu_count() or 1, 8)
    )
    found = Survey(tuple(fates), known, round((perf_counter() - began) * 1000))
    if json:
        write_json(to_json(found))
    else:
        write("\n".join(told(found, every)))
    return Status.FINE if found.caught * 100 >= least * found.counted else Status.FOUND


def _chosen(changes: Sequence[Change], names: Sequence[str]) -> Sequence[Change]:
    """The mutants of these rules and policies. Raises `Faulty` for a name that has none."""
    from knowledge.faults import Fault, Faulty
    from rules.signatures import meant

    known = dict.fromkeys(one.about for one in changes)
    for name in names:
        if name not in known:
            words = f"nothing called `{name}` can be changed{meant(name, known)}"
            raise Faulty(Fault("RULE", 1, 1, words))
    return [one for one in changes if not names or one.about in names]
