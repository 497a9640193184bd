"""Make a desk: a folder with rules, policies, limits and settings to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make, or an empty one.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Make a desk in DIR, a copy of the desk that ships (or of --desk). Nothing is overwritten."""
    from adapters.init import make_desk

    files = make_desk(folder, desk)
    if json:
        write_json({"desk": str(folder), "files": [str(file) for file in files]})
        return Status.FINE
    write(f"made a desk in `{folder}`: {len(files)} files; next:")
    write(f"  warrant doctor --desk {folder}        is everything in order?")
    write(f"  edit {folder}/warrant.toml            name, account, capital")
    write(f"  edit {folder}/limits.yaml             what may never happen (risk officer)")
    write(f"  edit {folder}/rules/book/             what is proposed (quants), with a case each in rules/cases/")
    write(f"  warrant cycle --desk {folder}         one cycle")
    return Status.FINE
