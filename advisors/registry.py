"""Trained heads kept on disk, so that the second run and every look-ahead check need not train again.

A kept model is found by the digest of everything that decides it: the head, its settings with library versions, and
the exact training rows. It is written in the library's own form (`.cbm`, `.skops`, `.json`; never a pickle) with the
digest of its bytes beside it. Bytes that do not match, or that cannot be read, are trained anew: a cache may be slow,
never wrong. Left out: who may use which version of a head (the registry of models in the store).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from advisors.heads.base import Head, Scorer
from advisors.panel import Floats
from knowledge.values import canonical, digest


@dataclass(frozen=True)
class Registry:
    """Models in `folder`; without one, nothing is kept. `notes` collects what was found broken, as sentences."""

    folder: Path | None = None
    notes: list[str] = field(default_factory=list)

    def trained(self, head: Head, rows: Floats, up: Floats) -> Scorer:
        """The head fitted on these rows: read, if it was kept, else fitted and kept. Raises what `head.fit` raises."""
        name = f"{head.name}-{inputs_digest(head, rows, up).removeprefix('sha256:')}.{head.suffix}"
        return self._recalled(name, head.load) or self._kept(name, head.fit(rows, up))

    def _recalled(self, name: str, load: Callable[[bytes], Scorer]) -> Scorer | None:
        if self.folder is None or not (self.folder / name).is_file():
            return None
        try:
            data = (self.folder / name).read_bytes()
            if digest(data) != (self.folder / f"{name}.digest").read_text(encoding="ascii"):
                raise ValueError("its bytes are not those that were written")
            scorer = load(data)
        except Exception as error:  # noqa: BLE001  whatever is wrong with a kept model, training anew mends it
            self.notes.append(f"`{name}` is trained anew: {error}")
            return None
        return scorer

    def _kept(self, name: str, scorer: Scorer) -> Scorer:
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                data = scorer.dump()
                _replace(self.folder / name, data)
                _replace(self.folder / f"{name}.digest", digest(data).encode("ascii"))
            except Exception as error:  # noqa: BLE001  a head that cannot be kept can still speak
                self.notes.append(f"`{name}` is not kept: {error}")
        return scorer


def inputs_digest(head: Head, rows: Floats, up: Floats) -> str:
    """Digest of everything that decides a training: head, settings, rows and labels, bit for bit."""
    named = canonical({"head": head.name, "settings": head.settings, "shape": [*rows.shape]})
    return digest(b"\0".join([named, _bytes(rows), _bytes(up)]))


def _bytes(array: Floats) -> bytes:
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def _replace(path: Path, data: bytes) -> None:
    # Written beside and renamed: a reader sees the old file or the new one, never half of one.
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_bytes(data)
    beside.replace(path)
