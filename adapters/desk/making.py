"""Making a desk: a copy of the entry files, the rule text and its cases of another desk, without its store.

Nothing is overwritten: a file that is already there is a fault, and then nothing at all is copied.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from adapters.desk.folder import ENTRIES, SETTINGS, find_desk, read_desk
from adapters.installation import SHIPPED
from knowledge.faults import Fault, Faulty

FOLDERS = ("rules/book", "rules/cases")
"""What the entry files of the rules include, and the cases that show each rule at work."""
PATTERNS = ("*.clp", "*.pl", "*.yaml")


def make_desk(folder: Path, source: Path | None = None) -> tuple[Path, ...]:
    """Copy the desk in `source` (default: the one that ships) to `folder`; returns the files made, relative to it.

    Raises `Faulty` when the source is no sound desk or anything would be overwritten, `OSError` when writing fails.
    """
    origin = SHIPPED if source is None else find_desk(source)
    read_desk(origin)
    files = [Path(name) for name in ENTRIES]
    files += [
        path.relative_to(origin)
        for inner in FOLDERS
        for pattern in PATTERNS
        for path in sorted((origin / inner).glob(pattern))
    ]
    _refuse_to_overwrite(folder, files)
    for file in files:
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin / file, target)
    return tuple(files)


def name_after(folder: Path) -> None:
    """Name the desk in `folder` after it: two desks of one name would be one in a database, and in who is told of them.

    A folder whose name is none for a desk leaves the name as it was copied.
    """
    name = folder.resolve().name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", name):
        return
    settings = folder / SETTINGS
    written = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(r'(?m)^name = "[^"\n]*"', f'name = "{name}"', written, count=1), encoding="utf-8")


def _refuse_to_overwrite(folder: Path, files: list[Path]) -> None:
    if folder.exists() and not folder.is_dir():
        raise Faulty(Fault(str(folder), 1, 1, f"`{folder}` is a file; name a folder that is new or empty"))
    if folder.exists() and any(folder.iterdir()):
        there = sum((folder / file).exists() for file in files)
        what = f"has {there} of the files of a desk already" if there else "is not empty"
        raise Faulty(Fault(str(folder), 1, 1, f"`{folder}` {what}; name a folder that is new or empty"))
