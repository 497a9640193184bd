"""Hand out `verify_warrant.py`, the one file with which a stranger checks an export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import Failed, JsonOption, Status, write, write_json


def command(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to FILE. [default: standard output]")
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Write the verifier: one file that needs Python, and `cryptography` for signatures, and nothing of this program.

    `python verify_warrant.py EXPORT` checks what `warrant audit export --folder` made. `--json` writes its SHA-256 too.
    """
    from adapters.exporting.verifier import fingerprint, text

    if out is None:
        if json:
            write_json({"sha256": fingerprint(), "text": text()})
        else:
            sys.stdout.write(text())
        return Status.FINE
    try:
        out.write_text(text(), encoding="utf-8")
    except OSError as error:
        raise Failed(f"`{out}` cannot be written: {(error.strerror or str(error)).lower()}") from None
    if json:
        write_json({"file": str(out), "sha256": fingerprint()})
    else:
        write(f"wrote {out}; its SHA-256 is {fingerprint()}")
    return Status.FINE
