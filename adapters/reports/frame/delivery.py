"""From a question on the command line to a file: opens the log, has the page made, writes it whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from adapters.answers.lookup import reading
from adapters.desk.folder import find_desk, read_desk
from adapters.frame import Failed, Status, write, write_json
from adapters.reports.frame.options import Form
from adapters.reports.frame.page import Page, render
from adapters.reports.frame.span import Span, last_session, span

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: the report's word, the thing it is about (if it is about one), days, form, file."""

    kind: str
    about: str | None
    first: str | None
    last: str | None
    form: Form
    out: Path | None
    one_day: bool = False
    """Whether a question without days is about the last session."""

    @property
    def command(self) -> str:
        """The words that make the same report again."""
        parts = ["warrant report", self.kind, *([self.about] if self.about else [])]
        parts += [f"--from {self.first}"] if self.first else []
        parts += [f"--to {self.last}"] if self.last else []
        return " ".join([*parts, f"--format {self.form.value}"])

    def file(self, last: str) -> Path:
        """Where it is written."""
        if self.out is not None:
            return self.out
        about = self.about or "-".join(dict.fromkeys(one for one in (self.first, self.last or last) if one))
        return Path(f"{self.kind}-{_NOT_IN_NAMES.sub('-', about).strip('-')}.{self.form.value}")


def deliver(desk: Path | None, asked: Asked, made: Callable[[Span], Page], json: bool) -> Status:
    """Make the report and write it. Raises `Faulty` for what is asked wrongly, `Failed` where it cannot be written."""
    found = read_desk(find_desk(desk))
    with reading(found) as log:
        if asked.one_day and not (asked.first or asked.last):
            newest = last_session(log)
            asked = replace(asked, first=newest, last=newest)
        of = span(log, found.settings.desk.name, asked.first, asked.last, asked.command)
        text = render(made(of))
        size, root = of.size, of.root
    if asked.form is Form.PDF:
        from adapters.reports.frame.pdf import to_pdf

        content = to_pdf(text)
    else:
        content = text.encode()
    path = asked.file(of.last)
    _write(path, content)
    if json:
        digest = f"sha256:{sha256(content).hexdigest()}"
        write_json({"report": asked.kind, "file": str(path), "digest": digest, "records": size, "root": root})
    else:
        write(f"{asked.kind} report of {asked.about or of.words}, from {size:,} records: {path}")
    return Status.FINE


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)  # noqa: PTH105 - one step, whole or not at all
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Failed(f"`{path}` can not be written: {error.strerror}; name another file with `--out`") from None
