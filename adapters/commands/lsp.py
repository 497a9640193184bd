"""Serve an editor: diagnostics, completion, hover, definitions, references and rename for rules and policies."""

from __future__ import annotations

from adapters.frame import DeskOption, JsonOption, Status


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Speak the Language Server Protocol with an editor, over standard input and output, until it says to exit.

    A file belongs to the nearest folder above it that is a desk; `--desk` counts for files that lie in none. Texts that
    are not saved yet count. Nothing is written: changes go to the editor, which makes them. The protocol is JSON, so
    that `--json` changes nothing.
    """
    from adapters.desk.folder import find_desk
    from adapters.frame import need

    need("pygls", "editor")
    from adapters.editor.server import serve

    serve(None if desk is None else find_desk(desk))
    return Status.FINE
