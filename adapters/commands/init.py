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
    """Make a desk in DIR, named after it: a copy of the desk that ships (or of --desk). Nothing is overwritten.

    The desk gets a key of its own that signs its log (`warrant keys log`).
    """
    from adapters.desk.folder import read_desk
    from adapters.desk.making import make_desk, name_after
    from adapters.signing.log_key import make_log_key

    files = make_desk(folder, desk)
    name_after(folder)
    key = make_log_key(read_desk(folder))
    if json:
        write_json({"desk": str(folder), "files": [str(file) for file in files], "vkey": key.text})
        return Status.FINE
    write(f"made a desk in `{folder}`: {len(files)} files; next, in that folder:")
    for name, purpose in NEXT.items():
        write(f"  {name:<22} {purpose}")
    write(f"its log is signed by a key of its own; note elsewhere: {key.text}")
    write(f"then: warrant doctor --desk {shlex.quote(str(folder))}")
    return Status.FINE
