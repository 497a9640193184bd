"""Promise 8."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from engine.decision import reading_json
from engine.gate.proposals import Grant
from engine.review import duties, recheck
from engine.review.oracle import Case, Worst, worst
from engine.review.recheck import check_record
from knowledge.door import fact
from knowledge.prolog.proof import ProofNode
from knowledge.values import Json, canonical, fraction, parse, text
from tests.engine.books_strategy import Desk, desks, unpriced
from tests.promises.account import Account
from tests.promises.cycles import Cycle, account_after, calm, cycles, position
from tests.promises.depth import whole_cycles
from tests.promises.proofs import complaints
from tests.promises.test_1_sound import account_of
from tests.promises.test_6_fail_closed import broken


def disagreements(readings: list[Json], account: Account) -> list[str]:
    """Readings of a record that the plain account does not bear out, or that are missing."""
    found = []
    rows = {row.name: row for row in account.rows}
    told = {one["measure"]: one for one in readings}
    unfilled = set(told) - set(rows)
    for name, row in rows.items():
        if name not in told:
            found.append(f"{name} is missing")
            continue
        base = account.before.worst(row)
        worst = account.worst(row)
        # Nothing that stood before excuses a convex limit.
        excused = row.allowed if row.limit.spec.form == "convex" else max(row.allowed, base)
        again = {"value": worst, "bound": row.allowed, "base": base, "slack": excused - worst}
        for part, value in again.items():
            if told[name][part] != text(value):
                found.append(f"{name}: {part} is {told[name][part]}, worked out again {text(value)}")
        if worst > row.allowed and worst > base:
            found.append(f"{name} does not hold")
    # Limits of one order are read for entries that got nothing, too; there is nothing to them.
    found += [f"{name} is about nothing" for name in unfilled if fraction(told[name]["value"]) != 0]
    return found


def tampered(readings: list[Json], at: int, part: str) -> list[Json]:
    """The readings with one number changed."""
    place = at % len(readings)
    other = {**readings[place], part: text(fraction(readings[place][part]) + Fraction(1, 1000))}
    return [*readings[:place], other, *readings[place + 1 :]]


@given(desks(), st.integers(0, 40), st.sampled_from(("value", "bound", "base", "slack")))
def test_checkable_by_a_stranger(desk: Desk, at: int, part: str) -> None:
    """Numeric verdicts and conditions can be re-checked from the record with exact arithmetic and no solver; policy
    verdicts from their proof tree, where each `\\+` lists what failed. The arithmetic and Z3 agree on every decision,
    or the verdict is *undetermined*.

    Present extent here: the numbers of a judgement, as the record writes them, against the plain account; any one of
    them changed is found. Conditions, policies, quantities and agreement are checked on whole cycles below. Left out of
    every re-check: what the rules concluded, and the nearest miss, which a replay covers.
    """
    judgement = desk.judged()
    readings = [reading_json(one) for one in judgement.readings]
    if unpriced(desk.portfolio, desk.market):
        # Without figures for what is held or worked there is nothing to compute, and nothing may be granted.
        assert judgement.grants == ()
        return
    account = account_of(desk)
    assert disagreements(readings, account) == []
    about = [one for one in readings if one["measure"] in {row.name for row in account.rows}]
    rest = [one for one in readings if one not in about]
    if about:
        assert disagreements([*tampered(about, at, part), *rest], account)
        assert disagreements([*about[: at % len(about)], *about[at % len(about) + 1 :], *rest], account)


# --- whole cycles -----------------------------------------------------------------------------------------------


def record_of(cycle: Cycle) -> Json:
    """What the log keeps of a decision, read back from its bytes."""
    return parse(canonical(cycle.decided().to_json()))


def wrong(record: Json, cycle: Cycle) -> list[str]:
    """Everything a stranger finds wrong with a record, from the values it names."""
    snapshot = cycle.snapshot
    found = check_record(record, snapshot, cycle.portfolio, cycle.limits)
    for verdict in record["verdicts"]:
        policy = verdict.get("policy")
        if policy is None:
            continue
        roots = [ProofNode.from_json(one) for one in policy["proofs"]]
        found += [one for root in roots for one in complaints(root, snapshot)]
        found += [f"the root of a proof `{root.goal}` does not hold" for root in roots if root.status != "holds"]
        names = {"permitted": "permitted(", "forbidden": "forbidden("}
        found += [f"{root.goal} is no proof" for root in roots if not root.goal.startswith(names[policy["outcome"]])]
    return found


NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+|/[0-9]+)?\Z")
REPLAYED = ("derived", "firings", "versions", "inputs", "proof", "miss", "policy", "schema")
"""Parts that a re-check takes as they are, or that are no numbers: a replay and the digests cover them."""


def numbers(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a record holds numbers that the arithmetic decides."""
    if isinstance(value, dict):
        for name in sorted(value):
            if name not in REPLAYED:
                yield from numbers(value[name], (*path, name))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from numbers(part, (*path, at))
    elif isinstance(value, str) and NUMBER.match(value):
        yield path


def changed(value: Json, path: tuple[str | int, ...]) -> Json:
    """A copy with the number at `path` raised by one."""
    copy = parse(canonical(value))
    place = copy
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = text(fraction(place[path[-1]]) + 1)
    return copy


@whole_cycles
@given(cycles(), st.data())
def test_checkable_by_a_stranger_in_whole_cycles(cycle: Cycle, data: st.DataObject) -> None:
    """A record bears out, and so do its numbers against the plain account; change any number of it and it does not."""
    record = record_of(cycle)
    assert wrong(record, cycle) == []
    decision = cycle.decided()
    if decision.readings:
        assert disagreements(record["readings"], account_after(cycle, decision)) == []
    places = sorted(numbers(record), key=str)
    if places:
        path = data.draw(st.sampled_from(places))
        assert wrong(changed(record, path), cycle), f"nobody noticed a change at {path}"


@contextmanager
def remembered_oracle() -> Iterator[None]:
    """Within, the oracle does not work out twice what it was asked with equal values: it is a function of them."""
    known: list[tuple[Case, list[Grant], Container[str] | None, list[Worst]]] = []

    def asked(case: Case, grants: Sequence[Grant], among: Container[str] | None = None) -> list[Worst]:
        for of, granted, limits, answer in known:
            if granted == list(grants) and limits == among and of == case:
                return answer
        known.append((case, list(grants), among, worst(case, grants, among)))
        return known[-1][3]

    with patch.object(recheck, "worst", asked), patch.object(duties, "worst", asked):
        yield


def test_any_number_of_one_record_is_guarded() -> None:
    """Each number of one record with a cut, a denial, an exit and a trailing stop, one after another."""
    cycle = calm("long", "long", "quiet", "short", positions=(position("JPM", 400, sessions=5),))
    blackout = fact("earnings", instrument="IBM", sessions=2)
    cycle = cycle.with_facts([*(one for one in cycle.facts if one.ref != "earnings(IBM)"), blackout])
    record = record_of(cycle)
    assert wrong(record, cycle) == []
    places = list(numbers(record))
    assert len(places) > 200
    with remembered_oracle():
        unnoticed = [path for path in places if not wrong(changed(record, path), cycle)]
    assert unnoticed == []


def proofs_of(record: Json) -> Iterator[Json]:
    """Every node of every policy proof, as its JSON."""
    waiting = [proof for verdict in record["verdicts"] if "policy" in verdict for proof in verdict["policy"]["proofs"]]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node["children"]


def test_a_proof_that_was_edited_is_found() -> None:
    """A comparison, a fact or a status changed anywhere in a policy's proof is found without Prolog."""
    cycle = calm("long", "short")
    blackout = fact("earnings", instrument="AAPL", sessions=2)
    cycle = cycle.with_facts([*(one for one in cycle.facts if one.ref != "earnings(AAPL)"), blackout])
    record = record_of(cycle)
    assert wrong(record, cycle) == []
    nodes = list(proofs_of(record))
    assert {node["status"] for node in nodes} >= {"holds", "fails", "absent"}
    for node in nodes:
        goal, status = node["goal"], node["status"]
        if node["source"] == "snapshot":
            other = re.sub(r"[0-9]+", lambda found: str(int(found[0]) + 7), goal)
        elif " =< " in goal:
            other = "9 =< 3" if status == "holds" else "1 =< 3"
        else:
            continue
        for edit in ({"goal": other}, {"status": "fails" if status == "holds" else "holds"}):
            node.update(edit)
            assert edit == {"goal": goal} or wrong(record, cycle), f"nobody noticed {edit} at {goal}"
            node.update({"goal": goal, "status": status})


def test_disagreement_grants_nothing() -> None:
    """A record of a disagreement bears out too: it says undetermined, and has no entry."""
    cycle = calm("long", "long")
    with broken("the solver finds everything broken"):
        record = record_of(cycle)
    assert {one["outcome"] for one in record["verdicts"]} == {"undetermined"}
    assert wrong(record, cycle) == []
    granted = cycle.decided().to_json()
    forged = {**record, "warrants": granted["warrants"]}
    assert wrong(forged, cycle)


def test_a_record_of_entries_that_could_not_be_judged_bears_out() -> None:
    """What `engine.entries.without_entries` writes is checkable too, exits and all."""
    cycle = calm("long", "quiet", positions=(position("IBM", 300, sessions=5),))
    for seam in ("the policies crash", "the limits crash", "a condition crashes"):
        with broken(seam):
            record = record_of(cycle)
        assert len(record["warrants"]) == 1
        assert wrong(record, cycle) == []
        assert wrong({**record, "warrants": []}, cycle)
