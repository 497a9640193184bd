"""Compare two limits files over all portfolios: equivalent, tighter, looser, incomparable, with a witness."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.asking.options import SessionOption, SnapshotOption
from adapters.frame import DeskOption, JsonOption, Status, write, write_json
from knowledge.values import Json


def command(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A file, or one of git: HEAD~1:limits.yaml.")],
    new: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="The file to compare. [default: the desk's limits.yaml]")
    ] = None,
    snapshot: SnapshotOption = None,
    session: SessionOption = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Say what NEW lets through that OLD refuses, and the other way round, over all portfolios inside the limits.

    Exit status 0 for equivalent and tighter, 1 for looser, incomparable and unknown within budget, 2 for a file that
    cannot be read. Every witness was judged by the gate under both files.
    """
    from adapters.asking.files import limits_file
    from adapters.asking.process import TooLate, ask
    from adapters.asking.snapshots import named
    from adapters.desk.folder import find_desk, read_desk

    place = read_desk(find_desk(desk))
    files = [limits_file(old), limits_file(str(place.limits) if new is None else new)]
    chosen = named(place, snapshot, session)
    request: Json = {
        "op": "diff",
        "files": [list(one) for one in files],
        "snapshot": chosen.snapshot.to_json(),
        "currency": place.settings.desk.currency,
    }
    try:
        answer = ask(request)
    except TooLate as error:
        late = "unknown within budget"
        answer = {"value": {"verdict": late, "why": str(error), "admits_more": "unknown"}, "text": [f"{late}: {error}"]}
    value = answer["value"]
    if json:
        write_json({**value, "snapshot": chosen.snapshot.digest, "milliseconds": answer.get("milliseconds")})
    else:
        write("\n".join(answer["text"]))
        write(f"snapshot: {chosen.name}; {answer.get('milliseconds', '—')} ms")
    return Status.FINE if value["verdict"] in ("equivalent", "tighter") else Status.FOUND
