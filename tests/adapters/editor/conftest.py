"""A copy of the desk that ships, for an editor to work on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.adapters.editor.client import ROOT


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name in ("rules.clp", "policies.pl", "limits.yaml", "instruments.yaml", "warrant.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("book", "cases"):
        shutil.copytree(ROOT / "rules" / name, tmp_path / "rules" / name)
    return tmp_path
