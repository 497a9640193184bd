"""End the key that signs the desk's log, because it was lost or copied."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who ends it; it goes into the log.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the log.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Record that the key in force ends here. What it signs later does not count; what it signed before, does.

    The desk must not run. Nothing vouches for the next key but you: `warrant keys log` makes it, and the desk's next
    start records it. Tell whoever keeps the old verifier key.
    """
    from adapters.desk.folder import writable_desk
    from adapters.signing.log_key import revoke

    key = revoke(writable_desk(desk), who, reason)
    if json:
        write_json({"revoked": key.text})
        return Status.FINE
    write(f"revoked: {key.text}")
    write("make the next one with `warrant keys log`, and tell whoever keeps this one")
    return Status.FINE
