"""The server that an editor starts: requests in, answers of the pure features out, diagnostics when texts rest.

It speaks the Language Server Protocol 3.17 over standard input and output (pygls). Nothing of an engine runs in this
process: what asks Prolog does so in one that can be ended. Whatever a text holds, a request is answered or refused.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from adapters.editor.checker import Answer
from adapters.editor.desks import Desks
from adapters.editor.diagnostics import Diagnostics
from adapters.editor.places import Unit
from adapters.editor.shapes import diagnostic
from adapters.installation import version


class Server(LanguageServer):
    """One editor's server."""

    def __init__(self, fallback: Path | None = None) -> None:
        super().__init__("warrant", version(), text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.desks = Desks(fallback)
        self.diagnostics = Diagnostics(self.desks, self.show, self.complain)
        self.answers: dict[Path, Answer] = {}
        self._shown: dict[Path, set[str]] = {}

    @property
    def unit(self) -> Unit:
        """What the editor counts in."""
        agreed = self.workspace.position_encoding
        return agreed.value if isinstance(agreed, types.PositionEncodingKind) else "utf-16"

    def uri(self, desk: Path, name: str) -> str:
        """The address of a file of a desk, as the editor writes it where it has the file open."""
        opened = self.desks.opened(desk, name)
        return opened.uri if opened else from_fs_path(str(desk / name)) or ""

    def show(self, desk: Path, answer: Answer) -> None:
        """Send what was found in each file, and that nothing is found any more in those that had something."""
        self.answers[desk] = answer
        by_file: dict[str, list[types.Diagnostic]] = {name: [] for name in self._shown.get(desk, ())}
        by_file |= {name: [] for name in self.desks.unsaved(desk)}
        for finding in answer.findings:
            by_file.setdefault(finding.file, []).append(diagnostic(finding, answer.texts, self.unit))
        for name, found in sorted(by_file.items()):
            opened = self.desks.opened(desk, name)
            number = opened.version if opened else None
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(self.uri(desk, name), found, version=number)
            )
        self._shown[desk] = {name for name, found in by_file.items() if found}

    def complain(self, sentence: str) -> None:
        """Tell the editor's user why there are no diagnostics."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"warrant: {sentence}"))


def build(fallback: Path | None = None) -> Server:
    """The server with all that it answers to."""
    server = Server(fallback)

    def changed(uri: str) -> None:
        path = to_fs_path(uri)
        document = server.workspace.get_text_document(uri)
        if path is not None:
            desk = server.desks.put(Path(path), uri, document.source, document.version)
            server.diagnostics.want(desk)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def edited(params: types.DidChangeTextDocumentParams) -> None:
        changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        if path := to_fs_path(params.text_document.uri):
            server.diagnostics.want(server.desks.drop(Path(path)))

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def disk(params: Any) -> None:  # noqa: ANN401 - of either kind
        for desk in server.desks:
            server.diagnostics.want(desk)

    return server


def serve(fallback: Path | None = None) -> None:
    """Serve until the editor says to exit, or is gone."""
    out = os.fdopen(os.dup(1), "wb")
    # What anything prints must not be taken for an answer.
    os.dup2(2, 1)
    server = build(fallback)
    try:
        server.start_io(sys.stdin.buffer, out)
    finally:
        server.diagnostics.close()
