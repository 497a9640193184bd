"""Files that are brought in to break something: the terminal's patience, another instrument's file, a command's end."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import cli
from adapters.importing.files import BLOCK, MOST_COLUMNS

HEADER = "symbol,date,open,high,low,close,volume\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert cli.run(["init", str(tmp_path / "desk")]) == 0
    settings = tmp_path / "desk" / "warrant.toml"
    settings.write_text(settings.read_text().replace('kind = "sample"', 'kind = "bars"'))
    return tmp_path


def bring(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    file = folder / "given.csv"
    file.write_text(text, encoding="utf-8")
    capsys.readouterr()
    status = cli.run(["data", "import", str(file), "--yes", "--desk", str(folder / "desk")])
    return status, capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("symbol,ex_date,kind,amount\nAAPL,2011-01-03,split," + "9" * 200_000, "longer than"),
        (",".join(["date", *(f"x{number}" for number in range(MOST_COLUMNS))]) + "\n", "columns"),
        ("date;open" * (BLOCK // 4), "longer than"),
        (HEADER + "../../x,2011-01-03,1,1,1,1,1\n/etc/x,2011-01-03,1,1,1,1,1\n", "no symbol"),
        (HEADER + "AAPL,2011-01-03,1,1,1,1,1\naapl,2011-01-03,2,2,2,2,1\n", "differ in capitals only"),
    ],
    ids=["long action", "many columns", "one long line", "paths", "capitals"],
)
def test_it_is_refused_in_a_sentence_and_nothing_of_it_is_used(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
):
    status, told = bring(folder, text, capsys)
    assert (status, said in told) == (2, True), told[:500]
    assert not list(folder.rglob("*.parquet")) and not list(folder.rglob("*.part"))


def test_another_spelling_of_a_stored_symbol_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert bring(folder, HEADER + "AAPL,2011-01-03,1,1,1,1,1\n", capsys)[0] == 0
    status, told = bring(folder, HEADER + "Aapl,2011-01-04,2,2,2,2,1\n", capsys)
    assert status == 2 and "`Aapl` and `AAPL` differ in capitals only" in told
    assert [one.name for one in folder.rglob("*.parquet")] == ["AAPL.parquet"]
