"""The whole question: two rulebooks, in meaning and in practice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.audit.kinds import period_of
from adapters.backtest.run import Asked
from adapters.demo.progress import Progress
from adapters.desk.folder import Desk
from adapters.rulediff.books import Book, book_at, book_of_record, other_policies
from adapters.rulediff.meant import meant
from adapters.rulediff.telling import Recorded, Told

NEVER = "nothing is recorded here yet; `--from` and `--to` replay both rulebooks over bars"
NO_PROFIT = "for profit and turnover give `--from` and `--to`: both rulebooks are then replayed over those bars"


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asks for."""

    old: Path | None = None
    new: Path | None = None
    at: str | None = None
    """The session whose rulebook is the old one."""
    cycles: int = 500
    """Recorded cycles to look at, at most."""
    meaning: bool = True
    jobs: int = 1
    over: Asked | None = None
    """The bars to replay, instead of recorded cycles."""


def asked(desk: Desk, question: Question, progress: Progress) -> Told:
    """The answer. Raises `Faulty` for what can not be read or decided by, `Failed` for engines and stores."""
    old = book_of_record(desk, question.at) if question.old is None else book_at(question.old, desk)
    new = book_at(desk.folder if question.new is None else question.new, desk)
    meaning = None
    if question.meaning:
        progress.phase("comparing what the rules mean")
        meaning = meant(old.rulebook, new.rulebook)
    policies = other_policies(old.rulebook, new.rulebook)
    if question.over is not None:
        from adapters.rulediff.bars import over_bars

        found = over_bars(desk, (old.rulebook, new.rulebook), question.over, progress)
        return Told(old, new, meaning, policies, bars=found)
    recorded = _recorded(desk, old, new, question, progress) if question.cycles else None
    notes = () if question.cycles == 0 else (NEVER,) if recorded is None else (NO_PROFIT,)
    return Told(old, new, meaning, policies, recorded, notes=notes)


def _recorded(desk: Desk, old: Book, new: Book, question: Question, progress: Progress) -> Recorded | None:
    from adapters.answers.lookup import reading
    from adapters.rulediff.recorded import decided_again, stretch

    if not desk.store.exists():
        return None
    with reading(desk) as log:
        found = stretch(log, question.cycles)
        if not found.records:
            return None
        progress.phase("deciding recorded cycles under both rulebooks")
        compared = decided_again(log, found, old.rulebook, new.rulebook, question.jobs, progress)
    first, last = period_of(found.records[0]), period_of(found.records[-1])
    return Recorded(len(found.records), first, last, found.left_out, compared)
