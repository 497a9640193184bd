"""`limits diff OLD NEW`: whether a new limits file admits more, refuses more, both, or neither, over all markets.

Two questions, one each way: is there a portfolio inside both files and an order that NEW accepts and OLD refuses
(*looser*), or that OLD accepts and NEW refuses (*tighter*)? Every row of one file that the other covers is settled at
once, so that lowered bounds need no solver. The rest is searched for a step by linear programmes; a step is a witness
only if the gate bears it out. A row without a witness is shown to be kept, by exact multipliers or by Z3, or it is not
known, and *not known* is never taken for *no*.

Parameters are no bounds: a change of one is incomparable, but for dearer fees. Limits of kinds whose value is no sum of
exposures are compared by their bounds, and where those do not settle it, it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from itertools import islice

from engine.gate.market import Market
from engine.limits.kinds import KINDS, OBLIGING
from engine.limits.model import Limit, Limits
from engine.orders.portfolio import Operations
from engine.universe.arena import Arena, Budget, Side, Spent, same_but_bound
from engine.universe.caps import AT_WORK, CAP_KINDS, CASH, MONEY, SHARES, TRADED, VALUE, Cap, Capped
from engine.universe.cases import VOLATILITY, Case, TooMany, cases
from engine.universe.conditions import FLAGS, RANGES, STATE_RANGES, admitted, between, halting, wider
from engine.universe.farkas import Certificate
from engine.universe.parameters import Change, on_its_face, only_dearer, parameter_changes, text_changes
from engine.universe.polytope import Columns
from engine.universe.replay import Asked, Figures, replay
from engine.universe.rows import CONVEX_KINDS, OWN, REST, ROW_KINDS, Labels, Row, majorants
from engine.universe.search import USUAL_ORDER, Pattern, Step
from engine.universe.witness import Ground, Wanted, Witness, concrete, judged
from knowledge.values import Json

MOST_STEPS = 6
"""Steps that are put before the gate for one row."""
REPLAYED = "replayed through the gate"


class Verdict(StrEnum):
    """What a change of limits is."""

    EQUIVALENT = "equivalent"
    TIGHTER = "tighter"
    LOOSER = "looser"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown within budget"


class Answer(StrEnum):
    """Whether one file accepts what the other refuses."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Effect:
    """What became of one limit of the refusing file: broken with a witness, kept and how, or not known."""

    limit: str
    answer: Answer
    how: str
    witness: Witness | None = None
    certificate: Certificate | None = None
    case: Case | None = None

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "limit": self.limit,
            "answer": self.answer.value,
            "how": self.how,
            **({} if self.witness is None else {"witness": self.witness.to_json()}),
            **({} if self.certificate is None else {"certificate": self.certificate.to_json()}),
        }


@dataclass(frozen=True)
class Direction:
    """All limits of one file against the other."""

    effects: tuple[Effect, ...] = ()

    @property
    def answer(self) -> Answer:
        """*Yes* with one witness, *no* only where everything is shown."""
        found = {one.answer for one in self.effects}
        return next((one for one in (Answer.YES, Answer.UNKNOWN) if one in found), Answer.NO)


@dataclass(frozen=True)
class Diff:
    """The verdict with what shows it."""

    verdict: Verdict
    looser: Direction
    """What NEW accepts and OLD refuses, by limits of OLD."""
    tighter: Direction
    """What OLD accepts and NEW refuses, by limits of NEW."""
    changes: tuple[Change, ...]
    parameters: tuple[Change, ...]
    cases: int
    instruments: tuple[str, ...]
    budget: Budget = field(default_factory=Budget)
    why: str = ""
    on_its_face: bool = False
    """Whether the text alone shows that NEW admits no more, on any market."""

    @property
    def admits_more(self) -> Answer:
        """Whether NEW lets anything through that OLD does not: what an approval is about."""
        if self.parameters and not only_dearer(list(self.parameters)) and self.looser.answer is Answer.NO:
            return Answer.UNKNOWN
        return self.looser.answer

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "verdict": self.verdict.value,
            "why": self.why,
            "admits_more": self.admits_more.value,
            "on_its_face": self.on_its_face,
            "refuses_more": self.tighter.answer.value,
            "changes": [one.to_json() for one in self.changes],
            "parameters": [one.to_json() for one in self.parameters],
            "looser": [one.to_json() for one in self.looser.effects],
            "tighter": [one.to_json() for one in self.tighter.effects],
            "instruments": list(self.instruments),
            "circumstances": self.cases,
            "programmes": self.budget.programmes,
            "asked_z3": self.budget.asked,
        }


Markets = Callable[[Limits], Market]
"""The snapshot's market, read with a file's parameters."""


def diff(old: Limits, new: Limits, markets: Markets, most: int | None = None) -> Diff:
    """Compare two files over the desk's universe. Pure and deterministic; budgets are counted."""
    budget = Budget() if most is None else Budget(most)
    before, after = markets(old), markets(new)
    changes = tuple(text_changes(old, new))
    try:
        where = cases((old, new), before.session)
    except TooMany as error:
        unknown = Direction((Effect("circumstances", Answer.UNKNOWN, str(error)),))
        return Diff(Verdict.UNKNOWN, unknown, unknown, changes, (), 0, tuple(before.terms), budget, str(error))
    parameters = tuple(parameter_changes(old, new, where))
    looser = _Comparison(Ground(new, old, after, before), where, budget).direction()
    tighter = _Comparison(Ground(old, new, before, after), where, budget).direction()
    verdict, why = _verdict(looser.answer, tighter.answer, list(parameters))
    names, plain = tuple(before.terms), on_its_face(old, new)
    return Diff(verdict, looser, tighter, changes, parameters, len(where), names, budget, why, plain)


_VERDICTS: dict[tuple[Answer, Answer], tuple[Verdict, str]] = {
    (Answer.YES, Answer.YES): (Verdict.INCOMPARABLE, "each file accepts an order that the other refuses"),
    (Answer.YES, Answer.NO): (
        Verdict.LOOSER, "the new file accepts an order that the old one refuses, and all that the old one accepts",
    ),
    (Answer.NO, Answer.YES): (
        Verdict.TIGHTER, "the new file refuses an order that the old one accepts, and accepts none that it refuses",
    ),
    (Answer.NO, Answer.NO): (Verdict.EQUIVALENT, "no portfolio and no order tells the files apart"),
    (Answer.NO, Answer.UNKNOWN): (
        Verdict.TIGHTER, "the new file accepts no order that the old one refuses; whether it refuses more is not known",
    ),
}  # fmt: skip
"""By whether NEW admits more and whether it refuses more. What is not here is not known."""


def _verdict(looser: Answer, tighter: Answer, parameters: list[Change]) -> tuple[Verdict, str]:
    if parameters and not only_dearer(parameters):
        named = ", ".join(sorted({one.part for one in parameters}))
        return Verdict.INCOMPARABLE, f"parameters are no bounds: {named} changed, which may let more or less through"
    # Dearer fees make every order cost more: whatever else is so, some order at the edge is refused.
    found = (looser, Answer.YES if parameters else tighter)
    return _VERDICTS.get(found, (Verdict.UNKNOWN, "what is not shown is not known; see the limits marked so"))


@dataclass
class _Comparison:
    """One direction: what `ground.accept` accepts and `ground.refuse` refuses."""

    ground: Ground
    cases: list[Case]
    budget: Budget
    found: dict[str, Effect] = field(default_factory=dict)
    certificates: list[Certificate] = field(default_factory=list)
    arenas: list[Arena] = field(default_factory=list)
    exits: Budget = field(default_factory=Budget)
    """For questions about what a breach asks for."""

    def direction(self) -> Direction:
        """Every limit of the refusing file in every case."""
        try:
            self._incomplete()
            for case in self.cases:
                if case.open_under(self.ground.accept):
                    self._case(case)
            # What lets an order through says more, and is looked for first.
            for arena in self.arenas:
                self._breaches(arena)
        except Spent as error:
            self.found["budget"] = Effect("budget", Answer.UNKNOWN, str(error))
        return Direction(tuple(self.found[name] for name in sorted(self.found)))

    def _incomplete(self) -> None:
        """Instruments whose figures only the refusing file lacks, as its scenarios leave them out: no entry there."""
        extra = [name for name in self.ground.accept_market.terms if name not in self.ground.refuse_market.terms]
        case = next((one for one in self.cases if one.open_under(self.ground.accept)), None)
        if not extra or case is None:
            return
        step = Step(Pattern((1,), (0,)), (0.0,), (0.0,), 0, USUAL_ORDER, 0.0, 0.0, 0.0)
        columns = Columns((extra[0],), Labels((REST,), (REST,)))
        side = Side(self.ground.accept, self.ground.accept_market, case)
        reserve = -side.caps[CASH, ""].bound if (CASH, "") in side.caps else Fraction(0)
        wanted = Wanted(most_shares=side.most_shares(extra[0]), reserve=reserve)
        asked = concrete(self.ground, case, step, columns, wanted, together=True)
        witness = None if asked is None else judged(self.ground, "scenarios", asked)
        answer = Answer.UNKNOWN if witness is None else Answer.YES
        how = f"no scenario speaks of {extra[0]}" if witness is None else REPLAYED
        self._tell(Effect("scenarios", answer, how, witness, None, case))

    def _case(self, case: Case) -> None:
        accept, refuse = self.ground.accept_market, self.ground.refuse_market
        arena = Arena(
            Side(self.ground.accept, _common(accept, refuse), case),
            Side(self.ground.refuse, _common(refuse, accept), case),
            self.budget,
        )
        for row in arena.targets():
            if self._open(row.limit.id):
                self._row(arena, row)
        self._caps(arena)
        self._conditions(arena)
        self._others(arena)
        self.arenas.append(arena)

    def _open(self, limit: str) -> bool:
        """Whether a limit is still to be settled: one witness is enough, and one unknown is not made good."""
        known = self.found.get(limit)
        return known is None or known.answer is Answer.NO

    def _tell(self, effect: Effect) -> None:
        """Keep what says most of a limit: a witness, an unknown, the certificate that took the most rows."""
        known = self.found.get(effect.limit)
        if known is not None and known.answer is Answer.NO and effect.answer is Answer.NO:
            mine, theirs = (0 if one.certificate is None else len(one.certificate.parts) for one in (effect, known))
            if mine <= theirs:
                return
        self.found[effect.limit] = effect

    # --- rows -----------------------------------------------------------------------------------------------------

    def _row(self, arena: Arena, row: Row) -> None:
        case, limit = arena.accept.case, row.limit.id
        kept = arena.kept(row, self.certificates)
        if kept.shown:
            if kept.certificate is not None:
                if kept.how == "farkas":
                    self.certificates.append(kept.certificate)
                if not _plainly(kept.certificate):
                    self._tell(Effect(limit, Answer.NO, "rows add up", None, kept.certificate, case))
            return
        if kept.how == "broken":
            witness = self._witness(arena, limit, row, kept.point)
            if witness is not None:
                self._tell(Effect(limit, Answer.YES, REPLAYED, witness, None, case))
                return
        attested = arena.attested(row)
        if attested.how == "z3":
            self._tell(Effect(limit, Answer.NO, f"{row.key}: only Z3 attests it", case=case))
            return
        if attested.how == "broken":
            witness = self._witness(arena, limit, row, attested.point)
            if witness is not None:
                self._tell(Effect(limit, Answer.YES, REPLAYED, witness, None, case))
                return
        self._tell(Effect(limit, Answer.UNKNOWN, f"{row.key}: neither kept nor broken by what was tried", case=case))

    def _witness(
        self, arena: Arena, limit: str, row: Row | None, point: tuple[float, ...] = (), wanted: Wanted | None = None,
        least: Fraction | None = None, about: str = "",
    ) -> Witness | None:  # fmt: skip
        """The first step that the gate bears out. Without a row, any order that the exposures leave room for."""
        for asked in self._asked(arena, row, point, wanted or Wanted(), least, about):
            found = judged(self.ground, limit, asked)
            if found is not None:
                return found
        return None

    def _asked(self, arena: Arena, row: Row | None, point: tuple[float, ...], wanted: Wanted, least: Fraction | None,
               about: str) -> Iterator[Asked]:  # fmt: skip
        columns = arena.view(row).columns
        for step in islice(arena.steps(row, point, least, about), MOST_STEPS):
            filled = _filled(wanted, arena, columns.names[step.instrument])
            asked = concrete(self.ground, arena.accept.case, step, columns, filled, _together(arena, step))
            if asked is not None:
                yield asked

    # --- caps, conditions, and what is neither --------------------------------------------------------------------

    def _caps(self, arena: Arena) -> None:
        accept, refuse = arena.accept.caps, arena.refuse.caps
        for capped, cap in refuse.items():
            other = accept.get(capped)
            if not self._open(cap.limit.id) or (other is not None and other.bound <= cap.bound):
                continue
            if capped[0] == VALUE and self._value_kept(arena, cap):
                continue
            self._cap(arena, capped, cap, other)

    def _value_kept(self, arena: Arena, cap: Cap) -> bool:
        """Whether no position may be as large as the order that the cap is about: an order is part of a position."""
        kept = []
        for name in arena.plain.columns.names:
            weight = {name: 1 + arena.accept.slippage}
            row = Row(cap.limit, f"{name} at worst", cap.bound, weight, weight)
            kept.append(arena.kept(row, self.certificates))
            if not kept[-1].shown:
                return False
        for one in kept:
            if one.certificate is not None:
                self._tell(Effect(cap.limit.id, Answer.NO, "rows add up", None, one.certificate, arena.accept.case))
        return True

    def _cap(self, arena: Arena, capped: Capped, cap: Cap, other: Cap | None) -> None:
        limit, name = cap.limit.id, capped[1]
        most = cap.bound * 2 + Fraction(1, 100) if other is None else other.bound
        half = (cap.bound + most) / 2
        least, wanted = None, Wanted()
        if capped[0] == VALUE:
            least = cap.bound
        elif capped[0] == SHARES:
            lot = arena.accept.market.terms[name].lot
            shares = max(half // lot, cap.bound // lot + 1) * lot
            if shares > most:
                return  # no whole number of lots lies between the bounds
            wanted = Wanted(shares=Fraction(shares))
        elif capped[0] == TRADED:
            wanted = Wanted(traded=half)
        elif capped[0] == AT_WORK:
            wanted = Wanted(at_work=half)
        elif capped[0] == MONEY:
            self._money(arena, cap, most)
            return
        else:
            wanted = Wanted(cash=-half)
        self._wider(arena, limit, wanted, least, name)

    def _money(self, arena: Arena, cap: Cap, most: Fraction) -> None:
        """A book spread evenly over all instruments, a small part of NAV, that an order carries beyond an amount."""
        for step, shares in arena.spread(cap.bound, most):
            name = arena.plain.columns.names[step.instrument]
            wanted = replace(_filled(Wanted(shares=shares), arena, name), most_money=None)
            asked = concrete(self.ground, arena.accept.case, step, arena.plain.columns, wanted, together=True)
            witness = None if asked is None else judged(self.ground, cap.limit.id, asked)
            if witness is not None:
                self._tell(Effect(cap.limit.id, Answer.YES, REPLAYED, witness, None, arena.accept.case))
                return
        self._tell(Effect(cap.limit.id, Answer.UNKNOWN, "wider, and no order was found that shows it"))

    def _wider(self, arena: Arena, limit: str, wanted: Wanted, least: Fraction | None = None, about: str = "") -> None:
        """What is wider admits more, if there is an order that shows it."""
        witness = self._witness(arena, limit, None, (), wanted, least, about)
        if witness is not None:
            self._tell(Effect(limit, Answer.YES, REPLAYED, witness, None, arena.accept.case))
        else:
            self._tell(Effect(limit, Answer.UNKNOWN, "wider, and no order was found that shows it"))

    def _conditions(self, arena: Arena) -> None:
        accept, refuse = arena.accept.in_force, arena.refuse.in_force
        for kind in (*RANGES, *STATE_RANGES, *sorted(FLAGS)):
            mine, theirs = admitted(kind, accept), admitted(kind, refuse)
            if theirs.limit is None or not self._open(theirs.limit.id) or not wider(mine, theirs):
                continue
            # Where some `when` names the index's volatility, the circumstances say what it is.
            if kind != "index_volatility" or VOLATILITY not in arena.accept.case.figures:
                self._wider(arena, theirs.limit.id, _breaking(kind, between(mine, theirs)))
        for kind in (*STATE_RANGES, "kill_switch"):
            mine, theirs = halting(kind, accept), halting(kind, refuse)
            if theirs.limit is not None and self._open(theirs.limit.id) and wider(mine, theirs):
                self._halts_later(arena, theirs.limit, _breaking(kind, between(mine, theirs)))

    def _halts_later(self, arena: Arena, limit: Limit, wanted: Wanted) -> None:
        """A halt outlives what caused it: the states themselves are compared."""
        for asked in self._asked(arena, None, (), wanted, None, ""):
            mine = replay(asked, self.ground.accept_market, self.ground.accept).state
            theirs = replay(asked, self.ground.refuse_market, self.ground.refuse).state
            if theirs == "halted" != mine:
                how = f"where the one halts the desk until a named person resumes it, the other leaves it {mine}"
                self._tell(Effect(limit.id, Answer.YES, how, case=arena.accept.case))
                return
        self._tell(Effect(limit.id, Answer.UNKNOWN, "halts later, and no portfolio was found that shows it"))

    def _breaches(self, arena: Arena) -> None:
        """What a breach by the positions asks for binds no entry; to do nothing about it is looser all the same."""
        own = {one.id: one for one in arena.accept.in_force}
        exiting = tuple(one for one in self.ground.accept.limits if one.breach == "exit" and not one.when.states)
        side = replace(arena.accept, limits=replace(self.ground.accept, limits=exiting))
        others = Arena(side, arena.refuse, self.exits)
        kept = {(one.id, one.kind, one.bound, one.when, one.breach) for one in self.ground.accept.limits}
        for limit in self.ground.refuse.limits:
            # What is in force in other trading states alone binds no entry, and asks for exits all the same.
            apart = limit.breach == "exit" and limit.when.states and "active" not in limit.when.states
            if apart and (limit.id, limit.kind, limit.bound, limit.when, limit.breach) not in kept:
                how = "it is not known that a breach of it by the positions still asks for exits"
                self._tell(Effect(limit.id, Answer.UNKNOWN, how, case=arena.accept.case))
        for limit in arena.refuse.in_force:
            if limit.kind not in OBLIGING or limit.breach != "exit" or not self._open(limit.id):
                continue
            twin = own.get(limit.id)
            if twin is not None and twin.breach == "hold":
                how = "a breach of it by the positions asks for no exits"
                self._tell(Effect(limit.id, Answer.YES, how, case=arena.accept.case))
            elif not self._mended(arena, others, limit):
                how = "it is not known that a breach of it by the positions still asks for exits"
                self._tell(Effect(limit.id, Answer.UNKNOWN, how, case=arena.accept.case))

    def _mended(self, arena: Arena, others: Arena, limit: Limit) -> bool:
        """Whether what a breach asks for is asked for still: by a limit of the same shape, whatever its name, or
        because it breaks another that asks for exits."""
        same = limit.kind not in ("stress", "cluster_gross") or arena.stands(limit)
        for one in arena.accept.in_force if same else ():
            stays = one.breach == "exit" and set(one.when.states) in (set(), set(limit.when.states))
            if stays and same_but_bound(one, limit) and arena.accept.bound(one) <= arena.refuse.bound(limit):
                return True
        if limit.kind in CONVEX_KINDS:
            rows = list(majorants(limit, others.refuse.scope(others.plain.columns.labels), wary=False))
        else:
            rows = [row for row in others.targets() if row.limit.id == limit.id]
        known = limit.kind in CONVEX_KINDS or limit.kind in ROW_KINDS
        return known and all(others.kept(row).shown or others.attested(row).shown for row in rows)

    def _others(self, arena: Arena) -> None:
        """Limits that are no sums of exposures."""
        for limit in arena.refuse.in_force:
            if not _understood(limit.kind) and self._open(limit.id) and not arena.stands(limit):
                if limit.kind in CONVEX_KINDS:
                    self._convex(arena, limit)
                else:
                    how = f"the kind `{limit.kind}` is compared by its bound alone"
                    self._tell(Effect(limit.id, Answer.UNKNOWN, how, case=arena.accept.case))

    def _convex(self, arena: Arena, limit: Limit) -> None:
        """Kept where even at correlation one nothing reaches its bound; else a book is looked for along a ray.

        With a convex limit in force, nothing is entered in an instrument without a covariance.
        """
        free = not any(one.kind in CONVEX_KINDS for one in arena.accept.in_force)
        if free and (bare := [name for name, one in arena.refuse.market.terms.items() if not one.factors]):
            self._wider(arena, limit.id, Wanted(), about=bare[0])
            return
        (row,) = majorants(limit, arena.refuse.scope(arena.plain.columns.labels), wary=False)
        kept = arena.kept(row, self.certificates)
        if kept.shown:
            self._tell(Effect(limit.id, Answer.NO, "rows add up", None, kept.certificate, arena.accept.case))
            return
        columns = arena.plain.columns
        for step in islice(arena.rays(limit, row, kept.point), MOST_STEPS):
            filled = _filled(Wanted(), arena, columns.names[step.instrument])
            asked = concrete(self.ground, arena.accept.case, step, columns, filled, _together(arena, step))
            witness = None if asked is None else judged(self.ground, limit.id, asked)
            if witness is not None:
                self._tell(Effect(limit.id, Answer.YES, REPLAYED, witness, None, arena.accept.case))
                return
        self._tell(Effect(limit.id, Answer.UNKNOWN, "neither kept nor broken by what was tried"))


def _common(market: Market, other: Market) -> Market:
    """A market without the instruments that the other lacks."""
    if market.terms.keys() <= other.terms.keys():
        return market
    return replace(market, terms={name: one for name, one in market.terms.items() if name in other.terms})


def _understood(kind: str) -> bool:
    """Whether a kind is a matter of rows, caps, conditions or states here (the collar is a parameter)."""
    return (
        kind in ROW_KINDS or kind in CAP_KINDS or kind in RANGES or kind in STATE_RANGES or kind in FLAGS
        or kind == "price_collar"
    )  # fmt: skip


def _plainly(certificate: Certificate) -> bool:
    """Whether a row is kept by its namesake alone: nothing a reader wants to add up."""
    return len(certificate.parts) == 1 and certificate.parts[0].key == certificate.target


def _filled(wanted: Wanted, arena: Arena, name: str) -> Wanted:
    """What an order may be and has to leave under both files, where nothing else is asked for."""
    most = [one for side in (arena.accept, arena.refuse) if (one := side.most_shares(name)) is not None]
    reserve = [-side.caps[CASH, ""].bound for side in (arena.accept, arena.refuse) if (CASH, "") in side.caps]
    return replace(
        wanted,
        most_shares=min(most, default=None),
        reserve=max(reserve, default=Fraction(0)),
        most_value=_least(arena, VALUE),
        most_money=_least(arena, MONEY),
    )


def _least(arena: Arena, what: str) -> Fraction | None:
    """The cap that decides under both files."""
    found = [side.caps[what, ""].bound for side in (arena.accept, arena.refuse) if (what, "") in side.caps]
    return min(found, default=None)


def _together(arena: Arena, step: Step) -> bool:
    """Whether all instruments can be of one strategy: then the book is one that a person would expect."""
    gross = sum(step.exposures) + step.order + step.gap
    bounds = [float(row.bound) for row in (*arena.plain.accept, *arena.plain.refuse) if row.tag == ("strategy", OWN)]
    return all(gross <= bound for bound in bounds)


def _breaking(kind: str, figure: Fraction) -> Wanted:
    """A session in which one kind of condition reads this figure; a flag reads wrong."""
    flags: dict[str, dict[str, bool | int]] = {
        "feed_connected": {"feed_connected": False},
        "broker_connected": {"broker_connected": False},
        "books_reconciled": {"books_reconciled": False},
        "log_verified": {"log_verified": False},
        "kill_switch": {"kill_switch": True},
        "clock_skew": {"clock_skew_ms": int(figure)},
        "message_rate": {"messages_last_second": int(figure) - 1},
    }
    if kind in flags:
        return Wanted(operations=Operations(**flags[kind]))  # type: ignore[arg-type]
    if kind == "drawdown":
        return Wanted(drawdown=figure)
    if kind == "day_loss":
        return Wanted(day_loss=figure)
    if kind == "repeated_execution":
        return Wanted(executions=int(figure) - 1)
    return Wanted(figures=Figures({kind: figure}))


def compared_by_bound() -> list[str]:
    """Kinds that are compared by their bounds alone, for the page that says so."""
    return [kind for kind in KINDS if not _understood(kind) and kind not in CONVEX_KINDS]
