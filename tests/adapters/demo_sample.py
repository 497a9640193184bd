"""One short demonstration for all tests that read results: the first 23 sessions, with every step real.

It is made once for all processes of pytest-xdist.

A plugin of pytest: a module that uses its fixtures names it in `pytest_plugins`.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from adapters.demo.progress import Lines
from adapters.demo.run import Demonstration, demonstrate, interrupted
from adapters.desk.folder import read_desk
from adapters.running.world import World
from tests.shared_run import alone, common

UNTIL = "2011-02-03"
"""By then there were two cuts, a denied and a granted candidate, an exit and its fills."""


def _viewed(values: Mapping[object, object]) -> MappingProxyType[object, object]:
    return MappingProxyType(values)


# Limits hold such a view, which does not pickle by itself.
copyreg.pickle(MappingProxyType, lambda view: (_viewed, (dict(view),)))


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """A finished demonstration in a folder that no test may change."""
    place = common(tmp_path_factory)
    with alone(place / "shown.lock"):
        kept = place / "shown.pickle"
        if not kept.exists():
            made = demonstrate(place / "shown" / "demo", Lines(io.StringIO()), until=UNTIL)
            kept.write_bytes(pickle.dumps(made))
        # Read back also where it was made, so that all processes have the same.
        found: Demonstration = pickle.loads(kept.read_bytes())
    return found


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
