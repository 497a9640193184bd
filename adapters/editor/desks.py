"""Which desk a file belongs to, and which of its texts an editor holds that may differ from those of the disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adapters.desk.folder import is_desk
from adapters.editor.places import sound


@dataclass(frozen=True, slots=True)
class Opened:
    """A text that an editor has open: its address as the editor writes it, its text, and the editor's number for it."""

    uri: str
    text: str
    version: int | None


@dataclass
class Desks:
    """The open texts by desk, and by path inside of it. `fallback` is the desk of files that lie in none."""

    fallback: Path | None = None
    texts: dict[Path, dict[str, Opened]] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[Path, str]:
        """The desk of a file, and its path inside the desk: that of the nearest folder above that is one.

        A file in no desk belongs to the fallback, where that holds it, and else to its own folder.
        """
        whole = path.absolute()
        real = whole.resolve()
        for one in (whole, real):
            for folder in one.parents:
                if is_desk(folder):
                    return folder, one.relative_to(folder).as_posix()
        if self.fallback is not None and real.is_relative_to(self.fallback.resolve()):
            return self.fallback, real.relative_to(self.fallback.resolve()).as_posix()
        return whole.parent, whole.name

    def put(self, path: Path, uri: str, text: str, version: int | None) -> Path:
        """An editor has opened or changed a text; the desk that it belongs to."""
        desk, name = self.place(path)
        self.texts.setdefault(desk, {})[name] = Opened(uri, sound(text), version)
        return desk

    def know(self, folder: Path) -> bool:
        """Take a folder of an editor for a desk of which nothing is open yet; whether it is one."""
        if is_desk(folder):
            self.texts.setdefault(folder, {})
        return is_desk(folder)

    def drop(self, path: Path) -> Path:
        """An editor has closed a text: from now on, the disk says what stands there."""
        desk, name = self.place(path)
        self.texts.get(desk, {}).pop(name, None)
        return desk

    def unsaved(self, desk: Path) -> dict[str, str]:
        """The open texts of a desk, by path inside of it."""
        return {name: one.text for name, one in tuple(self.texts.get(desk, {}).items())}

    def opened(self, desk: Path, name: str) -> Opened | None:
        """An open text."""
        return self.texts.get(desk, {}).get(name)

    def __iter__(self) -> Iterator[Path]:
        yield from tuple(self.texts)
