"""Options of the commands that ask about all markets."""

from __future__ import annotations

from typing import Annotated

import typer

SnapshotOption = Annotated[
    str | None,
    typer.Option("--snapshot", metavar="DIGEST", help="Ask of this recorded snapshot. [default: the last one]"),
]
"""Which recorded snapshot. Default: `None`."""
SessionOption = Annotated[
    str | None,
    typer.Option("--session", metavar="DATE", help="Ask of a snapshot made of the desk's bars at this close."),
]
"""The session whose bars make the snapshot. Default: `None`."""
