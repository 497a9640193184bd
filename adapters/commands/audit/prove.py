"""Prove that a record is in the log, or that one checkpoint goes on from another, for somebody without the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json


def command(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file of the proof.")],
    record: Annotated[
        str | None, typer.Argument(metavar="[RECORD]", help="The id of a record, order or warrant; or a date.")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option("--checkpoint", metavar="FILE", help="Prove against this one. [default: one of the desk's own]"),
    ] = None,
    old: Annotated[str | None, typer.Option("--from", metavar="FILE", help="The earlier of two checkpoints.")] = None,
    new: Annotated[str | None, typer.Option("--to", metavar="FILE", help="The later of two checkpoints.")] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write a proof of RECORD (C2SP tlog-proof), or of two checkpoints, which `audit check-proof` and others check.

    Give the proof together with nothing: it holds the record, the path and the checkpoint. Whoever checks it needs the
    verifier key from elsewhere. Without `--checkpoint` it is the newest that covers the record; where none does, the
    log is signed now. Of an order or a warrant it proves the decision that it comes from.
    """
    from adapters.desk.folder import find_desk, read_desk, shown
    from adapters.signing.proving import prove_consistency, prove_inclusion
    from knowledge.faults import Fault, Faulty

    if (record is None) == (old is None and new is None) or (old is None) != (new is None):
        words = "give a RECORD, or two checkpoints as `--from` and `--to`"
        raise Faulty(Fault("command line", 1, 1, words))
    if checkpoint is not None and record is None:
        raise Faulty(Fault("command line", 1, 1, "`--checkpoint` goes with a RECORD"))
    place = read_desk(find_desk(desk))
    if record is not None:
        proof: bytes = (inclusion := prove_inclusion(place, record, checkpoint)).content
        about = f"record {inclusion.record['record_id']} is #{inclusion.index} of {inclusion.signed.size}"
        size = inclusion.signed.size
    else:
        assert old is not None and new is not None
        proof = (found := prove_consistency(place, old, new)).content
        about, size = f"the log of {found.new.size} records goes on from that of {found.old.size}", found.new.size
    try:
        out.write_bytes(proof)
    except OSError as error:
        raise Failed(f"`{out}` cannot be written: {(error.strerror or str(error)).lower()}") from None
    if json:
        write_json({"file": str(out), "proves": about, "size": size})
    else:
        write(f"{shown(out)} proves: {about}")
    return Status.FINE
