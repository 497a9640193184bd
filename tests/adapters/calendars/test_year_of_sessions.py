"""Every close of a year at the right instant; the whole table is `python -m tests.year_of_sessions`."""

import pytest

from tests.year_of_sessions import PUBLISHED, compare, main, oracle


@pytest.mark.parametrize("exchange, year", PUBLISHED)
def test_every_close_of_the_year_is_that_of_the_oracle(exchange: str, year: int) -> None:
    found = compare(exchange, year)
    assert found.apart == ()
    assert found.sessions == len(oracle(exchange, year)) > 240


def test_both_changes_of_the_clock_and_all_short_days_are_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    new_york, bombay = compare("XNYS", 2025), compare("XBOM", 2025)
    assert new_york.changes == ("2025-03-10 closes at 20:00", "2025-11-03 closes at 21:00")
    assert (new_york.short, bombay.short, bombay.weekend, bombay.changes) == (3, 1, 1, ())
    assert main([2025]) == 0
    assert "499 closes compared with the oracle, 0 apart" in capsys.readouterr().out
