"""A telling as Markdown (CommonMark): a heading, paragraphs, nested lists; a shared cause is a link to its first place.

Nothing that a person named can become markup: every character that Markdown gives a meaning is escaped, and where two
spans of code would touch, the second is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.telling.narrative import Shown, Telling, told_once
from engine.telling.tokens import Phrase, Run, Sort, Token, run, visible

_MEANT = re.compile(r"[\\`*_{}\[\]|~$^]")
_AT_START = re.compile(r"(?:[#+=:-]|[0-9]+(?=[.)]))")
_AS_CODE = {Sort.RULE, Sort.LIMIT, Sort.POLICY, Sort.FACT, Sort.RECORD, Sort.ORDER, Sort.DIGEST, Sort.CODE}
_PLAIN_WORD = re.compile(r"[a-z]+(?:[ -][a-z]+)*\Z")


def as_markdown(root: Telling, *, level: int = 2, prefix: str = "") -> str:
    """The whole; `level` is that of the heading, `prefix` begins its anchors where several share a page."""
    return "".join(f"{line}\n" for line in _lines(root, level, prefix))


def _lines(root: Telling, level: int, prefix: str) -> Iterator[str]:
    yield f"{'#' * level} {_line(root.run)}"
    yield ""
    for paragraph in root.summary:
        yield _line(paragraph)
        yield ""
    yield from _below(told_once(root, prefix), "")


def _below(node: Shown, margin: str) -> Iterator[str]:
    for part in node.parts:
        anchor = f'<a id="{part.anchor}"></a>' if part.anchor else ""
        again = f" ([told above](#{part.again}))" if part.again else ""
        yield f"{margin}- {anchor}{_line(part.telling.run)}{again}"
        yield from _below(part, margin + "  ")


def inline(*pieces: Phrase) -> str:
    """A run as Markdown within a line: also what goes into a cell of a table."""
    found: list[str] = []
    for token in run(*pieces):
        text = _token(token)
        if found and found[-1][-1:] in ("`", "*") and text[0] in ("`", "*"):
            text = _escaped(token.text)
        found.append(text)
    return "".join(found)


def _line(run: Run) -> str:
    """A run as the beginning of a block, where more characters have a meaning."""
    text = inline(run).strip()
    if not text:
        return "&nbsp;"
    start = _AT_START.match(text)
    if start is None:
        return text
    if start[0].isdigit():
        return f"{start[0]}\\{text[start.end() :]}"
    return f"\\{text}"


def _token(token: Token) -> str:
    text = " ".join(visible(token.text).split(" "))
    if token.sort is Sort.VERDICT and _PLAIN_WORD.match(text):
        return f"**{text}**"
    if token.sort in _AS_CODE and text == text.strip() and not re.search(r"[`|\n]", text):
        return f"`{text}`"
    return _escaped(token.text)


def _escaped(text: str) -> str:
    flowing = visible(text).replace("\n", " ")
    found = _MEANT.sub(r"\\\g<0>", flowing)
    found = found.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return found.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")
