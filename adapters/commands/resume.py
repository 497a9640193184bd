"""End a kill, a halt or a throttle, as a person who is listed for it and where nothing stands against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who resumes: a name of `[people] resume`.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; it goes into the log.")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The person's private key, where two are needed.")
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Let the desk take entries again. Refused, with every reason, while what stopped it would stop it again.

    Where `four_eyes` asks for states, the first person's call proposes it and the second person's resumes the desk.
    Exit status 1 where it is refused, or waits for the second. Else a name is not proof of a person: keep warrant.toml
    and this machine to those who may do this.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.people.resuming_by_two import ask_for_two
    from adapters.people.seconding import Asked
    from adapters.running.intervention import named, resume
    from adapters.running.resuming import StillStopped
    from adapters.running.world import read_law
    from adapters.watch.desk_watch import messenger

    who, why = named(who, why)
    place = read_desk(find_desk(desk))
    try:
        with messenger(place) as watch:
            ask_for_two(place, Asked(who, why, key), watch)
            words = resume(place, read_law(place).limits, who, why, watch)
    except StillStopped as refusal:
        if json:
            write_json({"resumed": False, "against": list(refusal.reasons)})
        else:
            write("not resumed:")
            for reason in refusal.reasons:
                write(f"  {reason}")
        return Status.FOUND
    if json:
        write_json({"resumed": True, "who": who, "why": why, "done": words})
    else:
        write(words)
    return Status.FINE
