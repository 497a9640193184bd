"""`init` copies a sound desk, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.cli import run
from adapters.desk.folder import read_desk
from adapters.desk.making import make_desk
from knowledge.faults import Faulty
from tests.adapters.test_desk import desk_at

pytestmark = pytest.mark.sqlite_file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A desk with rule text, a case and a store."""
    desk = desk_at(tmp_path / "source")
    for name in ("rules/book/a.clp", "rules/book/b.pl", "rules/cases/c.yaml", "store/warrant.sqlite"):
        (desk / name).parent.mkdir(parents=True, exist_ok=True)
        (desk / name).write_text(name)
    return desk


def test_the_copy_is_a_desk_without_the_store(source: Path, tmp_path: Path) -> None:
    made = tmp_path / "new" / "desk"
    files = make_desk(made, source)
    assert read_desk(made).settings == read_desk(source).settings
    there = {file.relative_to(made) for file in made.rglob("*") if file.is_file()}
    assert there == set(files)
    assert Path("rules/book/b.pl") in there
    assert not (made / "store").exists()


def test_nothing_is_overwritten_nor_half_copied(source: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "rules" / "book").mkdir(parents=True)
    (made / "limits.yaml").write_text("mine")
    (made / "rules" / "book" / "a.clp").write_text("mine")
    with pytest.raises(Faulty, match="has 2 of the files of a desk already; name a folder that is new or empty"):
        make_desk(made, source)
    assert {file.read_text() for file in made.rglob("*") if file.is_file()} == {"mine"}


def test_a_folder_with_anything_in_it_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(Faulty, match="is not empty"):
        make_desk(tmp_path, source)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["letter.txt"]


def test_a_file_is_no_folder(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Faulty, match="is a file"):
        make_desk(tmp_path / "file", source)


def test_a_desk_with_faults_is_not_copied(source: Path, tmp_path: Path) -> None:
    (source / "policies.pl").unlink()
    with pytest.raises(Faulty, match=r"policies\.pl"):
        make_desk(tmp_path / "made", source)
    assert not (tmp_path / "made").exists()


def test_a_desk_is_named_after_its_folder_so_that_no_two_share_a_name(tmp_path: Path) -> None:
    for folder, name in (("first-desk", "first-desk"), ("second", "second"), ("no name for a desk", "shipped")):
        assert run(["init", str(tmp_path / folder)]) == 0
        assert read_desk(tmp_path / folder).settings.desk.name == name
