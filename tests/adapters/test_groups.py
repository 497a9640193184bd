"""The groups a desk knows: a limit on one that it does not is refused where its files are read, with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.desk.doctor_desk import check_desk
from adapters.desk.folder import read_desk
from adapters.desk.groups import groups_of
from adapters.running.world import read_law
from knowledge.faults import Faulty

SHIPPED = Path(__file__).parents[2]
FILES = ("limits.yaml", "instruments.yaml", "warrant.toml", "rules.clp", "policies.pl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copyfile(SHIPPED / name, tmp_path / name)
    shutil.copytree(SHIPPED / "rules" / "book", tmp_path / "rules" / "book")
    return tmp_path


def rewritten(folder: Path, name: str, good: str, bad: str) -> int:
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(good) == 1
    (folder / name).write_text(text.replace(good, bad), encoding="utf-8")
    return text[: text.index(good)].count("\n") + 1


def test_groups_are_those_of_instruments_and_rules(folder: Path) -> None:
    desk = read_desk(folder)
    known = groups_of(desk, read_law(desk).rulebook)
    assert known["sector"] == ("technology",)
    assert known["currency"] == ("USD",)
    assert "quant-swing" in known["strategy"]
    (folder / "instruments.yaml").write_text("instruments: [", encoding="utf-8")
    assert set(groups_of(desk, None)) == set()


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("by: sector, bound", "by: sector, only: tecnology, bound", "`tecnology` is no sector; there are `technology`"),
        ("by: issuer, bound", "by: issuer, only: enron, bound", "`enron` is no issuer"),
        ("by: strategy, bound", "by: strategy, only: quant, bound", "`quant` is no strategy"),
    ],
)
def test_a_limit_on_a_group_that_nobody_knows_is_refused(folder: Path, good: str, bad: str, said: str) -> None:
    line = rewritten(folder, "limits.yaml", good, bad)
    with pytest.raises(Faulty) as caught:
        read_law(read_desk(folder))
    (fault,) = caught.value.faults
    assert said in fault.message
    assert fault.line == line
    assert any(said in str(one) for one in check_desk(folder) if not one.fine)


def test_the_check_up_names_limits_that_can_never_bind(folder: Path) -> None:
    rewritten(folder, "limits.yaml", "kind: net_short, bound: 35 %", "kind: net_short, bound: 50 %")
    (told,) = (one for one in check_desk(folder) if "limits, fingerprint" in str(one))
    assert told.fine
    assert "`portfolio.net_short` can never bind: `account.margin` always binds first" in str(told)
