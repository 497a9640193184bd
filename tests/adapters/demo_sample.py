"""One short demonstration for all tests that read results: the first 23 sessions, with every step real.

A plugin of pytest: a module that uses its fixtures names it in `pytest_plugins`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from adapters.demo.progress import Lines
from adapters.demo.run import Demonstration, demonstrate, interrupted
from adapters.desk.settings import read_desk
from adapters.running.world import World

UNTIL = "2011-02-03"
"""By then there were two cuts, a denied and a granted candidate, an exit and its fills."""


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """A finished demonstration in a folder that no test may change."""
    return demonstrate(tmp_path_factory.mktemp("shown") / "demo", Lines(io.StringIO()), until=UNTIL)


@pytest.fixture(scope="session")
def shown_world(shown: Demonstration) -> World:
    """The market of the demonstration, measured and with trained heads: neither depends on the folder."""
    found = World.of(read_desk(shown.folder))
    assert found.council.seats
    return found


@pytest.fixture
def again(shown_world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Demonstration]:
    """Runs a demonstration with the market and the heads of `shown_world`, to take two seconds, not nine."""

    def run(
        folder: Path, until: str = UNTIL, stopping: Callable[[], AbstractContextManager[Any]] = interrupted
    ) -> Demonstration:
        monkeypatch.setattr(World, "survey", shown_world.survey)
        monkeypatch.setattr(World, "council", shown_world.council)
        return demonstrate(folder, Lines(io.StringIO()), until=until, stopping=stopping)

    return run
