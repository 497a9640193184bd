"""Sign the log as it is: a checkpoint to keep elsewhere, against which a later log is verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to FILE. [default: standard output]")
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Sign size and root of the log, keep that in the store, and write it as a C2SP tlog-checkpoint.

    It may be asked for while the desk runs. Keep it where whoever can write to the store cannot: `warrant audit verify
    --against FILE` then shows a tail that was cut off and history that was rewritten.
    """
    from adapters.desk.folder import shown, writable_desk
    from adapters.signing.log_key import sign_now
    from knowledge.faults import Fault, Faulty

    place = writable_desk(desk)
    if out is not None and out.exists():
        raise Faulty(Fault(shown(out), 1, 1, "there is a file already, and a checkpoint is kept; name another"))
    found = sign_now(place)
    if out is not None:
        out.write_bytes(found.content)
    if json:
        signed = found.checkpoint
        told = {"origin": signed.origin, "size": signed.size, "root": signed.root.hex()}
        write_json({**told, "note": found.content.decode(), "file": None if out is None else str(out)})
    elif out is None:
        write(found.content.decode().removesuffix("\n"))
    else:
        write(f"signed {found.size} records, root {found.root.hex()}, in {shown(out)}")
    return Status.FINE
