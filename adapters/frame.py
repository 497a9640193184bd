"""What every command shares: its exit status, the two options it takes, how it writes JSON, and how it fails.

A command is a module in `adapters/commands/` (see there). It returns its exit status, raises `Faulty` for an input
that is wrong and `Failed` for an engine, a store or a machine that is; `adapters/cli.py` turns both into sentences.
"""

from __future__ import annotations

import gc
import json as json_text
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import IntEnum, StrEnum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from knowledge.faults import Fault, Faulty
from warrant_engine import PACKAGES

if TYPE_CHECKING:
    from knowledge.values import Json

OWN_PACKAGES = PACKAGES
"""The project's top-level packages."""


class Status(IntEnum):
    """How a command ends."""

    FINE = 0
    FOUND = 1
    """The check found something."""
    WRONG = 2
    """The input is wrong."""
    FAILED = 3
    """An engine, the store or the machine failed."""
    INTERRUPTED = 130
    """Ctrl-C; the number every shell gives it."""


class Form(StrEnum):
    """How an answer in words is written."""

    TEXT = "text"
    HTML = "html"
    MD = "md"
    JSON = "json"


class Failed(Exception):
    """An engine, the store or the machine failed: one sentence, lower case, with what to do. Exit status 3."""


DeskOption = Annotated[
    Path | None,
    typer.Option(
        "--desk",
        metavar="DIR",
        help="The desk's folder. [default: the folder you stand in if it is a desk, else the one that ships]",
        show_default=False,
    ),
]
"""The folder of the desk; give it to `adapters.desk.folder.find_desk`. Default: `None`."""

JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]
"""Whether the output is for machines. Default: `False`."""

FormatOption = Annotated[
    Form, typer.Option("--format", help="How the answer is written: as text, one HTML page, Markdown or JSON.")
]
"""How a telling is written; give it to `adapters.answers.rendering.show`. Default: `Form.TEXT`."""

OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write the answer into this file.", show_default=False)
]
"""Where a telling is written. Default: `None`, standard output."""

FullOption = Annotated[bool, typer.Option("--full", help="Everything the record has, also what is only to be checked.")]
"""Whether details are told. Default: `False`."""


def need(module: str, extra: str) -> ModuleType:
    """Import a module that only the extra `extra` of the distribution brings. Raises `Failed`, naming the extra.

    What is installed and broken is no missing extra: its own error passes through.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        advice = f"pip install 'warrant-engine[{extra}]', or in a checkout call `./warrant doctor`, which installs it"
        raise Failed(f"`{module}` is not installed, and this needs it: {advice}") from None


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of reference cycles: for a command that loads much, answers once and ends.

    It looks through all that is loaded again and again, for a tenth of the time, and finds nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def day(option: str, written: str | None) -> str:
    """A day of the calendar as an option gave it (ISO date); empty where it was not given. Raises `Faulty`."""
    try:
        if written is None or date.fromisoformat(written).isoformat() == written:
            return written or ""
    except ValueError:
        pass
    raise Faulty(Fault("command line", 1, 1, f"`{option} {written}` is no date; write one such as 2026-12-31"))


def write_json(value: Json) -> None:
    """Write one JSON value to standard output, indented, keys in the order given."""
    sys.stdout.write(json_text.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write(text: str) -> None:
    """Write one piece of text to standard output, with a line end."""
    sys.stdout.write(text + "\n")
