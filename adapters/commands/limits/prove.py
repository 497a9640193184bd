"""Prove promises 1 to 4 as theorems over the limits of a file, and show what each took."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.asking.options import SessionOption, SnapshotOption
from adapters.frame import DeskOption, JsonOption, Status, write, write_json
from knowledge.values import Json

CAP = 60.0
"""Seconds for all theorems together; each has a counted budget besides."""


def command(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The file to prove. [default: the desk's limits.yaml]")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Prove everything again, whatever is remembered.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every theorem, not a line for each promise.")] = False,
    snapshot: SnapshotOption = None,
    session: SessionOption = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Ask Z3 for a book that breaks a promise, for each limit with the numbers of the file.

    What was proved is remembered by the theorem's text, so that after a change only what changed is proved again.
    Exit status 1 where a theorem has a counterexample or is not settled within its budget.
    """
    from adapters.asking.files import limits_file
    from adapters.asking.process import TooLate, ask
    from adapters.asking.remembered import remember, remembered
    from adapters.asking.snapshots import named
    from adapters.desk.folder import find_desk, read_desk

    place = read_desk(find_desk(desk))
    words, name = limits_file(str(place.limits) if file is None else file)
    chosen = named(place, snapshot, session)
    solver, known = ("", {}) if fresh else remembered(place)
    request: Json = {
        "op": "prove",
        "files": [[words, name]],
        "snapshot": chosen.snapshot.to_json(),
        "currency": place.settings.desk.currency,
        "known": known,
        "solver": solver,
    }
    try:
        answer = ask(request, CAP)
    except TooLate as error:
        write_json({"error": str(error)}) if json else write(f"unknown within budget: {error}")
        return Status.FOUND
    value = answer["value"]
    remember(place, value)
    if json:
        write_json({**value, "snapshot": chosen.snapshot.digest, "milliseconds": answer["milliseconds"]})
    else:
        write("\n".join(_told(value, every)))
        write(f"snapshot: {chosen.name}; {answer['milliseconds']} ms")
    return Status.FINE if value["proved"] == len(value["theorems"]) else Status.FOUND


def _told(value: Json, every: bool) -> list[str]:
    from engine.universe.theorems import PROMISES

    lines = []
    for promise, words in PROMISES.items():
        own = [one for one in value["theorems"] if one["promise"] == promise]
        proved = [one for one in own if one["answer"] == "proved"]
        spent = sum(one["resources"] for one in own)
        time = sum(float(one["milliseconds"]) for one in own)
        again = sum(one["remembered"] for one in own)
        kept = f", {again} remembered" if again else ""
        lines.append(f"promise {promise}, {words}")
        lines.append(f"  {len(proved)} of {len(own)} proved; {spent:,} units, {time:,.0f} ms{kept}")
        for one in own:
            if every or one["answer"] != "proved":
                lines.append(f"    {one['answer']:<14} {one['about']}: {one['encoding']} "
                             f"({one['resources']:,} units, {one['milliseconds']} ms)")  # fmt: skip
            lines += [f"      {name} = {number}" for name, number in one["values"]]
    if value["not_encoded"]:
        lines.append(f"no theorem is about {', '.join(value['not_encoded'])}")
    lines.append(f"{value['file']}, by Z3 {value['solver']} over {len(value['instruments'])} instruments")
    return lines
