import contextlib

import numpy as np
import pytest

from adapters.bars import csv_bars
from adapters.bars.csv_bars import MOST_FAULTS, read_bars
from knowledge.faults import Faulty

HEAD = "date,open,high,low,close,volume\n"


def read(tmp_path, text):
    path = tmp_path / "X.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_bars(path, "X", "ex-close")


def faults(tmp_path, text):
    with pytest.raises(Faulty) as caught:
        read(tmp_path, text)
    return [(fault.line, fault.column, fault.message) for fault in caught.value.faults]


def test_columns_in_any_order_and_case_with_spaces_and_a_byte_order_mark(tmp_path):
    rows = read(tmp_path, "\ufeffVolume, Date,Open,High,Low,Close,Adj Close\r\n5,2011-01-03, 1.5,2,1,1e0,.25\r\n\r\n")
    assert rows.dates == ("2011-01-03",)
    assert [rows.open[0], rows.close[0], rows.volume[0], rows.adj_close[0]] == [1.5, 1.0, 5.0, 0.25]
    assert rows.dividends == "ex-close"


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA", "null", "inf", "-inf"])
def test_an_absent_value_is_the_bars_fault_not_the_files(tmp_path, cell):
    assert np.isnan(read(tmp_path, f"{HEAD}2011-01-03,1,2,{cell},1,5\n").low[0])


@pytest.mark.parametrize("cell", ["x", "1,5", "1_000", "0x10", "١", "1.2.3", "--1", "1e9999"])
def test_anything_else_is_a_fault_with_its_place(tmp_path, cell):
    line, column, message = faults(tmp_path, f"{HEAD}2011-01-03,1,2, {cell},1,5\n")[0]
    assert line == 2
    if "," in cell:
        assert message == "the line has 7 cells where the first line names 6 columns"
    else:
        assert column == 17
        assert message.startswith(f"`{cell}` in column `low` is no number")


@pytest.mark.parametrize("date", ["03.01.2011", "2011-1-3", "2011-02-30", "20110103", "", "2011-W01-1"])
def test_a_date_is_written_one_way(tmp_path, date):
    assert faults(tmp_path, f"{HEAD}{date},1,2,1,1,5\n") == [
        (2, 1, f"`{date}` is no date; write it like `2011-01-03`"),
    ]


def test_the_first_line_must_name_the_columns(tmp_path):
    assert faults(tmp_path, "date,open,high,low,close,close,colour\n") == [
        (1, 1, "the first line must name the columns, and lacks `volume`"),
        (1, 26, "the column `close` stands twice; keep one"),
        (1, 32, "unknown column `colour`; known are `date`, `open`, `high`, `low`, `close`, `volume`, `adj_close`"),
    ]
    assert faults(tmp_path, "")[0][:2] == (1, 1)


def test_a_file_without_bars_is_a_fault(tmp_path):
    assert faults(tmp_path, HEAD) == [(1, 1, "there are no bars below the first line")]


def test_bytes_that_are_no_text_are_a_fault(tmp_path):
    assert faults(tmp_path, b"\xff\xfe\x00") == [
        (1, 1, "the file cannot be read as UTF-8 text: byte 0 is no text"),
    ]


def test_a_missing_file_is_a_fault(tmp_path):
    with pytest.raises(Faulty, match=r"X.csv:1:1: there is no file of bars for `X`"):
        read_bars(tmp_path / "X.csv", "X", "ex-close")


def test_a_file_in_another_format_does_not_fill_the_screen(tmp_path):
    found = faults(tmp_path, HEAD + "2011-01-03,a,b,c,d,e\n" * 1000)
    assert MOST_FAULTS <= len(found) < MOST_FAULTS + 5


WHOLE = f"{HEAD}2011-01-03,1,2,1,1,5\r\n\n2011-01-04,1,2,1,1.5,5\n2011-01-05,1,2,1,nan,7\n2011-01-06,1,2,1,1.25,8"
CHANGED = WHOLE.replace("2011-01-03,1,", "2011-01-03,2,")
FAULTY = f"{WHOLE}\n2011-01-07,1,2,x,1,5\n"


@pytest.mark.parametrize("cut", range(len(HEAD) + 20, len(WHOLE) + 1))
@pytest.mark.parametrize("text", [WHOLE, CHANGED, FAULTY])
def test_a_file_that_grew_is_read_as_one_that_was_never_seen(tmp_path, cut, text):
    """Wherever it was cut, in the middle of a number too; what was said anew is read anew, a fault has its line."""

    def told(folder):
        folder.mkdir(exist_ok=True)
        try:
            rows = read(folder, text)
        except Faulty as error:
            return [(fault.line, fault.column, fault.message) for fault in error.faults]
        return rows.dates, [getattr(rows, name).tobytes() for name in ("open", "close", "volume", "adj_close")]

    grown = tmp_path / "grown"
    grown.mkdir()
    with contextlib.suppress(Faulty):
        read(grown, WHOLE[:cut])
    assert told(grown) == told(tmp_path / "new")


def test_of_a_file_that_grew_only_what_came_is_read(tmp_path, monkeypatch):
    seen = []
    columns = csv_bars._columns
    monkeypatch.setattr(csv_bars, "_columns", lambda *given: seen.append(len(given[2])) or columns(*given))
    for upto in (60, 85, len(WHOLE)):
        read(tmp_path, WHOLE[:upto][: WHOLE[:upto].rindex("\n") + 1])
    assert seen == [2, 1, 1]
