"""What a rulebook must not be able to do: speak in another's name, end the desk by a name, or by its explanation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.desk.making import make_desk
from engine.books.books import Books, portfolio
from engine.decide import decide
from engine.orders.order import Role
from engine.orders.portfolio import Mode, Operations, Portfolio, Position
from knowledge.faults import Faulty
from rules import ways
from rules.rulebook import Rulebook, read_rulebook
from tests.attack.stage import SESSIONS, Stage, desk, limits

MON = SESSIONS[0]
WANTS_KO = """
(defrule mine
  "{owner} | mine at {sentence}"
  (declare (salience 0))
  (market (name index-momentum-63) (value ?m))
  =>
  (assert (candidate (instrument KO) (side long) (horizon swing) (conviction 0.9) (rule {name}))))
"""
CROSS = """
(defrule cross
  "quant | every ?a beside every ?b and ?c, and a momentum nobody ever saw"
  (declare (salience 0))
  (indicator (instrument ?i) (value ?a))
  (indicator (value ?b))
  (indicator (value ?c))
  (market (name index-momentum-63) (value ?m&:(> ?m 50.0)))
  =>
  (assert (candidate (instrument ?i) (side long) (horizon swing) (conviction 0.9) (rule cross))))
"""


def book(folder: Path, more: str) -> Rulebook:
    make_desk(folder)
    entry = folder / "rules" / "book" / "entry.clp"
    entry.write_text(entry.read_text(encoding="utf-8") + more, encoding="utf-8")
    return read_rulebook(folder)


def account(*positions: Position) -> Portfolio:
    empty = portfolio(Books.open("a", Mode.BACKTEST, "USD", Decimal(1_000_000)), {}, (), Operations())
    return replace(empty, positions=positions)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"owner": "quant", "name": "swing-long"}, "the slot `rule` says who concludes this; write `mine`"),
        ({"owner": "quant desk", "name": "mine"}, "the owner `quant desk` is no one word"),
        ({"owner": "-", "name": "mine"}, "the owner `-` is no one word"),
    ],
)
def test_a_rule_speaks_in_its_own_name_and_for_an_owner_that_a_position_can_carry(
    tmp_path: Path, words: dict[str, str], said: str
):
    with pytest.raises(Faulty, match=said):
        book(tmp_path / "desk", WANTS_KO.format(sentence="?m", **words))
    assert book(tmp_path / "other", WANTS_KO.format(sentence="?m", owner="quant", name="mine"))


def test_explaining_a_silence_has_a_counted_budget_and_costs_no_exit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """CLIPS joins every indicator with every other in a blink; walking all those ways took longer than a cycle may."""
    rulebook = book(tmp_path / "desk", CROSS)
    stage = Stage(desk(tmp_path), names=("AAPL", "IBM", "KO"))
    taken = 0
    furthest = ways.furthest

    def counted(ends):
        nonlocal taken
        for stop in ends:
            taken += 1
            yield stop

    monkeypatch.setattr(ways, "furthest", lambda ends: furthest(counted(ends)))
    held = Position("IBM", Decimal(50), Decimal(200), Decimal(190), Decimal(200), 9, "USD", Decimal(1), "quant-swing",
                    "swing")  # fmt: skip
    decision = decide(stage.snapshot(MON), rulebook, limits(), account(held))
    assert [one.order.role for one in decision.warrants] == [Role.EXIT]
    assert all(one.miss is not None for one in decision.verdicts)
    assert ways.MOST_WAYS < taken < 4 * len(stage.names) * ways.MOST_WAYS
    again = decide(stage.snapshot(MON), rulebook, limits(), account(held))
    assert again.to_json() == decision.to_json()
