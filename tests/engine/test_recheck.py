"""A record of a real cycle bears out, and any change of what it says is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from unittest.mock import patch

import pytest
from hypothesis import given

from engine.gate import judge as gate
from engine.orders.warrants import Inputs
from engine.proof.solver import Answer
from engine.review.recheck import check_record
from engine.verdicts import undetermined
from knowledge.values import Json
from tests.promises.cycles import Cycle, calm, cycles, limits, position, with_bounds
from tests.promises.depth import whole_cycles

CHECKED = ("regime", "trading_state", "states", "verdicts", "exits", "readings", "warrants")
TAKEN = frozenset({"policy", "miss"})
"""Parts of verdicts that are the policies' and the rules': a replay covers those."""
PLACES = 40
"""How many places of a record are changed, evenly spread; each takes a whole check."""


def check(cycle: Cycle, record: Json) -> list[str]:
    return check_record(record, cycle.snapshot, cycle.portfolio, cycle.limits)


@whole_cycles
@given(cycles())
def test_every_record_bears_out(cycle: Cycle) -> None:
    assert check(cycle, cycle.decided().to_json()) == []


# --- changed records --------------------------------------------------------------------------------------------

CROWDED = with_bounds(limits(), {"portfolio.sector": Fraction(1, 100), "order.value": Fraction(2, 100)})


def crowded() -> Cycle:
    """Three candidates, one of them cut or granted, one crowded out."""
    return replace(calm("long", "long", "long"), limits=CROWDED)


def held() -> Cycle:
    return calm("quiet", "long", "short", positions=[position("AAPL", 400, 30), position("JPM", 300, 2)])


CYCLES: dict[str, Callable[[], Cycle]] = {"crowded": crowded, "held": held, "calm": lambda: calm("long", "short")}


def leaves(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of everything that is no container, without what is taken from rules and policies."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path
        return
    for name, part in items:
        if name not in TAKEN:
            yield from leaves(part, (*path, name))


def changed(value: Json) -> Json:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "something"
    try:
        return str(Decimal(value) + 1)
    except ArithmeticError:
        return f"{value}x"


@pytest.mark.parametrize("name", CYCLES)
def test_any_change_of_what_it_says_is_found(name: str) -> None:
    cycle = CYCLES[name]()
    record = cycle.decided().to_json()
    assert check(cycle, record) == []
    paths = [path for part in CHECKED for path in leaves(record[part], (part,))]
    assert len(paths) > 50
    missed = [path for path in paths[:: max(1, len(paths) // PLACES)] if not noticed(cycle, record, path)]
    assert missed == []


def noticed(cycle: Cycle, record: Json, path: tuple[str | int, ...]) -> bool:
    """Whether a change at this place is found: a complaint, or no record that can be read at all."""
    forged = deepcopy(record)
    inner = forged
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = changed(inner[path[-1]])
    try:
        return check(cycle, forged) != []
    except (KeyError, ValueError):
        return True


@pytest.mark.parametrize("part", ["warrants", "readings", "verdicts"])
def test_what_is_left_out_is_found(part: str) -> None:
    cycle = CYCLES["calm"]()
    record = cycle.decided().to_json()
    assert record[part]
    assert check(cycle, {**record, part: record[part][:-1]}) != []


def test_a_limit_left_out_of_the_reasons_is_found() -> None:
    cycle = crowded()
    record = cycle.decided().to_json()
    bound = [one for one in record["verdicts"] if one.get("binding") or one.get("cores")]
    assert bound
    for one in bound:
        forged = deepcopy(record)
        (target,) = [verdict for verdict in forged["verdicts"] if verdict["instrument"] == one["instrument"]]
        target.pop("binding" if one.get("binding") else "cores")
        assert check(cycle, forged) != []


def test_a_quantity_below_what_fits_is_found() -> None:
    """A core that grants too little, consistently: nothing is broken, but one lot more would break nothing either."""
    known = gate._room

    def meagre(*of: object) -> Fraction:
        return max(Fraction(0), known(*of) - 1)  # type: ignore[arg-type]

    cycle = calm("long")
    with patch.object(gate, "_room", meagre), patch("engine.entries.prove", agreeing):
        record = cycle.decided().to_json()
    assert any("one lot more" in one for one in check(cycle, record))


def agreeing(*_: object) -> object:
    from engine.proof.prove import Proof

    return Proof("(check-sat)", ())


def test_a_quantity_beyond_what_fits_is_found() -> None:
    known = gate._room
    with patch.object(gate, "_room", lambda *of: known(*of) + 1), patch("engine.entries.prove", agreeing):
        record = crowded().decided().to_json()
    assert any("breaks" in one for one in check(crowded(), record))


# --- undetermined records ---------------------------------------------------------------------------------------


def test_a_record_without_the_solvers_agreement_permits_no_entry() -> None:
    cycle = calm("long", "short")
    with patch("engine.proof.prove.answers", lambda *_: [Answer("unknown")]):
        record = cycle.decided().to_json()
    assert check(cycle, record) == []
    agreed = cycle.decided().to_json()
    assert agreed["warrants"]
    assert check(cycle, {**record, "warrants": agreed["warrants"]}) != []
    assert check(cycle, {**record, "verdicts": agreed["verdicts"]}) != []


def test_a_cycle_with_a_fault_permits_nothing() -> None:
    cycle = calm("long")
    decision = cycle.decided()
    record = undetermined(cycle.snapshot, decision.inputs, "the worker died").to_json()
    assert check(cycle, record) == []
    assert check(cycle, {**record, "warrants": decision.to_json()["warrants"]}) != []
    assert check(cycle, {**record, "verdicts": decision.to_json()["verdicts"]}) != []


def test_other_inputs_are_another_record() -> None:
    cycle, other = calm("long"), calm("short")
    record = cycle.decided().to_json()
    found = check_record(record, other.snapshot, cycle.portfolio, cycle.limits)
    assert found == ["inputs.snapshot: the digest is of another snapshot"]
    assert Inputs(**record["inputs"]) == cycle.decided().inputs


def test_a_verdict_is_due_for_the_whole_universe() -> None:
    cycle = calm("long", "quiet")
    record = cycle.decided().to_json()
    found = check(cycle, {**record, "verdicts": record["verdicts"][:1]})
    assert found and found[0].startswith("verdicts: ")


@pytest.mark.parametrize("name", CYCLES)
def test_checking_changes_nothing(name: str) -> None:
    cycle = CYCLES[name]()
    record = cycle.decided().to_json()
    before = deepcopy(record)
    check(cycle, record)
    assert record == before
