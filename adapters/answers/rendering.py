"""A telling written out as a person asked for it: text, HTML page, Markdown or JSON; to a file or the terminal."""

from __future__ import annotations

import json as json_text
import os
import sys
from pathlib import Path

from adapters.frame import Failed, Form
from engine.telling.narrative import Telling, brief, size
from engine.telling.tokens import code, plain


def show(telling: Telling, form: Form = Form.TEXT, out: Path | None = None, *, full: bool = True) -> None:
    """Write a telling; without `full` what is only to be checked is left out. Raises `Failed` where `out` cannot be.

    JSON always has everything: a program leaves out what it likes by `detail`.
    """
    put(rendered(telling, form, full=full), out)


def put(text: str, out: Path | None) -> None:
    """Write a text to a file, or to standard output where there is none. Raises `Failed` where it cannot be."""
    if out is None:
        sys.stdout.write(text)
    else:
        _put(out, text)


def rendered(telling: Telling, form: Form, *, full: bool = True) -> str:
    """The telling in this form, ending with a line feed."""
    told = telling if full or form is Form.JSON else _short(telling, form)
    match form:
        case Form.TEXT:
            from engine.telling.as_text import as_text

            return as_text(told)
        case Form.HTML:
            from engine.telling.as_html import page

            return page(plain(told.run), told)
        case Form.MD:
            from engine.telling.as_markdown import as_markdown

            return as_markdown(told)
        case Form.JSON:
            from engine.telling.as_json import to_json

            return json_text.dumps(to_json(told), indent=2, ensure_ascii=True) + "\n"


def _short(telling: Telling, form: Form) -> Telling:
    """Without details, and with a last line that says so; on a page, to a reader who has no options to give."""
    short = brief(telling)
    left = size(telling) - size(short)
    if not left:
        return short
    lines = "one line is" if left == 1 else f"{left:,} lines are"
    if form is not Form.TEXT:
        are = "line that is" if left == 1 else "lines that are"
        gone = "is" if left == 1 else "are"
        return short.further(Telling((f"{left:,} {are} only to be checked {gone} left out of this page",)))
    return short.further(Telling((f"{lines} left out: what is only to be checked; ", code("--full"), " tells it")))


def _put(out: Path, text: str) -> None:
    """Write a file whole: it takes its name when it is complete."""
    draft = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        # What cannot be encoded has been written out by every form.
        draft.write_text(text, encoding="utf-8")
        draft.replace(out)
    except OSError as fault:
        draft.unlink(missing_ok=True)
        reason = (fault.strerror or str(fault)).lower()
        raise Failed(f"`{out}` cannot be written: {reason}; name another file with `--out`") from None
