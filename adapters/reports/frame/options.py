"""What every `warrant report` takes: the days, the form, the file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Form(StrEnum):
    """How a report is written."""

    HTML = "html"
    PDF = "pdf"


FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="The first day, such as 2011-03-01.", show_default=False),
]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="DATE", help="The last day. [default: the last of the log]", show_default=False),
]
FormOption = Annotated[Form, typer.Option("--format", help="One HTML file, or a PDF for paper.")]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Where it is written. [default: named for its days]", show_default=False
    ),
]
