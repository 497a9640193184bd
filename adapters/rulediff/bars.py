"""Two rulebooks over one stretch of bars: two backtests of one desk that differ in nothing but the rulebook.

Rules:
- both run as `warrant backtest` does, with the limits, instruments, settings and models of the desk, and are compared
  as `warrant compare` does: a decision that differs because the books came apart is told under what parted them;
- here each rulebook lives with what it bought: profit and loss, costs and turnover are those of the run;
- what the profit and loss of a stretch is worth is said with it, from the number of differences and the interval of
  the mean daily difference.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.audit.log import LogReader
from adapters.backtest.place import STORE, for_backtest
from adapters.backtest.run import Asked, backtest
from adapters.calendars.special import OWN
from adapters.comparing.comparison import Comparison, compare
from adapters.comparing.sides import opened
from adapters.demo.progress import Progress
from adapters.desk.folder import SETTINGS, Desk, read_desk, refuse_packaged
from adapters.desk.making import make_desk
from adapters.frame import Failed
from adapters.reports.performance import Estimate, excess
from adapters.reports.results import Results
from knowledge.faults import Faulty
from knowledge.values import Json
from rules.rulebook import Rulebook
from rules.texts import read_texts


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. Money in the desk's currency, after costs."""

    nav: Fraction
    profit: Fraction
    costs: Fraction
    """Commission and slippage, which the profit has borne already."""
    traded: Fraction
    """The value of all executions."""
    turnover: float
    """The same as a multiple of the mean NAV."""
    fills: int
    entries: int
    """Candidates of which anything was granted."""

    def to_json(self) -> Json:
        """The canonical JSON value; money as text."""
        money = {name: f"{float(getattr(self, name)):.2f}" for name in ("nav", "profit", "costs", "traded")}
        return {**money, "turnover": round(self.turnover, 4), "fills": self.fills, "entries": self.entries}


@dataclass(frozen=True, slots=True)
class OverBars:
    """Both runs."""

    first: str
    last: str
    sessions: int
    currency: str
    old: Outcome
    new: Outcome
    excess: Estimate | None
    """Annual difference of the new one to the old one, with its interval; None where there are too few sessions."""
    found: Comparison


def over_bars(desk: Desk, books: tuple[Rulebook, Rulebook], asked: Asked, progress: Progress) -> OverBars:
    """Run both. `asked.into` is a folder that keeps both runs as `old` and `new`; none keeps none.

    Raises `Faulty` for what can not be used, `Failed` where a run was interrupted.
    """
    with _place(asked.into) as place, TemporaryDirectory(prefix="warrant-rules-") as beside:
        results: list[Results] = []
        for name, book in zip(("old", "new"), books, strict=True):
            progress.phase(f"the {name} rulebook over the bars")
            half = _Half(progress, len(results))
            variant = _variant(desk, book, Path(beside) / name, place)
            ended = backtest(variant, replace(asked, into=place / name), half)
            if ended.results is None:
                raise Failed("the comparison was interrupted; run it again")
            results.append(ended.results)
        progress.phase("comparing the two runs")
        with opened(place / "old") as one, opened(place / "new") as two:
            found = compare(one, two)
            traded = [_traded(one.log), _traded(two.log)]
    old, new = results
    return OverBars(
        old.tally.sessions[0], old.tally.sessions[-1], len(old.tally.sessions), old.currency,
        _outcome(old, desk, traded[0]), _outcome(new, desk, traded[1]),
        excess(new.navs, old.navs, old.sessions_a_year), found,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Half:
    """The progress of one of two runs of the same length."""

    whole: Progress
    before: int

    def phase(self, words: str) -> None:
        """Said as it is."""
        self.whole.phase(words)

    def step(self, done: int, total: int, day: str) -> None:
        """Counted over both runs."""
        self.whole.step(self.before * total + done, 2 * total, day)


@contextmanager
def _place(into: Path | None) -> Iterator[Path]:
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        yield into.absolute()
        return
    with TemporaryDirectory(prefix="warrant-runs-") as folder:
        yield Path(folder)


def _variant(desk: Desk, book: Rulebook, folder: Path, place: Path) -> Desk:
    """The desk with another rulebook, in a folder of its own. Both variants find the models of the desk."""
    make_desk(folder, desk.folder)
    for name in read_texts(folder).texts:
        (folder / name).unlink(missing_ok=True)
    for source in book.sources:
        path = folder / source.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.text.encode())
    if (desk.folder / OWN).is_file():
        shutil.copyfile(desk.folder / OWN, folder / OWN)
    settings = folder / SETTINGS
    settings.write_text(for_backtest(settings.read_text(encoding="utf-8"), desk, folder), encoding="utf-8")
    models = _models(desk, place)
    models.mkdir(parents=True, exist_ok=True)
    (folder / STORE).parent.mkdir()
    (folder / STORE).with_name("models").symlink_to(models.absolute(), target_is_directory=True)
    return read_desk(folder)


def _models(desk: Desk, place: Path) -> Path:
    """The folder of trained heads: the desk's own, so that nothing is trained twice, where that may be written."""
    try:
        refuse_packaged(desk)
    except Faulty:
        return place / "models"
    return desk.models


def _outcome(results: Results, desk: Desk, traded: Fraction) -> Outcome:
    counts = results.tally
    mean = float(sum(counts.navs)) / len(counts.navs)
    return Outcome(
        nav=counts.navs[-1],
        profit=counts.navs[-1] - Fraction(desk.settings.desk.capital),
        costs=Fraction(counts.commission) + Fraction(counts.slippage),
        traded=traded,
        turnover=float(traded) / mean,
        fills=sum(counts.fills.values()),
        entries=sum(one.outcome in ("granted", "cut") for one in counts.fates),
    )


def _traded(log: LogReader) -> Fraction:
    """The value of all executions of a run."""
    fills = log.records(["fill"])
    return sum(
        (Fraction(one["quantity"]) * Fraction(one["price"]) * Fraction(one["multiplier"]) for one in fills), Fraction(0)
    )
