"""Hypothesis profiles: "quick" for every run, "nightly" for the long one (`WARRANT_HYPOTHESIS=nightly`)."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import postgresql, slowest, sprouting
from tests.postgresql import server

__all__ = ["server"]

ROOT = Path(__file__).parent

settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile(
    "nightly",
    max_examples=20_000,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("WARRANT_HYPOTHESIS", "quick"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background deaf to Ctrl-C, and the programs that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONGEST = (
    "test_readme.py",
    "adapters/backtest/test_run.py",
    "adapters/test_demo.py",
    "adapters/test_runner.py",
    "test_wheel.py",
    "advisors/test_council.py",
    "adapters/test_intervention.py",
    "adapters/comparing/test_compare.py",
    "faults/test_soak.py",
    "rules/test_seeded.py",
    "test_launcher.py",
    "adapters/watch/test_desk_watch.py",
    "adapters/test_approvals.py",
    "adapters/test_worker.py",
    "attack/test_worker.py",
    "adapters/test_audit_commands.py",
    "adapters/test_kills.py",
)
"""The files that take longest begin first, so that both processes end at about the same time."""


def pytest_configure(config: pytest.Config) -> None:
    """Where the tests run, and where their reports are heard; without pytest-xdist that is one process."""
    config.pluginmanager.register(slowest.Meter())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(slowest.Table())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest first; everything else in its order."""
    ranks = {ROOT / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


def pytest_collection_finish() -> None:
    """Modules and tests are there to stay: no collection of garbage walks through them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _whole(request: pytest.FixtureRequest) -> None:
    """With `WARRANT_TEST_STORE=postgresql` every desk keeps its records in a real server."""
    if postgresql.WHOLE:
        postgresql.keep_desks_in(request.getfixturevalue("server"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture: where the desks of this test are kept, and how its engines start."""
    postgresql.turn(item)
    sprouting.turn(item)
