"""Make a desk: a folder with rules, policies, limits and settings to edit."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json

NEXT = {
    "warrant.toml": "name, account and capital (operator)",
    "instruments.yaml": "what may be traded, and its reference data",
    "limits.yaml": "what may never happen (risk officer)",
    "policies.pl": "what is forbidden, and why (compliance)",
    "rules/book/": "what is proposed (quants), each rule with a case in rules/cases/",
}
"""What a new desk's owner edits."""


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make, or an empty one.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Make a desk in DIR, named after it: a copy of the desk that ships (or of --desk). Nothing is overwritten."""
    from adapters.desk.making import make_desk, name_after

    files = make_desk(folder, desk)
    name_after(folder)
    if json:
        write_json({"desk": str(folder), "files": [str(file) for file in files]})
        return Status.FINE
    write(f"made a desk in `{folder}`: {len(files)} files; next, in that folder:")
    for name, purpose in NEXT.items():
        write(f"  {name:<22} {purpose}")
    write(f"then: warrant doctor --desk {shlex.quote(str(folder))}")
    return Status.FINE
