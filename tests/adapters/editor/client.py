"""An editor as far as the server can tell: JSON-RPC over the pipes of the real `warrant lsp`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60


class Editor:
    """One session. Use it as a context manager; it says `initialize` first and `exit` last."""

    def __init__(self, desk: Path, capabilities: dict[str, Any] | None = None) -> None:
        self.desk = desk
        self.capabilities = capabilities or {}
        self.version = 0
        self.diagnostics: dict[str, list[Any]] = {}
        self.messages: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.can: dict[str, Any] = {}
        self._id = 0
        self._answers: dict[int, Any] = {}
        self._said: Queue[dict[str, Any] | None] = Queue()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from warrant_engine import main; main()", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.desk,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        Thread(target=self._read, daemon=True).start()
        said = self.ask(
            "initialize", {"processId": None, "rootUri": self.desk.as_uri(), "capabilities": self.capabilities}
        )
        self.can = said["capabilities"]
        self.tell("initialized", {})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.ask("shutdown", None)
                self.tell("exit", None)
                assert self.process.wait(PATIENCE) == 0
        finally:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()

    def uri(self, file: str) -> str:
        return (self.desk / file).as_uri()

    def ask(self, method: str, params: Any) -> Any:
        """The result of a request; raises `Refused` where the server says why there is none."""
        self._id += 1
        mine = self._id
        self._send({"jsonrpc": "2.0", "id": mine, "method": method, "params": params})
        while mine not in self._answers:
            self._take()
        answer = self._answers.pop(mine)
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["result"]

    def tell(self, method: str, params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def open(self, file: str, text: str | None = None) -> int:
        """Open a file, as the disk has it or with another text; the number of the text."""
        self.version += 1
        said = (self.desk / file).read_text(encoding="utf-8") if text is None else text
        document = {"uri": self.uri(file), "languageId": "clips", "version": self.version, "text": said}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.version

    def change(self, file: str, text: str) -> int:
        self.version += 1
        document = {"uri": self.uri(file), "version": self.version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        return self.version

    def found(self, file: str, version: int | None) -> list[Any]:
        """The diagnostics of this version of a file, once they come; a file that is not open has None."""
        while not any(number == version for number, _ in self.diagnostics.get(self.uri(file), [])):
            self._take()
        return next(found for number, found in self.diagnostics[self.uri(file)] if number == version)

    def at(self, method: str, file: str, line: int, character: int, **more: Any) -> Any:
        """The answer of a feature at a place."""
        place = {"textDocument": {"uri": self.uri(file)}, "position": {"line": line, "character": character}}
        return self.ask(f"textDocument/{method}", {**place, **more})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _read(self) -> None:
        out = self.process.stdout
        assert out is not None
        while header := out.readline():
            length = int(header.split(b":")[1]) if header.lower().startswith(b"content-length") else 0
            while out.readline().strip():
                pass
            self._said.put(json.loads(out.read(length)))
        self._said.put(None)

    def _take(self) -> None:
        try:
            message = self._said.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError("the server says nothing") from None
        assert message is not None, f"the server is gone: {self.process.stderr and self.process.stderr.read().decode()}"
        if "method" not in message:
            self._answers[message["id"]] = message
        elif message["method"] == "textDocument/publishDiagnostics":
            said = message["params"]
            self.diagnostics.setdefault(said["uri"], []).append((said.get("version"), said["diagnostics"]))
        elif message["method"] == "window/showMessage":
            self.messages.append(message["params"]["message"])
        elif "id" in message:
            self.asked.append(message)
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})


class Refused(Exception):
    """The server refused a request, with this sentence."""
