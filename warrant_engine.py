"""The front door: sees that our packages are ours before any of them is imported, then runs the command line.

`engine`, `rules` or `adapters` are names that others use too. Rules:
- each of them must be the folder beside this file; one that comes earlier on the path is named, exit status 3;
- where a wheel is installed, nobody else may have put files into these folders, or replaced their first file: the
  list that the installer left says what is ours.

It also asks the linear algebra of this process, and of those it starts, for a single thread (`calm`).

Nothing but the standard library is imported here, and nothing of the packages is read: a call costs about a
millisecond. Left out: whether our own files were edited, which the records of a log say (`program`).
"""

from __future__ import annotations

import base64
import csv
import gc
import hashlib
import json
import os
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NoReturn

PACKAGES = ("knowledge", "rules", "engine", "advisors", "adapters")
"""Our top-level packages."""
ROOT = Path(__file__).resolve().parent
FAILED = 3
"""The exit status for a machine that is not as it must be."""
ALONE = "give it an environment of its own: `uv tool install warrant-engine`, or pip in a new venv"


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    if found := next(strangers(), ""):
        if "--json" in sys.argv[1:]:
            sys.stdout.write(json.dumps({"status": FAILED, "error": found}, indent=2) + "\n")
        sys.stderr.write(f"warrant: {found}\n")
        sys.exit(FAILED)
    calm(os.environ)
    # What is loaded stays loaded: to look for cycles in it again and again takes a twentieth of a short call. The
    # command line puts the collector to work again before it calls a command.
    gc.disable()
    from adapters.cli import run

    status = run(sys.argv[1:])
    # All goes with the process; to look through it for cycles first takes a tenth of a short call.
    gc.freeze()
    sys.exit(status)


def calm(environment: MutableMapping[str, str]) -> None:
    """Ask for one thread of linear algebra; who has asked for another number keeps it.

    A cycle's matrices are small, and a thread that waits for the next of them spins on the core the worker needs.
    """
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")


def strangers(root: Path = ROOT, path: Sequence[str] | None = None) -> Iterator[str]:
    """A sentence for each of our names that stands for something else, on `path` (default: Python's own)."""
    for name in PACKAGES:
        spec = PathFinder.find_spec(name, path)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found is None:
            yield f"`{root / name}`, a part of this program, is missing; install it again"
        elif found != root / name / "__init__.py":
            yield (
                f"Python finds `{found.parent}` for `{name}`, which is not ours: take that folder off PYTHONPATH,"
                f" remove that package, or {ALONE}"
            )
    yield from _intruders(root)


def _intruders(root: Path) -> Iterator[str]:
    """A sentence for each of our folders in which another distribution has files."""
    record = next(root.glob("warrant_engine-*.dist-info/RECORD"), None)
    if record is None:
        return
    with record.open(encoding="utf-8", newline="") as listed:
        ours = {row[0]: row[1] for row in csv.reader(listed) if row}
    for name in PACKAGES:
        first = f"{name}/__init__.py"
        known = {path.split("/")[1] for path in ours if path.startswith(f"{name}/")} | {"__pycache__"}
        added = sorted(entry.name for entry in (root / name).iterdir() if entry.name not in known)
        changed = [] if ours.get(first) == _hash(root / first) else ["__init__.py"]
        if added or changed:
            others = sorted(found.parent.name for found in root.glob("*.dist-info/RECORD") if _has(found, name))
            whose = " and ".join(one.removesuffix(".dist-info") for one in others if one != record.parent.name)
            yield (
                f"`{root / name / (added + changed)[0]}` is not ours: {whose or 'somebody else'} installs files"
                f" under the name `{name}`, too; {ALONE}"
            )


def _has(record: Path, name: str) -> bool:
    """Whether the distribution with this list of files has some under our name."""
    text = record.read_text(encoding="utf-8", errors="replace")
    return text.startswith(f"{name}/") or f"\n{name}/" in text


def _hash(file: Path) -> str:
    """The hash of a file as lists of installed files write it."""
    whole = hashlib.sha256(file.read_bytes()).digest()
    return "sha256=" + base64.urlsafe_b64encode(whole).rstrip(b"=").decode("ascii")


if __name__ == "__main__":
    main()
