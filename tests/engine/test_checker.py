"""The checker for strangers: small, alone, and hard to deceive."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit.envelope import INLINED
from adapters.audit.log import LogReader
from adapters.exporting.export import export_jsonl
from engine import checker
from engine.checker import Said, complaints
from engine.limits.kinds import KINDS, MANDATORY
from engine.limits.model import When
from engine.orders.order import Role, Side
from engine.proof.prove import prove
from knowledge.values import Json, canonical, digest, fraction, parse, text
from tests.engine.books_strategy import RANK, Desk, desks
from tests.engine.desk_record import exported, reread, warrant
from tests.engine.small_desk import desk, entry, leaving, limit, limits, position, terms, working
from tests.engine.test_recheck import CYCLES
from tests.promises.cycles import Cycle, calm, cycles, rulebook
from tests.promises.depth import whole_cycles
from tests.promises.test_8_checkable_by_a_stranger import numbers
from tests.shared_run import SharedRun

pytest_plugins = ("tests.shared_run",)

FILE = Path(checker.__file__)


# --- the file -----------------------------------------------------------------------------------------------------


def test_it_can_be_read_in_one_sitting() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 135


def test_it_imports_nothing_but_the_standard_library() -> None:
    for node in ast.walk(ast.parse(FILE.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
        assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names}


def test_it_knows_every_kind_by_one_of_its_tables() -> None:
    known = {*checker.NUMERIC, *checker.CONDITIONS}
    assert {*checker.MANDATORY} == {*MANDATORY}
    assert known == {*KINDS}
    assert {*checker.NUMERIC} & {*checker.CONDITIONS} == set()


# --- a log in the hands of a stranger -----------------------------------------------------------------------------


def strangers(file: Path, records: bytes, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The file alone in a folder, run by a Python without anything of ours or anybody's packages."""
    alone = tmp_path / "checker.py"
    alone.write_bytes(file.read_bytes())
    (tmp_path / "records.jsonl").write_bytes(records)
    words = [sys.executable, "-I", "-S", "checker.py", "records.jsonl"]
    return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)


def lines_of(run: SharedRun) -> tuple[list[bytes], bytes]:
    out = BytesIO()
    with LogReader.read(run.store) as log:
        export_jsonl(log, out)
        return out.getvalue().splitlines(), log.root


def test_an_exported_log_bears_out(shared: SharedRun, tmp_path: Path) -> None:
    lines, root = lines_of(shared)
    ran = strangers(FILE, b"\n".join(lines), tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert root.hex() in ran.stdout
    assert f"{len(lines)} records" in ran.stdout


def test_what_was_changed_in_it_is_named(shared: SharedRun, tmp_path: Path) -> None:
    lines, root = lines_of(shared)
    at, line = next((at, line) for at, line in enumerate(lines) if b'"outcome":"granted"' in line)
    record = parse(line)
    record["readings"][0]["value"] = "1"
    ran = strangers(FILE, b"\n".join([*lines[:at], resealed(record), *lines[at + 1 :]]), tmp_path)
    assert ran.returncode == 1
    assert f"record {record['seq']} " in ran.stdout
    assert f"readings.{record['readings'][0]['measure']}.value: the record says 1, worked out again" in ran.stdout
    assert root.hex() not in ran.stdout


def test_a_record_whose_id_is_not_its_own_is_named(shared: SharedRun, tmp_path: Path) -> None:
    lines, _ = lines_of(shared)
    other = parse(lines[0])
    other["as_of"] = "2010-01-01T21:00:00Z"
    ran = strangers(FILE, canonical(other), tmp_path)
    assert ran.returncode == 1
    assert "record_id" in ran.stdout


@pytest.mark.parametrize("content", [b"no json", b"[]", b'{"kind":"decision"}', b"7", b'{"seq":1}'])
def test_what_is_no_export_is_no_failure_of_a_record(content: bytes, tmp_path: Path) -> None:
    ran = strangers(FILE, content, tmp_path)
    assert ran.returncode == 2
    assert "no export" in ran.stderr


def resealed(record: Json) -> bytes:
    """The line with the id that its content has: only the numbers can give it away."""
    kept = {name: value for name, value in record.items() if name not in {*INLINED, "law", "record_id"}}
    return canonical({**record, "record_id": digest(canonical(kept)).removeprefix("sha256:")[:16]})


# --- whole cycles -------------------------------------------------------------------------------------------------


def record_of(cycle: Cycle) -> Said:
    """What an export says of a decision."""
    law = cycle.limits.law
    values = {"snapshot": cycle.snapshot.to_json(), "portfolio": cycle.portfolio.to_json(), "law": law}
    told = {**cycle.decided().to_json(), **values, "limits": cycle.limits.source, "rulebook": rulebook().to_json()}
    return reread({"kind": "decision", **told})


@whole_cycles
@given(cycles())
def test_every_record_bears_out(cycle: Cycle) -> None:
    assert complaints(record_of(cycle)) == []


@cache
def known_records() -> dict[str, str]:
    return {name: json.dumps(record_of(cycle())) for name, cycle in CYCLES.items()}


def changed(record: Json, path: tuple[str | int, ...], by: int = 1) -> Said:
    """The record with the number at `path` moved."""
    copy = json.loads(json.dumps(record))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text(fraction(place[path[-1]]) + by)
    return reread(copy)


PLACES = 60
"""How many places of a record are changed, evenly spread; each takes a whole check."""
PARTS = ("states", "verdicts", "exits", "readings", "warrants")


def numeric_places(record: Json) -> Iterator[tuple[str | int, ...]]:
    """Where a record holds numbers that are worked out again.

    Left out: sizes, crowding, repairs (advice, no verdict), the corner of a convex limit, what conditions measured
    (they are held against their bounds), and of an entry that got nothing the prices and the target it asked for,
    which sizing makes and no limit may have read.
    """
    for part in PARTS:
        for path in numbers(record[part], (part,)):
            measured = ("findings" in path or part == "states") and path[-1] == "value"
            nothing = part == "verdicts" and len(path) == 3 and record[part][path[1]]["quantity"] == "0"
            asked = path[-1] == "target" or (nothing and path[-1] in ("limit_price", "stop_price"))
            if not (measured or asked or {"size", "crowding", "corner", "repairs"} & {*path}):
                yield path


@pytest.mark.parametrize("name", CYCLES)
def test_any_number_that_is_changed_is_noticed(name: str) -> None:
    record = reread(json.loads(known_records()[name]))
    assert complaints(record) == []
    places = list(numeric_places(record))
    assert len(places) > 50
    spread = places[:: max(1, len(places) // PLACES)]
    missed = [path for path in spread if not complaints(changed(record, path))]
    assert missed == []


def test_a_condition_that_says_it_holds_is_held_against_its_bound() -> None:
    record = reread(json.loads(known_records()["calm"]))
    for at, verdict in enumerate(record["verdicts"]):
        for place, one in enumerate(verdict.get("findings", ())):
            if one["bound"] != "yes":
                beyond = -10_000 if one["limit"] == "model.heads" else 10_000
                assert complaints(changed(record, ("verdicts", at, "findings", place, "value"), beyond)), one


@pytest.mark.parametrize("part", ["warrants", "readings", "verdicts", "exits"])
def test_what_is_left_out_is_noticed(part: str) -> None:
    record = json.loads(known_records()["held"])
    assert record[part]
    for at in range(len(record[part])):
        less = [one for place, one in enumerate(record[part]) if place != at]
        assert complaints(reread({**record, part: less})), (part, at)


@pytest.mark.parametrize("name", [*INLINED, "law"])
def test_an_input_that_is_another_is_noticed(name: str) -> None:
    record = json.loads(known_records()["calm"])
    other = json.loads(json.dumps(record))
    other[name] = {**other[name], "more": 1} if isinstance(other[name], dict) else other[name] + "#"
    assert any("worked out again it is sha256:" in one or "not checked" in one for one in complaints(reread(other)))


def relawed(change: Callable[[Json], Any]) -> Said:
    """A record under a law that somebody has rewritten, and named by its digest."""
    record = json.loads(known_records()["calm"])
    change(record["law"])
    return reread({**record, "law_digest": digest(canonical(record["law"]))})


@pytest.mark.parametrize(
    "change",
    [
        lambda law: law["limits"][0].update(kind="moonshine"),
        lambda law: law["limits"][0].update(except_on="friday"),
        lambda law: law["limits"][0].update(when={"moon": "full"}),
        lambda law: law["scenarios"][0].update(holidays=["banks"]),
        lambda law: law["parameters"].update(grace="1"),
    ],
)
def test_what_it_does_not_know_it_does_not_pass(change: Callable[[Json], Any]) -> None:
    assert [one for one in complaints(relawed(change)) if one.startswith("not checked")]


def test_a_record_that_names_no_law_is_not_taken_for_checked() -> None:
    """A log of the first release: nothing binds the law that the export reads from its text."""
    record = json.loads(known_records()["calm"])
    record.pop("law_digest")
    assert [one for one in complaints(reread(record)) if one.startswith("law_digest")]


# --- random desks -------------------------------------------------------------------------------------------------


@given(desks())
def test_it_agrees_with_the_gate_on_random_desks(desk: Desk) -> None:
    assert complaints(exported(desk, desk.judged())) == []


@given(desks(), st.data())
def test_a_changed_number_of_a_random_desk_is_noticed(desk: Desk, data: st.DataObject) -> None:
    record = exported(desk, desk.judged())
    places = [path for path in numeric_places(record) if "findings" not in path]
    if places:
        path = data.draw(st.sampled_from(places))
        assert complaints(changed(record, path)), path


# --- what random desks seldom have --------------------------------------------------------------------------------


def bears_out(of: Desk) -> list[Any]:
    """The rulings of a desk whose record bears out."""
    judgement = of.judged()
    assert complaints(exported(of, judgement)) == []
    return list(judgement.rulings)


def test_more_instruments_that_move_than_corners_are_tried() -> None:
    """Beyond ten, each factor and each residual counts at its own worst."""
    names = [f"A{at:02}" for at in range(12)]
    market = {}
    for at, name in enumerate(names):
        loads = Fraction(1, 100), Fraction((-1) ** at, 90 + at)
        market[name] = terms(name, factors=loads, residual=Fraction(at + 1, 50_000))
    for held in (9, 10, 11):
        others, known = names[1 : held + 1], {name: market[name] for name in names[: held + 1]}
        stops = [working(name, Side.SELL, Role.STOP, 40, stop_price="90") for name in others]
        holdings = [position(name, 40) for name in others]
        of = desk([entry("A00", 900)], limits(limit("volatility", "0.2")), holdings, stops, market=known)
        assert bears_out(of)[0].outcome == "cut"
        assert not [*solver(of)]


def test_what_does_not_move_is_no_corner() -> None:
    """Ten move and three stand still: every corner is tried, and what stands still is in each of them."""
    names = [f"A{at:02}" for at in range(13)]
    market = {name: terms(name, factors=(Fraction((-1) ** at, 90 + at),)) for at, name in enumerate(names)}
    stops = [working(name, Side.SELL, Role.STOP, 40, stop_price="90") for name in names[1:10]]
    of = desk([entry("A00", 900)], limits(limit("volatility", "0.1")), [position(name, 40) for name in names[1:]],
              stops, market=market)  # fmt: skip
    assert bears_out(of)[0].outcome == "cut"
    assert not [*solver(of)]


def test_of_more_than_eight_earlier_grants_one_set_is_named() -> None:
    entries = [entry(f"A{at:02}", 50, conviction=90 - at) for at in range(11)]
    last = bears_out(desk(entries, limits(limit("gross", "0.5"))))[-1]
    assert (last.outcome, len(last.cores), len(last.cores[0].grants)) == ("denied", 1, 10)


def crowded(count: int, shares: int) -> Desk:
    """So many grants of 5,000 each of at most 60,000, and one more that asks for so many shares at once."""
    entries = [entry(f"A{at:02}", 50, conviction=90 - at) for at in range(count)]
    market = {one.instrument: terms(one.instrument) for one in entries} | {"ZZ": terms("ZZ", lot=shares)}
    return desk([*entries, entry("ZZ", shares, conviction=10)], limits(limit("gross", "0.6")), market=market)


def test_of_eight_earlier_grants_every_smallest_set_is_named() -> None:
    """Beside 45,000, more than 15,000: any four of the eight."""
    last = bears_out(crowded(8, 450))[-1]
    assert (last.outcome, {len(core.grants) for core in last.cores}, len(last.cores)) == ("denied", {4}, 70)


def test_of_more_than_eight_earlier_grants_none_is_named_without_need() -> None:
    """Beside 45,000, more than 15,000: of eleven the last four are left."""
    last = bears_out(crowded(11, 450))[-1]
    assert [core.grants for core in last.cores] == [("A07", "A08", "A09", "A10")]


def test_a_reason_that_is_left_out_is_noticed() -> None:
    """Also where the limit is named all the same."""
    record = exported(of := crowded(8, 450), of.judged())
    (denied,) = [one for one in record["verdicts"] if one["outcome"] == "denied"]
    denied["cores"] = denied["cores"][1:]
    (only,) = complaints(record)
    assert only.startswith("verdicts.ZZ.cores: ")


@pytest.mark.parametrize(
    "change", [{"quantity": "1"}, {"side": "buy"}, {"reduce_only": False}, {"stop_price": "1"}], ids=str
)
def test_a_stop_that_does_not_protect_is_noticed(change: dict[str, Any]) -> None:
    """Also where the warrant has the id that this content has."""
    of = desk([entry("AA", 600)], limits(limit("gross", "0.5")))
    record = exported(of, of.judged())
    (granted,) = record["warrants"]
    assert complaints(record) == []
    record["warrants"] = [warrant(granted["order"], {**granted["protective_stop"], **change})]
    assert complaints(reread(record))


def test_an_exit_of_a_single_share_is_an_exit() -> None:
    of = desk([], limits(limit("gross", 1)), [position("AA", 1)], exits=[leaving("AA", Side.SELL, 1)])
    assert bears_out(of) == []


def test_an_exit_of_more_than_the_position_is_noticed() -> None:
    of = desk([], limits(limit("gross", 1)), [position("AA", 100)], exits=[leaving("AA", Side.SELL, 101)])
    assert [one for one in complaints(exported(of, of.judged())) if one.startswith("exits.AA")]
    twice = desk([], limits(limit("gross", 1)), [position("AA", 100)], exits=[leaving("AA", Side.SELL, 60)] * 2)
    assert [one for one in complaints(exported(twice, twice.judged())) if one.startswith("exits.AA")]


@pytest.mark.parametrize("fields", [{"fault": "the worker died"}, {"proof": {"fault": "it does not know"}}], ids=str)
def test_what_goes_out_in_spite_of_a_fault_is_noticed(fields: dict[str, Any]) -> None:
    of = desk([entry("AA", 600)], limits(limit("gross", "0.5")))
    record = {**exported(of, of.judged()), **fields}
    assert complaints(reread(record))
    bare = [{**one, "outcome": "undetermined", "quantity": "0"} for one in record["verdicts"]]
    assert complaints(reread({**record, "verdicts": bare}))
    assert complaints(reread({**record, "verdicts": bare, "warrants": []})) == []
    for half in ({"quantity": "7"}, {"outcome": "granted"}):
        said = [{**one, **half} for one in bare]
        assert complaints(reread({**record, "verdicts": said, "warrants": []}))


def test_a_trading_state_that_its_limits_do_not_name_is_noticed() -> None:
    record = record_of(calm("long", day_pnl=Decimal(-25_000), nav=Decimal(975_000)))
    assert (complaints(record), record["trading_state"]) == ([], "reducing")
    assert complaints(reread({**record, "trading_state": "active"}))
    record = reread(json.loads(known_records()["calm"]))
    assert complaints(reread({**record, "trading_state": "halted"}))


def test_a_grant_beside_a_position_without_figures_is_noticed() -> None:
    """Although every condition that is named holds: none of them says what is missing."""
    held = [position("ZZ", 10)]
    of = desk([entry("AA", 10)], limits(limit("gross", 1)), held, market={"AA": terms("AA")})
    assert [one for one in complaints(exported(of, of.judged())) if "figures are missing" in one]


@pytest.mark.parametrize("part", ["reference", "bar", "average-volume-20", "beta-252", "volatility-20", "atr-14"])
def test_an_instrument_without_one_of_its_figures_has_none(part: str) -> None:
    """Nothing can be granted in it: what was granted is seen to be."""
    of = desk([entry("AA", 10)], limits(limit("gross", 1)))
    record = exported(of, of.judged())
    assert complaints(record) == []
    snapshot = record["snapshot"]
    facts = [one for one in snapshot["facts"] if part not in (one[0], one[1].get("name"))]
    snapshot = {**snapshot, "facts": facts}
    inputs = {**record["inputs"], "snapshot": digest(canonical(snapshot))}
    record["warrants"] = [warrant(one["order"], one["protective_stop"]) for one in record["warrants"]]
    found = complaints(reread({**record, "snapshot": snapshot, "inputs": inputs}))
    assert found and not any(one.startswith("inputs") for one in found)


def test_a_working_entry_without_a_stop_is_priced_only_where_it_buys() -> None:
    """What is bought loses at most all of it; what is sold short has no end."""
    asked, under = [entry("AA", 10)], limits(limit("gross", 1), limit("open_risk", 1))
    buying = desk(asked, under, [], [working("BB", Side.BUY, Role.ENTRY, 10, "100")])
    assert bears_out(buying)[0].outcome == "granted"
    selling = desk(asked, under, [], [working("BB", Side.SELL, Role.ENTRY, 10, "100")])
    assert [one for one in complaints(exported(selling, selling.judged())) if "figures are missing" in one]


def test_a_correlation_at_the_threshold_joins() -> None:
    of = desk([entry("AA", 999)], limits(limit("cluster_gross", "0.4")), [position("BB", 100)], clusters=[("AA", "BB")])
    record = exported(of, of.judged())
    assert (
        record["readings"][0]["measure"] == "cluster_gross[AA+BB]" and record["law"]["parameters"]["cluster_threshold"]
    )
    least = record["law"]["parameters"]["cluster_threshold"]
    for value, joined in ((least, True), (f"-{least}", True), (text(fraction(least) - Fraction(1, 100)), False)):
        for template, fact in record["snapshot"]["facts"]:
            if template == "correlations":
                fact["values"] = [value for _ in fact["values"]]
        record["inputs"]["snapshot"] = digest(canonical(record["snapshot"]))
        assert (complaints(record) == []) is joined, value


def test_what_asks_for_less_than_a_lot_is_denied_for_its_size() -> None:
    of = desk([entry("AA", 50)], limits(limit("gross", 1)), market={"AA": terms("AA", lot=100)})
    (ruling,) = bears_out(of)
    assert (ruling.outcome, [core.limit for core in ruling.cores]) == ("denied", ["sizing.target"])


def test_more_than_was_asked_for_is_noticed() -> None:
    """300 of 400 are granted, as many as the limit admits; had 200 been asked for, nothing else would be wrong."""
    of = desk([entry("AA", 400)], limits(limit("gross", "0.3")), market={"AA": terms("AA", lot=100)})
    assert [(one.outcome, one.quantity) for one in bears_out(of)] == [("cut", 300)]
    record = exported(of, of.judged())
    record["verdicts"][0]["target"] = "200"
    (only,) = complaints(record)
    assert only.startswith("verdicts.AA.quantity: 3 lots or units, of 2")


def collared(*rows: tuple[str, str]) -> Desk:
    """An entry 5 % beyond its reference, under collars of these bounds that begin on these days."""
    under = limits(limit("gross", 1))
    bare = [one for one in under.limits if one.kind != "price_collar"]
    collars = [limit("price_collar", bound, effective=begins) for bound, begins in rows]
    of = desk([entry("AA", 10, limit_price="105")], under)
    return of.with_limits([*bare, *collars])


def test_a_mandatory_limit_binds_before_its_first_day() -> None:
    """The first of its rows: no desk is without it. The day is 2011-01-03."""
    for rows, outcome in (
        ([("0.1", "2012-01-01"), ("0.01", "2013-01-01")], "granted"),
        ([("0.01", "2012-01-01"), ("0.1", "2013-01-01")], "denied"),
    ):
        of = collared(*rows)
        assert bears_out(of)[0].outcome == outcome
        assert not [*solver(of)]


@pytest.mark.parametrize(
    ("when", "granted"),
    [
        (When(figure=RANK, above=Fraction(1, 2)), 500),
        (When(figure=RANK, above=Fraction(2, 5)), 300),
        (When(figure=RANK, below=Fraction(1, 2)), 500),
        (When(figure=RANK, below=Fraction(3, 5)), 300),
        (When(figure=RANK, above=Fraction(2, 5), below=Fraction(1, 2)), 500),
        (When(figure="nobody-knows", above=Fraction(2, 5)), 300),
    ],
    ids=str,
)
def test_a_limit_waits_until_its_figure_is_beyond_the_end(when: When, granted: int) -> None:
    """The figure is 1/2, which is neither above nor below 1/2; what is not known binds."""
    of = desk([entry("AA", 999)], limits(limit("gross", "0.3", when=when), limit("net_long", "0.5")))
    of = replace(of, market=replace(of.market, figures={RANK: Fraction(1, 2)}))
    assert bears_out(of)[0].quantity == granted
    assert not [*solver(of)]


def solver(of: Desk) -> Iterator[str]:
    """Z3 says the same."""
    proof = prove(of.portfolio, of.exits, of.judged(), of.market, of.limits, of.regime)
    if proof.fault is not None:
        yield proof.fault


def test_what_sets_a_state_does_not_hold_at_its_bound() -> None:
    record = json.loads(known_records()["calm"])
    law = {one["id"]: one for one in record["law"]["limits"]}
    tried = 0
    for at, one in enumerate(record["states"]):
        if law[one["limit"]].get("then") and one["bound"] != "yes" and one["value"] != "unknown":
            states = [{**other, "value": other["bound"]} if place == at else other
                      for place, other in enumerate(record["states"])]  # fmt: skip
            assert [each for each in complaints(reread({**record, "states": states})) if ".holds" in each], one
            tried += 1
    assert tried > 1


def test_another_currency_without_a_rate_has_no_price() -> None:
    of = desk([entry("AA", 10)], limits(limit("gross", 1)), market={"AA": terms("AA", currency="EUR")})
    record = exported(of, of.judged())
    assert complaints(record) == []
    record["snapshot"]["facts"] = [one for one in record["snapshot"]["facts"] if one[0] != "rate"]
    record["inputs"]["snapshot"] = digest(canonical(record["snapshot"]))
    assert complaints(reread(record))


@pytest.mark.parametrize("at", [0, -1])
def test_a_condition_on_the_whole_desk_that_is_left_out_is_noticed(at: int) -> None:
    record = json.loads(known_records()["calm"])
    assert len(record["states"]) > 1 and all(one["holds"] for one in record["states"])
    gone = record["states"].pop(at)
    assert [one for one in complaints(reread(record)) if one.startswith("states (limits)") and gone["limit"] in one]
