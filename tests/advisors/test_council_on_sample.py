"""The council on the real sample: trained once, then again with the future cut off, from the same kept models."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from advisors.council import Council
from advisors.indicators import measure_panel
from tests.advisors.sample import sample, sample_measures

UNTIL = "2010-12-31"
WATCHED = ("2011-01-03", "2011-08-08", "2012-05-18", "2012-10-31", "2013-02-28")


def test_the_sample_with_the_future_cut_off_is_advised_the_same(tmp_path: Path) -> None:
    panel = sample().panel
    whole = Council.train(panel, sample_measures(), UNTIL, tmp_path)
    kept = sorted(path.name for path in tmp_path.iterdir())
    cut = panel.until(WATCHED[3])
    assert Council.train(cut, measure_panel(cut), UNTIL, tmp_path).advise(WATCHED[3]) == whole.advise(WATCHED[3])
    # Names of kept models are digests of their training rows: the cut panel asked for no other rows.
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    for session in WATCHED:
        facts = whole.advise(session)
        for fact in facts:
            if fact.template == "head":
                expected = "abstaining" if fact["head"] == "sentiment" else "healthy"
                assert fact["status"] == expected
                assert fact.number("age") <= 90
        assert sum(fact.template == "advisory" for fact in facts) >= 3 * 4
    for seat in whole.seats:
        if seat.name != "sentiment":
            directions = seat.record.direction[panel.row("2011-01-03") :]
            assert min(np.mean(directions > 0), np.mean(directions < 0)) > 0.2
