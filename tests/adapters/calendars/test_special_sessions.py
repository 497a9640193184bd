import pytest

from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.special import load_sessions, read_sessions, shipped
from knowledge.faults import Faulty

OWN = """\
until: {XBOM: 2027-12-31}
sessions:
  - {exchange: XBOM, date: 2027-01-26, kind: closed, reason: Republic Day}
  - {exchange: XBOM, date: 2027-10-29, kind: half, hours: ["18:00-19:00"], reason: Muhurat trading}
  - {exchange: XNYS, date: 2026-12-24, kind: open, reason: a test}
  - {exchange: XNYS, date: 2026-03-02, kind: closed, reason: a storm}
"""


def test_a_desks_rows_have_the_last_word_and_may_extend_a_calendar():
    own = read_sessions(OWN, "sessions.yaml")
    bombay, new_york = ExchangeCalendar("XBOM", own=own), ExchangeCalendar("XNYS", own=own)
    assert bombay.next_session("2027-01-25") == "2027-01-27"
    assert bombay.windows("2027-01-25") == (("2027-01-25T03:45:00Z", "2027-01-25T10:00:00Z"),)
    assert bombay.windows("2027-10-29") == (("2027-10-29T12:30:00Z", "2027-10-29T13:30:00Z"),)
    assert bombay.kind("2027-01-23") == "closed", "a Saturday"
    assert new_york.windows("2026-12-24") == (("2026-12-24T14:30:00Z", "2026-12-24T21:00:00Z"),)
    assert new_york.kind("2026-03-02") == "closed"
    assert ExchangeCalendar("XNYS").kind("2026-03-02") == "open"


ROW = "sessions:\n  - {exchange: XNYS, date: 2026-03-02, kind: half, hours: ["


@pytest.mark.parametrize(
    "source, complaint",
    [
        ("- a", "1:1: the file is a mapping"),
        ("days: {}", "1:1: unknown key `days`"),
        ("sessions: 5", "1:11: `sessions` is a list of rows"),
        ("sessions:\n  - {exchange: XNYS, date: 2026-03-02, reason: x}", "2:5: the row lacks `kind`"),
        ("sessions:\n  - {exchange: XNYS, date: 2026-02-30, kind: closed, reason: x}", "2:28: `2026-02-30` is no date"),
        ("sessions:\n  - {exchange: XFOO, date: 2026-03-02, kind: closed, reason: x}", "2:16: the exchange `XFOO`"),
        ("sessions:\n  - {exchange: XNYS, date: 2026-03-02, kind: shut, reason: x}", "2:46: `shut` is no kind of day"),
        ("sessions:\n  - {exchange: XNYS, date: 2026-03-02, kind: half, reason: x}", "a half day needs its `hours`"),
        ("sessions:\n  - {exchange: XBOM, date: 2027-03-02, kind: closed, reason: x}", "without 2027-03-02; for later"),
        (ROW + '"9:30-13:00"], reason: x}', "`9:30-13:00` are no hours"),
        (ROW + '"13:00-09:30"], reason: x}', "ends before it begins"),
        (ROW + '"18:00-20:00"], reason: x}', "reaches out of 2026-03-02 in UTC"),
        (ROW + '"09:30-11:00", "10:00-12:00"], reason: x}', "come in order"),
        ("sessions: [", "not YAML"),
    ],
)
def test_faults_have_a_place(source, complaint):
    with pytest.raises(Faulty) as caught:
        read_sessions(source, "sessions.yaml")
    assert str(caught.value).startswith("sessions.yaml:")
    assert complaint in str(caught.value)


def test_a_day_twice_is_a_fault():
    row = "  - {exchange: XNYS, date: 2026-03-02, kind: closed, reason: x}\n"
    with pytest.raises(Faulty, match=r"sessions\.yaml:3:5: `XNYS` has 2026-03-02 twice"):
        read_sessions("sessions:\n" + row * 2, "sessions.yaml")


def test_a_desk_without_a_table_has_none(tmp_path):
    assert not load_sessions(tmp_path / "sessions.yaml", "sessions.yaml").rows
    (tmp_path / "sessions.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(Faulty, match="UTF-8"):
        load_sessions(tmp_path / "sessions.yaml", "sessions.yaml")


def test_every_shipped_row_changes_something():
    for (exchange, day), row in shipped().rows.items():
        calendar = ExchangeCalendar(exchange)
        assert calendar.kind(day) == row.kind
        assert not row.windows or calendar.windows(day) == row.windows
