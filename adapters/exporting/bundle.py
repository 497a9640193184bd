"""`audit export --folder`: a folder that a stranger can check alone.

- `records.jsonl`: the records, one line each (`adapters.exporting.export`);
- `leaves.txt`: place and leaf hash of each record of the log that is not among them, where there is one, so that the
  root over all of them can still be worked out;
- `checkpoint` and `keys.txt`: the newest signed checkpoint and the public keys, where the desk signs;
- `verify_warrant.py`, `README.md`: the program that checks all this, and how.

The folder gets its name when all its files are on disk: it is whole or is not there. It never takes one that is in use.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.audit.reader import LogReader
from adapters.exporting import verifier
from adapters.exporting.export import ALWAYS, Between, lines_of

RECORDS, LEAVES, README = "records.jsonl", "leaves.txt", "README.md"
CHECKPOINT, KEYS = "checkpoint", "keys.txt"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: lines, and leaves that are named by their hash alone."""

    records: int
    hidden: int
    size: int
    root: str


def export_folder(
    log: LogReader, folder: Path, between: Between = ALWAYS, signed: Mapping[str, str] | None = None
) -> Exported:
    """Write the folder; `signed` are the texts of `checkpoint` and `keys.txt`, if there are any.

    The log is read at one state, that of the beginning. Raises `LogUnreadable`, and `FileExistsError` where the folder
    is there already; then nothing was written.
    """
    if folder.exists():
        raise FileExistsError(f"`{folder}` is there already")
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    part.mkdir(parents=True)
    try:
        found = _records(log, part, between)
        for name, text in (signed or {}).items():
            (part / name).write_text(text, encoding="utf-8")
        (part / verifier.NAME).write_text(verifier.text(), encoding="utf-8")
        (part / README).write_text(_readme(found, between, CHECKPOINT in (signed or {})), encoding="utf-8")
        for file in part.iterdir():
            _on_disk(file)
        _on_disk(part)
        part.rename(folder)
        _on_disk(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return found


def _records(log: LogReader, part: Path, between: Between) -> Exported:
    size = log.size
    shown, count = bytearray(size), 0
    with (part / RECORDS).open("wb") as out:
        for seq, line in lines_of(log, between):
            if seq >= size:
                # What is appended while this is written stays out: the root that is named is the one of the beginning.
                break
            shown[seq] = 1
            out.write(line + b"\n")
            count += 1
    if count < size:
        with (part / LEAVES).open("w", encoding="ascii") as out:
            for seq, hashed in log.leaves():
                if seq < size and not shown[seq]:
                    out.write(f"{seq} {hashed.hex()}\n")
    return Exported(count, size - count, size, log.root_at(size).hex())


def _on_disk(place: Path) -> None:
    opened = os.open(place, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _readme(found: Exported, between: Between, signed: bool) -> str:
    ends = between.first or "the beginning", between.last or "the end"
    here = "all of them" if between == ALWAYS else f"{found.records}, from {ends[0]} to {ends[1]}"
    hidden = f"`{LEAVES}` has the hashes of the {found.hidden} others, so that the root still comes out."
    words = f" --key NAME+HASH+BASE64 --checkpoint {CHECKPOINT}" if signed else ""
    lines = [
        "# An export of a decision log",
        "",
        f"The log has {found.size} records and the root `{found.root}`. Here are {here}.",
        *([hidden] if found.hidden else []),
        "",
        "To check it, with Python 3.11 or later and nothing of the program that wrote it (for signatures, with the",
        "package `cryptography`), call in this folder:",
        "",
        f"    python {verifier.NAME} .{words}",
        "",
        "It prints five verdicts and each thing that does not hold; the exit status is 0 where what was checked holds,",
        f"else 1. The SHA-256 of `{verifier.NAME}` is `{verifier.fingerprint()}`:",
        "whoever does not trust the one in this folder takes it from a release, or reads it.",
        "",
        *(_SIGNED if signed else _UNSIGNED),
    ]
    return "\n".join(lines) + "\n"


_SIGNED = (
    f"`{CHECKPOINT}` is signed. The keys in `{KEYS}` come with it and prove nothing by themselves: have the key, or a",
    "checkpoint, from where the desk published it, and give it.",
)
_UNSIGNED = ("This desk has signed no checkpoint: compare the root with one that you noted, or were told, before.",)
