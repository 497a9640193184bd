"""One deciding process for all tests of a module: faults of its own are tested with another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.running.worker import Worker
from tests.promises.cycles import limits, rulebook
from tests.shared_run import shared

__all__ = ["shared"]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), limits()) as one:
        yield one
