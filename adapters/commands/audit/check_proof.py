"""Check a proof of a record or of two checkpoints, without the log it comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The proof, of `warrant audit prove`.")],
    key: Annotated[
        list[str],
        typer.Option("--key", metavar="VKEY", help="A verifier key that you have from elsewhere; may be repeated."),
    ],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Say what FILE proves to somebody who trusts these keys. Exit status 1 where it proves nothing.

    No log and no desk are needed: `--desk` is not looked at. A verifier key may be given as the name of a file.
    """
    from adapters.signing import proof
    from adapters.signing.given import bytes_of, read_keys
    from adapters.signing.note import Malformed
    from knowledge.faults import Fault, Faulty

    keys = read_keys(key)
    try:
        found = proof.read(bytes_of(file, proof.MOST_BYTES))
    except Malformed as fault:
        raise Faulty(Fault(file, fault.line, 1, f"this is no proof: {fault}")) from None
    against = list(found.objections(keys))
    if isinstance(found, proof.Inclusion):
        record = found.record or {}
        name = f"record {record.get('record_id')} ({record.get('kind')}, {record.get('as_of')})"
        about = f"{name} is #{found.index} of {found.signed.size} of `{found.signed.checkpoint.origin}`"
    else:
        about = f"`{found.new.checkpoint.origin}` of {found.new.size} records goes on from that of {found.old.size}"
    if json:
        write_json({"holds": not against, "about": about, "objections": against})
    elif against:
        write("it does not hold")
        for each in against:
            write(f"  {each}")
    else:
        write(f"it holds: {about}")
    return Status.FOUND if against else Status.FINE
