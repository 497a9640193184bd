"""Write the audit log as JSON lines that stand alone, as a folder that a stranger can check, or as Parquet tables."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, day, need, write_json
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from adapters.audit.log import LogReader
    from adapters.desk.folder import Desk
    from adapters.exporting.export import Between
    from knowledge.values import Json


class Format(StrEnum):
    """What a log can be exported as."""

    JSONL = "jsonl"
    PARQUET = "parquet"


def command(
    form: Annotated[
        Format, typer.Option("--format", help="One record a line (docs/record.schema.json), or flat tables.")
    ] = Format.JSONL,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write lines to FILE. [default: standard output]")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", metavar="DIR", help="Make DIR with all that a stranger needs to check it, or the tables."
        ),
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="Only records from this day on.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Only records up to this day.")] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write every record, one line each, with snapshot, portfolio, limits and rulebook written out.

    With `--folder` the lines come with the hashes of the records left out, `verify_warrant.py` and how to use it. With
    `--format parquet` the folder holds tables: records, verdicts, warrants, fills and readings. A FILE or DIR is
    complete or is not there. Lines are JSON with and without --json, which writes JSON about a FILE or DIR too.
    """
    from adapters.answers.lookup import reading
    from adapters.answers.reading import check_dates
    from adapters.audit.log import LogUnreadable
    from adapters.desk.folder import find_desk, read_desk
    from adapters.exporting.export import Between

    if folder is not None and out is not None:
        raise _wrong("`--out` is one file and `--folder` a folder; give one of them")
    if form is Format.PARQUET and folder is None:
        raise _wrong("tables are several files; say where to make their folder: `--folder DIR`")
    between = Between(day("--from", first), day("--to", last))
    check_dates(first, last)
    place = read_desk(find_desk(desk))
    with reading(place) as log:
        try:
            if out is None and folder is None:
                _lines(log, between)
                return Status.FINE
            made = (
                _folder(form, folder, place, log, between)
                if folder
                else {"file": str(out), "records": _into(out, log, between)}
            )
        except LogUnreadable as error:
            raise Failed(f"{error}; run `warrant audit verify`") from None
    if json:
        write_json({"format": form.value, **made})
    else:
        sys.stderr.write(f"wrote {made['records']} records to {folder or out}\n")
    return Status.FINE


def _signed(place: Desk, log: LogReader) -> dict[str, str]:
    """The newest checkpoint and its key: of the log as it is, where the desk can sign."""
    from adapters.exporting.bundle import CHECKPOINT, KEYS
    from adapters.signing.log_key import sign_now

    if place.log_key.exists():
        sign_now(place)
    kept = log.checkpoints()
    return {CHECKPOINT: kept[-1].signed.content.decode(), KEYS: f"{kept[-1].vkey}\n"} if kept else {}


def _lines(log: LogReader, between: Between) -> None:
    from adapters.exporting.export import export_jsonl

    export_jsonl(log, sys.stdout.buffer, between)
    sys.stdout.buffer.flush()


def _folder(form: Format, folder: Path, place: Desk, log: LogReader, between: Between) -> dict[str, Json]:
    """Make the folder and say what is in it."""
    from adapters.exporting.bundle import export_folder

    try:
        if form is Format.PARQUET:
            need("pyarrow", "data")
            from adapters.exporting.tables import export_parquet

            rows = export_parquet(log, folder, between)
            return {"folder": str(folder), "records": rows["records"], "rows": rows}
        made = export_folder(log, folder, between, _signed(place, log))
    except FileExistsError as error:
        raise _wrong(f"{error}, and nothing is written over; name another") from None
    except OSError as error:
        raise Failed(f"`{folder}` cannot be written: {(error.strerror or str(error)).lower()}") from None
    about = {"records": made.records, "not_shown": made.hidden, "size": made.size, "root": made.root}
    return {"folder": str(folder), **about}


def _into(out: Path | None, log: LogReader, between: Between) -> int:
    """Export into a file beside `out` that takes its place when it is whole; into a device or a pipe directly."""
    from adapters.exporting.export import export_jsonl

    assert out is not None
    if out.exists() and not out.is_file():
        with out.open("wb") as stream:
            return export_jsonl(log, stream, between)
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as stream:
            count = export_jsonl(log, stream, between)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return count


def _wrong(words: str) -> Faulty:
    return Faulty(Fault("command line", 1, 1, words))
