"""A limits file by its path, or as git knows it (`HEAD~1:limits.yaml`)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from adapters.desk.folder import shown, text_of
from knowledge.faults import Fault, Faulty

_PATIENCE = 10.0


def limits_file(words: str) -> tuple[str, str]:
    """Text and name of the file meant. Raises `Faulty` where there is none."""
    path = Path(words)
    if path.is_file():
        return text_of(path), shown(path)
    if ":" in words and not words.startswith("-"):
        return _of_git(words), words
    raise Faulty(Fault(words, 1, 1, f"there is no file `{words}`; give a path, or a file of git: `HEAD~1:limits.yaml`"))


def _of_git(words: str) -> str:
    command = ["git", "show", "--end-of-options", words]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Faulty(Fault(words, 1, 1, f"git cannot be asked for it: {error}")) from None
    if ended.returncode != 0:
        said = " ".join(ended.stderr.decode("utf-8", "replace").split()).removeprefix("fatal: ")
        raise Faulty(Fault(words, 1, 1, f"no such file, and git does not know it: {said}"))
    try:
        return ended.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise Faulty(Fault(words, 1, 1, "the file is not UTF-8 text")) from None
