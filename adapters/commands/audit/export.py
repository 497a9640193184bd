"""Write the audit log as JSON lines that stand alone."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write_json

if TYPE_CHECKING:
    from adapters.audit.log import LogReader


class Format(StrEnum):
    """What a log can be exported as."""

    JSONL = "jsonl"


def command(
    form: Annotated[Format, typer.Option("--format", help="One record a line, as docs/record.schema.json says.")] = (
        Format.JSONL
    ),
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to FILE. [default: standard output]")
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write every record, one line each, with snapshot, portfolio, limits and rulebook written out.

    A FILE is complete or is not there: it takes its name when its last line is on disk. The export is JSON with and
    without --json, which writes JSON about a FILE too.
    """
    from adapters.answers.lookup import reading
    from adapters.audit.export import export_jsonl
    from adapters.audit.log import LogUnreadable
    from adapters.desk.folder import find_desk, read_desk

    with reading(read_desk(find_desk(desk))) as log:
        try:
            if out is None:
                export_jsonl(log, sys.stdout.buffer)
                sys.stdout.buffer.flush()
                return Status.FINE
            count = _into(out, log)
        except LogUnreadable as error:
            raise Failed(f"{error}; run `warrant audit verify`") from None
    if json:
        write_json({"format": form.value, "file": str(out), "records": count})
    else:
        sys.stderr.write(f"wrote {count} records to {out}\n")
    return Status.FINE


def _into(out: Path, log: LogReader) -> int:
    """Export into a file beside `out` that takes its place when it is whole; into a device or a pipe directly."""
    from adapters.audit.export import export_jsonl

    if out.exists() and not out.is_file():
        with out.open("wb") as stream:
            return export_jsonl(log, stream)
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as stream:
            count = export_jsonl(log, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return count
