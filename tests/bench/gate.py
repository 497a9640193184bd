"""The gate alone beside what a user would pick instead: the same lexicographic problem as linear programs.

Candidates in order of conviction, each as large as target and limits allow beside those before it: one linear program
for each candidate, its quantity maximised with the earlier ones held. Clarabel (through cvxpy, the problem built once
and its parameters changed) and HiGHS (through SciPy) solve them in floats; they prove nothing, name no cores, and their
quantities are not whole lots. The rows are read off the gate's own measures at one share each, which is exact because
every measure of a book that starts flat is linear.

Some programs would be merged into fewer by an expert (a candidate that reaches its target needs none); the one here is
what a first version of it looks like, and `one` is the single program that maximises the sum weighted by conviction,
which answers another question (it may starve the first for two later ones) and is the least that any solver needs.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from time import perf_counter

import numpy as np

from adapters.running import worker
from adapters.running.memory import settled_memory, uncollected
from engine.gate.judge import Judgement, Reading, judge
from engine.gate.market import Market, Terms
from engine.gate.measures import Measure, measures
from engine.gate.proposals import Entry, Grant
from engine.gate.reach import Book, read_book, state_of
from engine.gate.scope import Scope
from engine.limits.kinds import KINDS
from engine.limits.model import Limit, Limits, Scenario
from engine.orders.order import Side
from engine.orders.portfolio import Mode, Operations, Portfolio
from engine.proof.prove import prove
from tests.engine.small_desk import entry, limit, limits, terms

SIZES = ((10, 20), (50, 20), (200, 100))
BOUNDS = {
    "instrument_exposure": "0.2", "order_value": "0.1", "order_quantity": "100000", "volume_share": "0.05",
    "stop_loss": "0.01", "gross": "1.2", "net_long": "0.5", "net_short": "0.4", "beta": "0.6", "cluster_gross": "0.3",
    "turnover": "1", "open_risk": "0.03", "loss_budget": "0.04", "margin": "0.6", "cash_reserve": "0.02",
    "stress": "0.12", "open_orders": "1.5",
}  # fmt: skip
GROUPS = {"sector": "0.25", "issuer": "0.2", "currency": "1.5", "strategy": "1"}


@dataclass(frozen=True)
class Bench:
    """One made desk: flat, with candidates on both sides."""

    portfolio: Portfolio
    entries: tuple[Entry, ...]
    market: Market
    limits: Limits

    @property
    def book(self) -> Book:
        """The book that entries are judged against."""
        return read_book(self.portfolio, (), self.market, self.limits)

    def judged(self) -> Judgement:
        """The gate's arithmetic, verdicts with cores."""
        return judge(self.book, self.entries, self.market, self.limits, "bull")

    def read(self) -> tuple[Reading, ...]:
        """The same, and every limit read with everything granted, as a record has it."""
        return self.judged().readings


def make(candidates: int, scenarios: int, seed: int = 7) -> Bench:
    """A desk with so many candidates and scenarios; everything follows from the seed."""
    draw = random.Random(seed)
    names = [f"N{at:03}" for at in range(candidates)]
    sectors = [f"sector-{at}" for at in range(10)]
    known: dict[str, Terms] = {}
    entries = []
    for at, name in enumerate(names):
        price = Fraction(draw.randint(1_000, 40_000), 100)
        known[name] = terms(
            name, price=price, beta=Fraction(draw.randint(300, 1800), 1000), sector=sectors[at % 10],
            issuer=f"issuer-{at // 2}", average_volume=Fraction(draw.randint(100_000, 5_000_000)),
            volatility=Fraction(draw.randint(1500, 5500), 10_000), true_range=price / 40,
        )  # fmt: skip
        side = Side.BUY if draw.random() < 0.7 else Side.SELL
        worst = Fraction(int(price * 100) * (103 if side is Side.BUY else 97) // 100, 100)
        stop = Fraction(int(price * (95 if side is Side.BUY else 105)), 100)
        target = Fraction(int(draw.uniform(0.2, 1.2) * 10_000_000 / candidates * 4 / float(price)))
        plain = entry(name, int(target), side=side, conviction=draw.randint(50, 99))
        entries.append(Entry(name, side, plain.conviction, target, worst, stop, f"s{at % 4}", "swing", plain.findings))
    rows: list[Limit] = [limit(kind, bound) for kind, bound in BOUNDS.items() if kind in KINDS and kind != "margin"]
    rows.append(limit("margin", BOUNDS["margin"], long=Fraction(1, 2), short=Fraction(3, 2)))
    rows += [limit("group_gross", bound, id=f"group.{by}", by=by) for by, bound in GROUPS.items()]
    stresses = tuple(
        Scenario(
            f"scenario-{at:03}", Fraction(draw.randint(-450, 250), 1000), Fraction(0), "made",
            sectors=tuple((one, Fraction(draw.randint(-600, 300), 1000)) for one in sorted(draw.sample(sectors, 3))),
        )
        for at in range(scenarios)
    )  # fmt: skip
    law = limits(*rows, fee_per_share=0, collar="0.03")
    law = Limits("bench", law.limits, stresses, law.parameters, law.regime_multipliers)
    money = dict.fromkeys(("nav", "cash", "settled_cash", "high_water_mark"), 10000000)
    portfolio = Portfolio(
        account="bench", mode=Mode.BACKTEST, currency="USD", day_pnl=Decimal(0), traded_today=Decimal(0),
        positions=(), working=(), operations=Operations(), **{name: Decimal(each) for name, each in money.items()},
    )  # fmt: skip
    clusters = tuple(tuple(names[at : at + 5]) for at in range(0, candidates, 10))
    return Bench(portfolio, tuple(entries), Market("2011-01-03", known, {}, clusters), law)


# --- the same as linear programs --------------------------------------------------------------------------------


def rows_of(of: Bench) -> tuple[np.ndarray, np.ndarray, list[Entry]]:
    """`A x ≤ b` over the candidates' quantities, in order of conviction; exact numbers turned to floats at the end."""
    queue = sorted(of.entries, key=lambda one: (-one.conviction, one.instrument))
    scope = Scope(of.book, tuple(queue), of.market, of.limits, "bull")
    # The collar bounds a price, whatever the quantity.
    found = [one for one in measures(scope) if isinstance(one, Measure) and not one.distance]
    nothing = state_of(of.book, (), of.market, of.limits)
    states = [state_of(of.book, (Grant(one, Fraction(1)),), of.market, of.limits) for one in queue]
    matrix, most = [], []
    for one in found:
        start = one.value(nothing) - one.bound(nothing)
        scale = max(abs(start), Fraction(1))
        matrix.append([float((one.value(state) - one.bound(state) - start) / scale) for state in states])
        most.append(float(-start / scale))
    return np.array(matrix), np.array(most), queue


def by_highs(matrix: np.ndarray, most: np.ndarray, queue: Sequence[Entry]) -> list[float]:
    """One program for each candidate, the earlier ones held at what they got."""
    from scipy.optimize import linprog

    got = np.zeros(len(queue))
    for at, one in enumerate(queue):
        solved = linprog([-1.0], matrix[:, at : at + 1], most - matrix @ got, bounds=(0, float(one.target)))
        got[at] = solved.x[0] if solved.status == 0 else 0.0
    return list(got)


def by_highs_whole(matrix: np.ndarray, most: np.ndarray, queue: Sequence[Entry]) -> list[float]:
    """The same with all quantities as variables, as the problem is written down: earlier ones fixed by their bounds."""
    from scipy.optimize import linprog

    count = len(queue)
    low, high = np.zeros(count), np.zeros(count)
    for at, one in enumerate(queue):
        high[at] = float(one.target)
        aim = np.zeros(count)
        aim[at] = -1.0
        solved = linprog(aim, matrix, most, bounds=np.column_stack((low, high)), method="highs")
        low[at] = high[at] = max(0.0, float(solved.x[at]) * (1 - 1e-9)) if solved.status == 0 else 0.0
    return list(high)


def by_clarabel(matrix: np.ndarray, most: np.ndarray, queue: Sequence[Entry]) -> list[float]:
    """As the first, through cvxpy: built once, with column, what is left of each bound and target as parameters."""
    import cvxpy

    x, target = cvxpy.Variable(), cvxpy.Parameter(nonneg=True)
    column, left = cvxpy.Parameter(len(most)), cvxpy.Parameter(len(most))
    problem = cvxpy.Problem(cvxpy.Maximize(x), [column * x <= left, x >= 0, x <= target])
    got = np.zeros(len(queue))
    for at, one in enumerate(queue):
        column.value, left.value, target.value = matrix[:, at], most - matrix @ got, float(one.target)
        problem.solve(solver=cvxpy.CLARABEL)
        got[at] = 0.0 if x.value is None else min(max(0.0, float(x.value)), float(one.target))
    return list(got)


# --- measuring --------------------------------------------------------------------------------------------------


def milliseconds(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median and largest of so many rounds, after one that does not count; garbage is collected in between.

    As in the worker: what is loaded is not walked through, and nothing is collected where somebody waits.
    """
    work()
    taken = []
    with settled_memory(), uncollected():
        for _ in range(rounds):
            gc.collect()
            begun = perf_counter()
            work()
            taken.append((perf_counter() - begun) * 1000)
    return statistics.median(taken), max(taken)


def proved(of: Bench) -> str:
    """Arithmetic and both questions; where they do not agree, why (the solver may not know within its budget)."""
    judged = of.judged()
    return prove(of.portfolio, (), judged, of.market, of.limits, "bull").fault or ""


def with_the_memory_of_a_worker() -> None:
    """Begin again where glibc was not told to keep what is freed, as it is for every worker: it reads that once."""
    if any(os.environ.get(name) != value for name, value in worker._MEMORY.items()):
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **worker._MEMORY})


def measure(rounds: int = 15) -> None:
    """Print the table."""
    with_the_memory_of_a_worker()
    print(f"gate alone, milliseconds: median (largest) of {rounds} rounds, of fewer where one takes long")
    print(f"{'candidates × scenarios':<24}{'arithmetic':>18}{'every reading':>18}{'with both questions':>22}"
          f"{'HiGHS':>18}{'HiGHS, written out':>20}{'Clarabel, cvxpy':>20}")  # fmt: skip
    for candidates, scenarios in SIZES:
        of = make(candidates, scenarios)
        judged = of.judged()
        programs = rows_of(of)
        few = max(3, rounds // (1 + candidates // 40))
        small = candidates <= 50
        shown = [milliseconds(of.judged, rounds), milliseconds(of.read, rounds)]
        shown.append(milliseconds(partial(proved, of), few))
        answers = by_highs(*programs)
        for solve in (by_highs, by_highs_whole, by_clarabel):
            shown.append(milliseconds(partial(solve, *programs), few if solve is by_highs else 3 if small else 1))
        print(f"{f'{candidates} × {scenarios}':<24}" + "".join(f"{a:>11.2f} ({b:.1f})" for a, b in shown))
        mine = {one.entry.instrument: float(one.quantity) for one in judged.rulings}
        outcomes = [one.outcome.value for one in judged.rulings]
        counts = ", ".join(f"{outcomes.count(one)} {one}" for one in sorted(set(outcomes)))
        apart = max(abs(mine[one.instrument] - got) for one, got in zip(programs[2], answers, strict=True))
        if fault := proved(of):
            print(f"{'':<24}nothing would be granted: {fault}")
        print(f"{'':<24}{len(judged.readings)} measures; {counts}; HiGHS is at most {apart:.2f} shares apart")
