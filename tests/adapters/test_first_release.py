"""A log of the first release (five weeks of its demo: 26 decisions, 18 order events, 3 fills) goes on being true.

Its records name no period, its orders no time in force, its warrants no target. They verify, re-evaluated number by
number, and a desk of today folds them and goes on.
"""

from __future__ import annotations

import lzma
from decimal import Decimal
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog
from adapters.desk.folder import Desk, read_desk
from adapters.desk.instruments import load_instruments
from adapters.desk.making import make_desk
from adapters.paper.venue import Listing
from adapters.running.desk_log import DeskLog
from adapters.store.upgrading import upgrade
from adapters.verifying.verify import verify

pytestmark = pytest.mark.sqlite_file  # the log of the first release was a file

LOG = Path(__file__).with_name("first_release.sqlite.xz")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    make_desk(tmp_path / "demo", None)
    settings = tmp_path / "demo" / "warrant.toml"
    settings.write_text(settings.read_text().replace('name = "shipped"', 'name = "demo"'))
    store = tmp_path / "demo" / "store" / "warrant.sqlite"
    store.parent.mkdir()
    store.write_bytes(lzma.decompress(LOG.read_bytes()))
    return read_desk(tmp_path / "demo")


def test_it_verifies_before_and_after_its_store_is_upgraded(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert cli.run(["audit", "verify", "--desk", str(desk.folder)]) == 0
        said = capsys.readouterr().out
        assert "89 records" in said
        assert "arithmetic   holds" in said
        assert cli.run(["store", "upgrade", "--desk", str(desk.folder)]) == 0
    assert verify(desk.store).holds


def test_its_books_are_told_and_it_is_asked_why(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--desk", str(desk.folder)]
    assert cli.run(["books", *words]) == 0
    assert "NAV" in capsys.readouterr().out
    assert cli.run(["why-not", "MSFT", "--at", "2011-01-27", *words]) == 0
    assert "MSFT" in capsys.readouterr().out
    assert cli.run(["status", *words]) == 0
    assert "books and broker agree" in capsys.readouterr().out


def test_a_desk_of_today_folds_it(desk: Desk) -> None:
    upgrade(desk.store)
    with AuditLog.open(desk.store) as log:
        known = load_instruments(desk.instruments)
        listings = {one.symbol: Listing(one.tick, one.currency, one.multiplier) for one in known}
        standing = DeskLog(desk, log, listings).standing
    assert standing.last_session == "2011-02-08"
    assert standing.differences() == ()
    assert standing.books.cash > Decimal(0)
