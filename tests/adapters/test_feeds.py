import numpy as np
import pytest

from adapters.bars.feeds import CsvFeed, SampleFeed, load
from advisors.panel import GRIDS
from knowledge.faults import Faulty


@pytest.fixture(scope="module")
def sample():
    return SampleFeed()


def write(folder, rows, *, adjusted=True):
    """A series as the CSV file that `CsvFeed` reads."""
    names = ("open", "high", "low", "close", "volume") + (("adj_close",) if adjusted else ())
    lines = [",".join(("date", *names))]
    for place, date in enumerate(rows.dates):
        lines.append(",".join([date, *(repr(float(getattr(rows, name)[place])) for name in names)]))
    (folder / f"{rows.instrument}.csv").write_text("\n".join(lines) + "\n")


def test_the_sample_is_what_the_packages_ship(sample):
    spans = {rows.instrument: (rows.dates[0], rows.dates[-1], len(rows.dates)) for rows in sample.series()}
    assert spans == {
        "AAPL": ("2000-03-01", "2013-03-01", 3270),
        "FB": ("2012-05-18", "2013-03-01", 196),
        "GOOG": ("2004-08-19", "2013-03-01", 2148),
        "IBM": ("2000-03-01", "2013-03-01", 3270),
        "MSFT": ("2000-03-01", "2013-03-01", 3270),
    }
    index = sample.index()
    assert (index.instrument, index.dates[0], index.dates[-1]) == ("SPX", "2000-03-01", "2013-03-01")


def test_the_index_is_what_its_package_reads(sample):
    from arch.data import sp500

    index, frame = sample.index(), sp500.load().loc["2000-03-01":"2013-03-01"]
    assert index.dates == tuple(day.date().isoformat() for day in frame.index)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(index, name), frame[name.title()].to_numpy(dtype=np.float64)), name


def test_the_index_and_the_calendar_agree_on_every_session(sample):
    assert sample.sessions() == sample.index().dates == sample.series()[0].dates


def test_a_part_of_the_sample_spans_its_own_dates():
    part = SampleFeed(("FB",))
    assert part.sessions()[0] == part.index().dates[0] == "2012-05-18"


def test_files_give_what_the_sample_gives(sample, tmp_path):
    for rows in (*sample.series(), sample.index()):
        write(tmp_path, rows)
    feed = CsvFeed(tmp_path, ("MSFT", "AAPL", "GOOG", "IBM", "FB"), dividends="ex-close")
    left, right = load(feed), load(sample)
    assert left.actions == right.actions
    assert left.reports == right.reports
    for name in (*GRIDS, "index_close"):
        np.testing.assert_array_equal(getattr(left.panel, name), getattr(right.panel, name))


def test_without_adjusted_closes_no_actions_are_known(sample, tmp_path):
    part = SampleFeed(("FB",))
    for rows in (*part.series(), part.index()):
        write(tmp_path, rows, adjusted=False)
    market = load(CsvFeed(tmp_path, ("FB",)))
    assert market.actions == ()
    assert (market.panel.factor == 1).all()


def test_the_faults_of_all_files_come_together(tmp_path):
    (tmp_path / "A.csv").write_text("date,open,high,low,close,volume\n2011-01-03,1,2,x,1,5\n")
    with pytest.raises(Faulty) as caught:
        CsvFeed(tmp_path, ("A", "B")).series()
    assert [(fault.file[len(str(tmp_path)) + 1 :], fault.line, fault.column) for fault in caught.value.faults] == [
        ("A.csv", 2, 16),
        ("B.csv", 1, 1),
    ]


def test_bars_after_the_known_calendar_are_a_fault(tmp_path):
    (tmp_path / "SPX.csv").write_text("date,open,high,low,close,volume\n2099-01-05,1,2,1,1,5\n")
    with pytest.raises(
        Faulty, match="the calendar of XNYS runs from 1990-01-01 to 2028-12-31, without 2099-01-05; update"
    ):
        CsvFeed(tmp_path, ()).sessions()
