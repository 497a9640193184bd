"""Make a key pair for a person who approves limits: a private file, and the line for warrant.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person, as `[people] approve` lists him.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The new file of the private key.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write a private key that its owner alone may read (Ed25519, PEM), and print the public one.

    The person runs this himself and keeps the file away from the desk. Nothing is changed in warrant.toml: the operator
    adds the line. `--desk` is not needed.
    """
    from adapters.desk.folder import shown
    from adapters.people.keys import make_key
    from knowledge.faults import Fault, Faulty

    if not name.strip() or not name.isprintable() or '"' in name or "\\" in name:
        raise Faulty(Fault("command line", 1, 1, f"`{name}` is no name of a person; leave out quotes and backslashes"))
    public = make_key(key)
    if json:
        write_json({"name": name, "key": public, "file": str(key)})
        return Status.FINE
    write(f"the private key is in {shown(key)}; keep it to yourself")
    write("for warrant.toml, under `[people.keys]`:")
    write(f'"{name}" = "{public}"')
    return Status.FINE
