"""A desk: the folder with rules, policies, limits, instruments, settings and the store.

Rules:
- a folder is a desk when it holds any of the five entry files; what is missing of them is a fault, so that a lost
  file never sends a command to another desk in silence;
- paths in `warrant.toml` are relative to the desk;
- nothing is written into the desk that ships inside an installed program.

Left out: the content of the five files, which their readers check.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.desk.toml_text import decode, parse
from adapters.installation import INSTALLED, SHIPPED
from adapters.store.address import FILE, VARIABLE, Address, Schema, is_url, schema_name
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from adapters.desk.settings import Settings

SETTINGS = "warrant.toml"
ENTRIES = ("rules.clp", "policies.pl", "limits.yaml", "instruments.yaml", SETTINGS)


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk whose five files are there and whose settings are sound."""

    folder: Path
    settings: Settings
    server: str = field(default="", repr=False)
    """The address of the database that the environment names; it may hold a password. Empty: as the settings say."""

    @property
    def rules(self) -> Path:
        """The entry of the quants."""
        return self.folder / "rules.clp"

    @property
    def policies(self) -> Path:
        """The entry of compliance."""
        return self.folder / "policies.pl"

    @property
    def limits(self) -> Path:
        """The entry of the risk officer."""
        return self.folder / "limits.yaml"

    @property
    def instruments(self) -> Path:
        """The universe and its reference data."""
        return self.folder / "instruments.yaml"

    @property
    def store(self) -> Address:
        """Where the desk's records are: its SQLite file, or its schema of a database."""
        section = self.settings.store
        if url := self.server or section.url:
            return Schema(url, section.schema_ or schema_name(self.settings.desk.name))
        return self.folder / section.path

    @property
    def models(self) -> Path:
        """The folder of trained models: files, wherever the records are."""
        return (self.folder / self.settings.store.path).parent / "models"

    @property
    def log_key(self) -> Path:
        """The file of the private key that signs the log's checkpoints; not every desk has one."""
        return self.folder / self.settings.store.key

    @property
    def bars(self) -> Path | None:
        """The folder bars come from, `bars` for a store of the desk's own; `None` when they come from the sample."""
        feed = self.settings.feed
        return None if feed.kind == "sample" else self.folder / (feed.path or "bars")


def is_desk(folder: Path) -> bool:
    """Whether `folder` holds any of the entry files of a desk."""
    return any((folder / name).is_file() for name in ENTRIES)


def find_desk(option: Path | None) -> Path:
    """The desk meant: the one asked for, else the folder one stands in if it is a desk, else the one that ships.

    Raises `Faulty` when the one asked for is none.
    """
    if option is None:
        here = Path.cwd()
        return here if is_desk(here) else SHIPPED
    if not is_desk(option):
        if option.is_dir():
            words = f"`{option}` has none of the files of a desk; name another, or `warrant init` a new folder"
        else:
            where = f" in `{Path.cwd()}`" if not option.is_absolute() else ""
            words = f"there is no folder `{option}`{where}; give the desk's path, or make one: `warrant init {option}`"
        raise Faulty(Fault(str(option), 1, 1, words))
    return option


def refuse_packaged(desk: Desk) -> None:
    """Raises `Faulty` for the desk inside an installed program: nothing is written there."""
    if INSTALLED and desk.folder.resolve() == SHIPPED:
        words = "this desk is a part of the installed program, and no log goes there; make your own: `warrant init DIR`"
        raise Faulty(Fault(shown(desk.folder), 1, 1, words))


def writable_desk(option: Path | None) -> Desk:
    """The desk meant, as one that is written to. Raises `Faulty` as `find_desk`, `read_desk`, `refuse_packaged` do."""
    desk = read_desk(find_desk(option))
    refuse_packaged(desk)
    return desk


def read_desk(folder: Path, needed: Sequence[str] = ENTRIES) -> Desk:
    """Read the desk in `folder`. Raises `Faulty` with every missing file and every fault of `warrant.toml`.

    `needed` are the files that must be there: a kill needs its settings alone.
    """
    faults = [
        Fault(shown(folder / name), 1, 1, f"`{name}` is missing; copy it from another desk or `warrant init` a new one")
        for name in needed
        if not (folder / name).is_file()
    ]
    settings = None
    if (folder / SETTINGS).is_file():
        from adapters.desk.settings import read_settings

        try:
            settings = read_settings((folder / SETTINGS).read_bytes(), shown(folder / SETTINGS))
        except Faulty as faulty:
            faults += faulty.faults
    if settings is None or faults:
        raise Faulty(*faults)
    return Desk(folder, settings, server())


def store_of(folder: Path) -> Address:
    """Where the desk in `folder` has its records; what else its settings say is not read where that is a file.

    For whoever only reads the log: a fault of `warrant.toml` elsewhere does not keep an answer back, and to read all of
    it takes longer than an answer. Raises `Faulty` as `read_desk` does.
    """
    if not server() and all((folder / name).is_file() for name in ENTRIES):
        section = parse((folder / SETTINGS).read_bytes(), shown(folder / SETTINGS)).get("store", {})
        path = section.get("path", FILE) if isinstance(section, dict) and section.keys() <= {"path"} else None
        if isinstance(path, str) and path:
            return folder / path
    return read_desk(folder).store


def server() -> str:
    """The address of the database that the environment names; empty where it names none. Raises `Faulty`."""
    found = os.environ.get(VARIABLE, "")
    if found and not is_url(found):
        raise Faulty(Fault(VARIABLE, 1, 1, f"`{VARIABLE}` takes an address like `postgresql+psycopg://user@host/name`"))
    return found


def text_of(path: Path) -> str:
    """The text of a file of a desk. Raises `Faulty` where it is not UTF-8, `OSError` where it can not be read."""
    return decode(path.read_bytes(), shown(path))


def shown(path: Address) -> str:
    """A path as people read it: relative to where they stand when it lies below, else whole. Never a password."""
    if not isinstance(path, Path):
        return str(path)
    whole = path.absolute()
    here = Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
