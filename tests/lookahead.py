"""Look-ahead: every decision of a run, made again with the future cut off (`python -m tests.lookahead [DESK]`).

For each session the feed is cut after it, and everything is made anew from what is left: cleaned bars, measures,
actions, heads and their records, facts, snapshot, decision. Then are compared, with those of the whole feed:

- *bars*: the session's bars and corporate actions, which make its fills and so the next portfolio;
- *snapshot*: the digest of all facts;
- *decision*: the record, field by field, decided again by a worker from the new snapshot and the record's portfolio.

By induction over the sessions the portfolio is then free of the future too. It prints a line for each month and every
difference, and ends with status 1 if there is any. Without a folder it runs the shipped desk first, in a temporary one.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from adapters.audit.log import LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.desk.making import make_desk
from adapters.running.backtest import remaining, run
from adapters.running.session import opened
from adapters.running.worker import Worker
from adapters.running.world import World, read_law
from engine.orders.portfolio import Portfolio
from engine.review.replay import differences
from knowledge.values import Json, parse
from tests.made_feeds import CutFeed

LAST = "2013-03-01"


def compare(desk: Desk, whole: World, chosen: Sequence[str] = ()) -> Iterator[tuple[Json, list[str]]]:
    """Each decision record of the desk's log (or those chosen by id), and what the future changed in it: nothing."""
    law = read_law(desk)
    with LogReader.read(desk.store) as log, Worker(law.rulebook, law.limits) as worker:
        for record in log.records(["decision"]):
            if not chosen or record["record_id"] in chosen:
                portfolio = Portfolio.from_json(parse(log.blob(record["inputs"]["portfolio"])))
                yield record, _changed(record, portfolio, whole, worker)


def _changed(record: Json, portfolio: Portfolio, whole: World, worker: Worker) -> list[str]:
    day = record["as_of"][:10]
    cut = replace(whole, feed=CutFeed(whole.feed, day))
    if cut.survey.market.panel.sessions[-1] != day:
        return [f"feed: cut after {day}, it ends with {cut.survey.market.panel.sessions[-1]}"]
    found = []
    if cut.bars(day) != whole.bars(day):
        found.append("bars: differ")
    if cut.actions.get(day, ()) != whole.actions.get(day, ()):
        found.append("actions: differ")
    snapshot = cut.snapshot(day)
    if snapshot.digest != record["inputs"]["snapshot"]:
        found.append("snapshot: differs")
    return found + differences(record, worker.decide(snapshot, portfolio))


def main(folder: Path) -> int:
    """Compare every decision of the desk in `folder`; the exit status."""
    desk = read_desk(folder)
    whole = World.of(desk)
    months: Counter[str] = Counter()
    changed = 0
    for record, found in compare(desk, whole):
        month = record["as_of"][:7]
        if months and month not in months:
            print(f"{max(months)}  {months[max(months)]:>3} decisions", flush=True)
        months[month] += 1
        changed += bool(found)
        for one in found:
            print(f"  {record['as_of'][:10]} {record['record_id']} {one}", flush=True)
    print(f"{max(months)}  {months[max(months)]:>3} decisions")
    print(f"{sum(months.values())} decisions with the future cut off: {changed or 'none'} changed")
    return 1 if changed else 0


def _made(folder: Path) -> Path:
    """The shipped desk, run in this folder up to the end of its feed."""
    make_desk(folder, None)
    desk = read_desk(folder)
    world = World.of(desk)
    with opened(desk, world) as runner:
        for _ in run(runner, remaining(runner, world.first_decision, LAST)):
            pass
    return folder


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as name:
        sys.exit(main(_made(Path(name) / "desk")))
