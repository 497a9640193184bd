"""Check a limits file over the desk's universe: no lot fits, blocked exits, limits that never bind."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.asking.options import SessionOption, SnapshotOption
from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json
from knowledge.values import Json, text


def command(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The file to check. [default: the desk's limits.yaml]")
    ] = None,
    snapshot: SnapshotOption = None,
    session: SessionOption = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Look for regimes in which no lot fits, exits that a state would block, limits that are not monotone.

    Exit status 1 when one of them is found, 2 for a file that cannot be read or contradicts itself. A limit that can
    never bind is a note.
    """
    from adapters.asking.files import limits_file
    from adapters.asking.process import TooLate, ask
    from adapters.asking.snapshots import named, nav_of
    from adapters.desk.folder import find_desk, read_desk
    from adapters.desk.groups import groups_of
    from rules.rulebook import read_rulebook

    place = read_desk(find_desk(desk))
    words, name = limits_file(str(place.limits) if file is None else file)
    chosen = named(place, snapshot, session)
    groups = groups_of(place, read_rulebook(place.folder))
    request: Json = {
        "op": "check",
        "files": [[words, name]],
        "groups": {by: list(names) for by, names in groups.items()},
        "snapshot": chosen.snapshot.to_json(),
        "currency": place.settings.desk.currency,
        "nav": text(nav_of(place)),
    }
    try:
        answer = ask(request)
    except TooLate as error:
        raise Failed(f"the check was ended: {error}; ask of a smaller universe with `--session`") from None
    value = answer["value"]
    if json:
        write_json({**value, "snapshot": chosen.snapshot.digest, "milliseconds": answer["milliseconds"]})
    else:
        write("\n".join(answer["text"]))
        write(f"snapshot: {chosen.name}; {answer['milliseconds']} ms")
    return Status.FOUND if value["found"] else Status.FINE
