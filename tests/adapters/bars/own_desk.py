"""A desk of a person's own with a bar store, and the command line to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapters.cli import run
from adapters.desk.making import make_desk

HEAD = "date,open,high,low,close,volume\n"
DAYS = ("2011-01-03", "2011-01-04", "2011-01-05", "2011-01-06")


def make(folder: Path, *symbols: str, index: str = "SPX", calendar: str = "XNYS") -> Path:
    """A desk in `folder` that trades these symbols from its bar store."""
    make_desk(folder)
    settings = folder / "warrant.toml"
    text = settings.read_text(encoding="utf-8")
    head, rest = text.split('kind = "sample"', 1)
    rest = rest.split("\n", 1)[1].replace('"XNYS"', f'"{calendar}"', 1)
    settings.write_text(f'{head}kind = "bars"\nindex = "{index}"\n{rest}', encoding="utf-8")
    entries = "".join(
        f"  {name}:\n    name: {name}\n    issuer: {name.lower()}\n    sector: technology\n    currency: USD\n"
        f"    exchange: {calendar}\n    country: US\n    shortable: no\n    lot: 1\n    tick: 0.01\n    multiplier: 1\n"
        for name in symbols
    )
    (folder / "instruments.yaml").write_text(f"instruments:\n{entries}", encoding="utf-8")
    return folder


def lines(*days: str, close: float = 100.0) -> str:
    """Good bars of these days, one percent wide."""
    return "".join(f"{day},{close},{close + 1},{close - 1},{close + at / 10},1000\n" for at, day in enumerate(days))


def manifest(desk: Path) -> list[dict[str, Any]]:
    """The lines of the desk's manifest."""
    path = desk / "bars" / "manifest.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def stored(desk: Path) -> dict[str, bytes]:
    """The files of the store but for the manifest and the lock, with what is in them."""
    folder = desk / "bars"
    if not folder.is_dir():
        return {}
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name not in ("manifest.jsonl", ".lock")}


def bring(desk: Path, *words: str | Path) -> int:
    """`warrant data import --desk …` with these words; the exit status."""
    return run(["data", "import", "--desk", str(desk), *map(str, words)])
