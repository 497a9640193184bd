"""What differs between two runs is told with the input that made it so, and what follows is told under it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog
from adapters.bars.feeds import Feed
from adapters.comparing.comparison import Comparison, compare
from adapters.comparing.sides import opened as run_opened
from adapters.comparing.sides import said_by
from adapters.comparing.text import comparison_json, comparison_lines
from adapters.desk.folder import Desk, read_desk
from adapters.running.backtest import remaining, run
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.world import World
from advisors.quality import Rows
from tests.shared_run import LAST, SharedRun

FIRST, SOON = "2011-01-26", "2011-02-03"
"""Around the first entry of the shared run, which is decided on 2011-01-28 and filled on 2011-01-31."""
Edit = Callable[[Desk], None]


@dataclass(frozen=True)
class OtherBar:
    """A feed in which one instrument was a little dearer on one day."""

    whole: Feed
    instrument: str
    day: str

    def series(self) -> tuple[Rows, ...]:
        return tuple(map(self._changed, self.whole.series()))

    def index(self) -> Rows | None:
        return self.whole.index()

    def sessions(self) -> tuple[str, ...]:
        return self.whole.sessions()

    def fingerprint(self) -> str:
        return f"{self.whole.fingerprint()} {self.instrument} {self.day}"

    def _changed(self, rows: Rows) -> Rows:
        if rows.instrument != self.instrument:
            return rows
        grids = {name: getattr(rows, name).copy() for name in ("open", "high", "low", "close", "adj_close")}
        for grid in grids.values():
            grid[rows.dates.index(self.day)] *= 1.004
        return replace(rows, **grids)


def varied(
    shared: SharedRun, folder: Path, edit: Edit = lambda desk: None, last: str = SOON, feed: Feed | None = None
) -> Path:
    """A run of the shared desk with something changed."""
    desk = shared.bare(folder)
    edit(desk)
    desk = read_desk(folder)
    world = World(desk, shared.world().instruments, feed) if feed else shared.world_of(desk)
    with opened(desk, world) as runner:
        decide(runner, last)
    return folder


def decide(runner: Runner, last: str) -> None:
    """Decide what is left up to this session."""
    for _ in run(runner, remaining(runner, FIRST, last)):
        pass


def replaced(file: str, before: str, after: str) -> Edit:
    """An edit of one of the desk's files."""

    def edit(desk: Desk) -> None:
        text = (desk.folder / file).read_text(encoding="utf-8")
        assert re.search(before, text), (file, before)
        (desk.folder / file).write_text(re.sub(before, after, text, count=1), encoding="utf-8")

    return edit


def compared(one: Path, two: Path) -> Comparison:
    with run_opened(one) as a, run_opened(two) as b:
        return compare(a, b)


@pytest.fixture(scope="module")
def plain(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that the others are compared with."""
    return varied(shared, tmp_path_factory.mktemp("plain") / "desk")


def told(found: Comparison) -> list[tuple[str, str, str]]:
    """Cycle, instrument and cause of each origin."""
    return [(one.label, one.instrument, one.cause.kind) for one, _ in found.origins()]


def test_a_run_is_the_same_as_itself(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["compare", str(plain), str(plain)]) == 0
    assert capsys.readouterr().out.endswith("7 cycles in both, 7 of them decided the same\nno difference\n")
    found = compared(plain, plain)
    assert (found.identical, found.both, found.same, list(found.origins())) == (True, 7, 7, [])


def test_a_run_that_went_on_is_longer_and_not_otherwise(plain: Path, shared: SharedRun) -> None:
    found = compared(shared.folder, plain)
    assert not found.identical
    assert (found.differences, found.quiet, found.only["b"]) == ([], {}, [])
    assert (found.only["a"][0], found.only["a"][-1]) == ("2011-01-03", LAST)


def test_other_costs_show_where_something_was_filled(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    other = varied(shared, tmp_path / "o", replaced("warrant.toml", r"slippage_bps = 2 ", "slippage_bps = 1 "))
    found = compared(plain, other)
    assert told(found) == [("2011-01-31", "", "costs")]
    details = found.differences[0].cause.details
    assert details[0] == "slippage_bps: 2 -> 1"
    assert "20110128T210000Z-IBM-entry price: 159.22 -> 159.2" in details
    assert found.quiet["portfolio"].first > "2011-01-31"


def test_another_bound_is_named_where_it_bound(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    edit = replaced("limits.yaml", r"(id: model.interval,.*?bound: )3 %", r"\g<1>2 %")
    found = compared(plain, varied(shared, tmp_path / "o", edit))
    # in A the stop of what was bought fills on 2011-02-01, so on 2011-02-03 both have a candidate again
    days = {"2011-01-27": "MSFT", "2011-01-28": "IBM", "2011-02-03": "IBM"}
    assert told(found) == [(day, name, "limits") for day, name in days.items()]
    first, following = list(found.origins())[1]
    assert first.cause.details == ("limit model.interval bound: 0.03 -> 0.02",)
    assert (first.a["outcome"], first.b["outcome"], first.b["reasons"]) == ("cut", "denied", ["model.interval"])
    assert {one.cause.kind for one in following} == {"portfolio"}
    assert {one.instrument for one in following} == {"IBM"}
    # the bound is another one in every cycle, also where it refused nothing
    assert found.quiet["limits"].first == FIRST


def test_another_rule_is_named_where_it_fired(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    edit = replaced("rules/book/entry.clp", r"score&:\(>= \?score 0.75\)", "score&:(>= ?score 0.99)")
    found = compared(plain, varied(shared, tmp_path / "o", edit))
    assert ("2011-01-28", "IBM", "rulebook") in told(found)
    for first, _ in found.origins():
        assert "rule swing-long: fired only in A" in first.cause.details
    assert found.quiet["rulebook"].details == ("rule swing-long: is another one",)


def test_other_words_in_a_rulebook_are_told_and_change_nothing(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    found = compared(plain, varied(shared, tmp_path / "o", replaced("rules/book/entry.clp", r"\A", "; a remark\n")))
    assert (told(found), found.identical) == ([], False)
    assert found.quiet["rulebook"].details == ("the text of rules: other comments, files or order",)


def test_other_facts_are_named_by_slot(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    feed = OtherBar(shared.world().feed, "IBM", "2011-01-28")
    found = compared(plain, varied(shared, tmp_path / "o", feed=feed))
    first, _ = next(iter(found.origins()))
    assert (first.instrument, first.cause.kind) == ("IBM", "facts")
    assert any(one.startswith("bar(IBM) close: ") for one in first.cause.details)
    assert not any("IBM" not in one and ("AAPL" in one or "MSFT" in one) for one in first.cause.details)
    assert min(one.label for one in found.differences) == "2011-01-28"


def test_what_follows_from_a_difference_is_told_under_it(shared: SharedRun, tmp_path: Path) -> None:
    edit = replaced("limits.yaml", r"(id: model.interval,.*?bound: )3 %", r"\g<1>2.9 %")
    found = compared(shared.folder, varied(shared, tmp_path / "o", edit, last="2011-02-22"))
    places = [place for place, one in enumerate(found.differences) if one.follows is None]
    for one in found.differences:
        if one.follows is not None:
            origin = found.differences[one.follows]
            assert one.follows in places
            assert origin.label < one.label
            assert one.cause.kind == "portfolio"
    assert comparison_json(found)["identical"] is False
    listed = sum(1 + len(one["following"]) for one in comparison_json(found)["origins"])
    assert listed == len(found.differences)


def test_another_capital_is_an_origin_before_any_decision(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    other = varied(shared, tmp_path / "o", replaced("warrant.toml", r"capital = 1_000_000", "capital = 500_000"))
    found = compared(plain, other)
    origins = list(found.origins())
    assert told(found) == [(FIRST, "", "account")]
    assert origins[0][0].cause.details == ("capital: 1000000 -> 500000",)
    # half the money, half the shares
    assert ("2011-01-28", "IBM") in [(one.label, one.instrument) for one in origins[0][1]]
    text = "\n".join(comparison_lines(found))
    assert "because of other account: capital: 1000000 -> 500000" in text
    assert re.search(r"more follow, 2011-01-27 to .*IBM", text)


def test_a_person_between_two_cycles_is_named(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    folder = varied(shared, tmp_path / "o", last="2011-01-27")
    assert cli.run(["kill", "--desk", str(folder), "--who", "Ada", "--why", "a test"]) == 0
    desk = read_desk(folder)
    with opened(desk, shared.world_of(desk)) as runner:
        decide(runner, SOON)
    found = compared(plain, folder)
    assert told(found)[0] == ("2011-01-28", "", "person")
    assert found.differences[0].cause.details[0].endswith("killed Ada: only in B")
    assert ("IBM", 0) in [(one.instrument, one.follows) for one in found.differences]


def test_another_program_that_decides_the_same_is_told_and_no_difference(plain: Path, tmp_path: Path) -> None:
    other = tmp_path / "o.sqlite"
    with run_opened(plain) as run, AuditLog.open(other) as log:
        for record in run.log:
            body = {k: v for k, v in record.items() if k not in ("format", "kind", "seq", "blobs", "record_id")}
            if record["kind"] == "start":
                body |= {"program": "sha256:" + "0" * 64, "versions": {**body["versions"], "numpy": "0.1"}}
            names = {*record.get("blobs", ()), *(record.get("inputs") or {}).values()}
            log.append(record["kind"], body, {name: run.log.blob(name) for name in names})
    found = compared(plain, other)
    assert found.identical
    assert [one.split(":")[0] for one in found.parts["program"]] == ["program", "package numpy"]


def test_a_cycle_that_one_run_lost_is_a_fault(plain: Path, shared: SharedRun, tmp_path: Path) -> None:
    desk = shared.bare(tmp_path / "o")
    world = shared.world_of(desk)
    with opened(desk, world) as runner:
        for day in world.sessions(FIRST, SOON):
            if day == "2011-01-28":
                runner.worker.close()
                runner.worker.program = "raise SystemExit(7)"
            try:
                runner.cycle(day)
            finally:
                type(runner.worker).program and vars(runner.worker).pop("program", None)
    found = compared(plain, desk.folder)
    assert told(found)[0] == ("2011-01-28", "", "fault")
    assert "B: the worker was lost" in found.differences[0].cause.details[0]


def test_the_same_for_machines(plain: Path, shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["compare", str(shared.folder), str(plain), "--json"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["a"]["root"] == shared.root.hex()
    assert (value["identical"], value["cycles"]["both"], value["origins"]) == (False, 7, [])


@pytest.mark.parametrize("made", ["nothing", "folder", "file"])
def test_what_is_no_run_is_a_fault_of_the_caller(
    plain: Path, tmp_path: Path, made: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "x"
    if made == "folder":
        place.mkdir()
    elif made == "file":
        place.write_text("no log\n")
    assert cli.run(["compare", str(plain), str(place)]) == 2
    assert "name the folder of a desk or a run" in capsys.readouterr().err
    shutil.rmtree(place, ignore_errors=True)


def test_lists_that_belong_together_are_told_value_by_value() -> None:
    lists = {"instrument": "AAPL", "others": ["IBM", "MSFT"], "values": ["0.5", "-0.25"]}
    assert list(said_by("correlations", lists)) == [
        (("correlations", "AAPL", "IBM"), {"values": "0.5"}),
        (("correlations", "AAPL", "MSFT"), {"values": "-0.25"}),
    ]
    rate = {"currency": "USD", "value": "1"}
    assert list(said_by("rate", rate)) == [(("rate", "USD"), rate)]
