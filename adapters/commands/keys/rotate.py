"""Replace the key that signs the desk's log by a new one, for which the former one signs."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who replaces it; it goes into the log.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the log.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Sign the log a last time by the former key, record the new one, and sign by that. The desk must not run.

    Whoever trusts the former key can follow to the new one. The former file stays, under the id of its key: what it
    signs from now on does not count. A key that others may have copied is revoked first: `warrant keys revoke`.
    """
    from adapters.desk.folder import shown, writable_desk
    from adapters.signing.log_key import rotate

    place = writable_desk(desk)
    key = rotate(place, who, reason)
    if json:
        write_json({"vkey": key.text, "file": str(place.log_key)})
        return Status.FINE
    write(f"the log is signed by a new key from now on, in {shown(place.log_key)}")
    write("its verifier key, to note elsewhere:")
    write(key.text)
    return Status.FINE
