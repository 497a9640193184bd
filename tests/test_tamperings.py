"""A sample of `python -m tests.tamperings`: every way once, on a small log, each found and named."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.tamperings import WAYS, Base, Store, Told, made, tamper

pytestmark = pytest.mark.sqlite_file


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    found = made(tmp_path_factory.mktemp("tampered") / "log.sqlite")
    assert found.findings(found.path) == ()
    return found


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_tampering_is_found_and_named(base: Base, way: object, tmp_path: Path) -> None:
    assert callable(way)
    told, found = tamper(base, way, Random(7), tmp_path)
    assert any(map(told.names, found)), (told.what, list(map(str, found)))


def test_a_copy_that_nobody_tampered_with_holds(base: Base, tmp_path: Path) -> None:
    def nothing(store: Store) -> Told:
        return Told("nothing", lambda found: True)

    assert tamper(base, nothing, Random(1), tmp_path)[1] == ()
