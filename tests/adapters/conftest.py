"""Fixtures of the shell's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.store.address import Address
from tests.postgresql import Server, schema
from tests.shared_run import shared

__all__ = ["shared"]


@pytest.fixture(params=("sqlite", "postgresql"))
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """A place where no store is yet: a file, and then a schema."""
    if request.param == "sqlite":
        return tmp_path / "var" / "log.sqlite"
    running: Server = request.getfixturevalue("server")
    return schema(running)
