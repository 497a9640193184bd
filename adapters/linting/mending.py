"""`--fix`: the safe changes of a check, made together, and kept only where nothing is worse afterwards.

A change is made in memory and the whole rulebook checked again, until no safe change is left. The files are written
last, each as a whole under its own name; where a change would bring an error, none of that round is kept.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.frame import Failed
from rules.findings import Finding, mended
from rules.lints.check import check
from rules.texts import BookText, Source

MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Mended:
    """What was changed: each finding that is gone, and the new text of each file that is another one."""

    done: tuple[Finding, ...]
    texts: Mapping[str, str]


def mend(book: BookText, findings: Sequence[Finding]) -> Mended:
    """The rulebook with every safe change among the findings made, and those that only they brought to light."""
    done: list[Finding] = []
    texts: dict[str, str] = {}
    kinds = {one.code for one in findings}
    names = {one.file for one in findings}
    for _ in range(MOST_ROUNDS):
        safe = [one for one in findings if one.fix is not None and one.fix.safe]
        changed = mended(book.texts, [one.fix for one in safe if one.fix is not None])
        if not changed:
            break
        after = _with(book, changed)
        found = [one for one in check(after).findings if one.code in kinds and one.file in names]
        if _errors(found) > _errors(findings) or len(found) >= len(findings):
            break
        book, findings = after, found
        done += safe
        texts |= changed
    return Mended(tuple(done), texts)


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """The lines of a unified diff."""
    for file, text in sorted(after.items()):
        old, new = (one.splitlines(keepends=True) for one in (before[file], text))
        for line in difflib.unified_diff(old, new, file, file):
            yield line.rstrip("\n")


def write_texts(desk: Path, texts: Mapping[str, str]) -> None:
    """Put the texts in the place of the files. Raises `Failed`."""
    for file, text in sorted(texts.items()):
        path = (desk / file).resolve()
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode())
            Path(name).chmod(path.stat().st_mode & 0o777)
            Path(name).replace(path)
        except OSError as error:
            raise Failed(f"`{file}` can not be written: {(error.strerror or str(error)).lower()}") from None


def _errors(findings: Sequence[Finding]) -> int:
    return sum(one.severity == "error" for one in findings)


def _with(book: BookText, texts: Mapping[str, str]) -> BookText:
    rules, policies = (
        tuple(Source(one.file, texts.get(one.file, one.text)) for one in some) for some in (book.rules, book.policies)
    )
    return BookText(rules, policies, book.faults)
