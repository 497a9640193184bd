"""From files of one's own to a decision: the packaged sample, written out, imported, and compared with itself."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from adapters.bars.feeds import INDEX, BarsFeed, SampleFeed, load
from adapters.bars.store import BarStore
from adapters.desk.folder import read_desk
from adapters.installation import SHIPPED
from adapters.running.world import World
from advisors.market_facts import market_facts
from advisors.panel import GRIDS
from advisors.quality import COLUMNS, Rows
from tests.adapters.bars.own_desk import DAYS, HEAD, bring, lines, make
from tests.adapters.bars.test_store import keep
from tests.adapters.test_bad_bars import LAST, NAMES, as_rows, decided, good_lines
from tests.promises.cycles import entered

SAMPLE = SampleFeed(("AAPL", "FB", "IBM"))
ROOT = Path(__file__).resolve().parents[3]


def written(rows: Rows) -> str:
    body = (
        ",".join([day, rows.instrument, *(repr(float(getattr(rows, name)[at])) for name in COLUMNS)])
        for at, day in enumerate(rows.dates)
    )
    return "\n".join(body) + "\n"


def test_imported_bars_and_given_actions_make_the_market_they_came_from(tmp_path: Path) -> None:
    desk = make(tmp_path / "desk", "AAPL", "FB", "IBM")
    sample = load(SAMPLE)
    bars, actions = tmp_path / "bars.csv", tmp_path / "actions.csv"
    bars.write_text(
        "date,symbol," + ",".join(COLUMNS) + "\n" + "".join(map(written, (*SAMPLE.series(), SAMPLE.index())))
    )
    given = [f"{one.instrument},{one.session},{one.kind},{one.amount}" for one in sample.actions]
    actions.write_text("\n".join(["symbol,ex_date,kind,amount", *given]) + "\n")
    assert bring(desk, bars, actions, "--yes") == 0
    feed = World.of(read_desk(desk)).feed
    assert isinstance(feed, BarsFeed)
    market = load(feed)
    assert market.actions == sample.actions
    assert market.reports == sample.reports
    for name in (*GRIDS, "index_close"):
        np.testing.assert_array_equal(getattr(market.panel, name), getattr(sample.panel, name))


def test_without_an_index_its_measures_are_unknown_and_nothing_is_made_up(tmp_path: Path) -> None:
    """The shipped rules begin with the regime, which is the index's: without one they propose nothing, and say why."""
    facts = {}
    for index in (INDEX, ""):
        desk = make(tmp_path / f"desk{index}", *NAMES, index=index)
        (desk / "instruments.yaml").write_bytes((SHIPPED / "instruments.yaml").read_bytes())
        bars = [as_rows(name, [list(line) for line in good_lines(name)]) for name in (*NAMES, INDEX)]
        keep(BarStore(desk / "bars"), *bars)
        facts[index] = market_facts(World.of(read_desk(desk), NAMES).survey, LAST)
    said = {
        index: {str(one["name"]) for one in found if one.template in ("market", "indicator")}
        for index, found in facts.items()
    }
    assert not [one for one in facts[""] if one.template == "quality"]
    assert said[""] < said[INDEX]
    assert said[INDEX] - said[""] == {
        "index-volatility-20", "index-volatility-rank", "index-ema-200-distance", "index-momentum-63", "beta-252",
        "index-move",
    }  # fmt: skip
    assert entered(decided(facts[INDEX]))
    decision = decided(facts[""])
    assert entered(decision) == {}
    for name in NAMES:
        assert decision.verdict(name).miss is not None
    assert decision.regime == "unknown"


def _has_terminals() -> bool:
    """A root without a mounted /dev/pts has none to give."""
    try:
        ours, theirs = pty.openpty()
    except OSError:
        return False
    os.close(ours)
    os.close(theirs)
    return True


@pytest.mark.skipif(not _has_terminals(), reason="this machine gives no pseudo-terminals")
def test_on_a_terminal_the_guess_is_asked_about(tmp_path: Path) -> None:
    desk = make(tmp_path / "desk", "X")
    path = tmp_path / "X.csv"
    path.write_text(HEAD + lines(*DAYS))
    for answer, status in ((b"n\n", 2), (b"y\n", 0)):
        terminal, theirs = pty.openpty()
        words = [sys.executable, "-P", "-m", "adapters.cli", "data", "import", "--desk", str(desk), str(path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        running = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        os.write(terminal, answer)
        said = b""
        try:
            while part := os.read(terminal, 4096):
                said += part
        except OSError:
            pass  # the other end is closed: the program has ended
        assert running.wait(60) == status
        os.close(terminal)
        assert b"bring them in like this?" in said
        assert (desk / "bars" / "X.parquet").exists() == (status == 0)
