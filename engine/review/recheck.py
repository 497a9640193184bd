"""Re-checks a decision record from what it names, with exact arithmetic and no solver: the verdict `arithmetic`.

What rules and policies concluded is taken from the record (derived facts, whose rule it was, the policies' answers);
everything after that is worked out again: trading state, exits, prices, sizes, conditions, and with the oracle every
limit's value, bound and base, what binds a cut, every core of a denial, what crowds it, and the warrants. A granted
quantity is not computed but checked: all limits hold with it, and one lot more breaks one (of a basket: all legs are
there in its ratio, and one unit more breaks one).

Left out: whether the rules and policies conclude what they concluded, what was the nearest miss, and what the solver
said beyond its answers. A replay covers those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any

from engine.baskets import Proposed, proposed
from engine.candidates import Candidate, in_ratio, shape
from engine.decision import Decision, ExitVerdict, Verdict, finding_json, reading_json
from engine.duty import Duty
from engine.entries import LOST
from engine.exits import propose_exits
from engine.gate.circumstances import Circumstances
from engine.gate.conditions import held_back
from engine.gate.crowding import MOST_GRANTS_ENUMERATED
from engine.gate.judge import SIZE, WHOLE, Core, Outcome, Reading, Ruling
from engine.gate.market import Market, read_market
from engine.gate.proposals import Entry, Exit, Finding, Grant
from engine.gate.reach import read_book
from engine.gate.states import trading_state
from engine.gate.stress import stresses
from engine.issue import issue_warrants
from engine.limits.model import UNKNOWN_REGIME, Limits
from engine.obligations import oblige
from engine.orders.portfolio import Portfolio
from engine.orders.warrants import Inputs
from engine.proof.prove import Proof, questions
from engine.review.duties import check_duty
from engine.review.oracle import Case, TooMany, Worst, stress_losses, worst
from engine.verdicts import instruments_of, refused_verdict, verdict_of
from knowledge.door import admit
from knowledge.facts import Fact, Snapshot
from knowledge.prolog.session import PolicyVerdict
from knowledge.values import Json, text

Complaints = Iterator[str]
"""Sentences `field: what does not hold`."""


def check_record(record: Json, snapshot: Snapshot, portfolio: Portfolio, limits: Limits) -> list[str]:
    """What does not hold in a decision record; empty when all of it does. Raises on a record without its fields."""
    named = {"snapshot": snapshot.digest, "portfolio": portfolio.digest, "limits": limits.fingerprint}
    wrong = [
        f"inputs.{name}: the digest is of another {name}" for name in named if record["inputs"][name] != named[name]
    ]
    if wrong:
        return wrong
    if record["fault"] is not None:
        return list(_nothing_permitted(record))
    return list(_Recheck(record, snapshot, portfolio, limits).complaints())


def _nothing_permitted(record: Json) -> Complaints:
    """A cycle that could not be decided permits nothing at all."""
    for one in record["verdicts"]:
        if one["outcome"] != Outcome.UNDETERMINED.value:
            yield f"verdicts.{one['instrument']}: the cycle has a fault, and the outcome is `{one['outcome']}`"
    for part in ("warrants", "exits"):
        if record[part]:
            yield f"{part}: the cycle has a fault, and there are {len(record[part])} of them"


def _differs(where: str, recorded: Json, again: Json) -> Complaints:
    if recorded != again:
        yield f"{where}: the record says {_shown(recorded)}, worked out again it is {_shown(again)}"


def _shown(value: Json) -> str:
    written = "nothing" if value is None else str(value)
    return written if len(written) <= 160 else f"{written[:160]}…"


@dataclass
class _Recheck:
    """One record with everything it names, and what was worked out again so far."""

    record: Json
    snapshot: Snapshot
    portfolio: Portfolio
    limits: Limits
    _known: dict[tuple[tuple[str, Fraction], ...], list[Worst]] = field(default_factory=dict)

    # --- what the record is about -------------------------------------------------------------------------------

    @cached_property
    def derived(self) -> tuple[Fact, ...]:
        return tuple(admit(template, slots) for template, slots in self.record["derived"])

    @cached_property
    def regime(self) -> str:
        return next((fact.word("name") for fact in self.derived if fact.template == "regime"), UNKNOWN_REGIME)

    @cached_property
    def market(self) -> Market:
        return read_market(
            self.snapshot, self.portfolio, self.limits.parameters.cluster_threshold, self.limits.scenarios
        )

    @cached_property
    def state(self) -> tuple[str, dict[str, Finding]]:
        """The trading state, and what each limit that names one finds."""
        return trading_state(self.portfolio, self.market, self.limits, self.regime)

    @cached_property
    def obliged(self) -> tuple[tuple[tuple[Exit, Fraction], ...], Duty]:
        """The exits, each with what is left to close, and what limits in breach oblige to."""
        in_force = self.limits.in_force(self.market.session, self.regime, self.state[0], self.market.figures)
        asked = propose_exits(self.derived, self.portfolio, self.market, in_force)
        return oblige(asked, self.portfolio, self.market, self.limits, self.regime, self.state[0])

    @property
    def asked(self) -> tuple[tuple[Exit, Fraction], ...]:
        """The exits."""
        return self.obliged[0]

    @cached_property
    def here(self) -> Circumstances:
        going = tuple(one for one, _ in self.asked)
        book = read_book(self.portfolio, going, self.market, self.limits)
        return Circumstances(self.snapshot, self.portfolio, self.market, book, going, self.limits, self.derived,
                             self.regime, self.state[0])  # fmt: skip

    @cached_property
    def lost(self) -> str | None:
        """The fault that kept the entries from being judged at all, if there was one."""
        fault = (self.record["proof"] or {}).get("fault")
        return fault if fault is not None and fault.startswith(LOST) else None

    @cached_property
    def proposed(self) -> Proposed:
        return proposed(self.derived, self.market)

    @cached_property
    def candidates(self) -> dict[str, Candidate]:
        """The entries that were asked of the gate, shaped again from the policies' recorded answers."""
        if self.lost is not None:
            return {}
        recorded = {one["instrument"]: one for one in self.record["verdicts"]}
        found = {}
        for name, fact in self.proposed.candidates.items():
            policy = PolicyVerdict.from_json(recorded[name]["policy"])
            owner = str(recorded[name]["strategy"]).removesuffix(f"-{fact['horizon']}")
            found[name] = shape(self.here, self.state[1], fact, policy, owner, self.proposed.baskets.get(name))
        return in_ratio(found)

    @cached_property
    def queue(self) -> list[tuple[Entry, ...]]:
        """Entries in the order of judgement: highest conviction first, ties by instrument; a basket's legs together."""
        parties: dict[str, list[Entry]] = {}
        for one in (one.entry for one in self.candidates.values()):
            parties.setdefault(_called((one,)), []).append(one)
        ordered = [tuple(sorted(legs, key=lambda one: one.instrument)) for legs in parties.values()]
        return sorted(ordered, key=lambda legs: (-min(one.conviction for one in legs), legs[0].instrument))

    @cached_property
    def case(self) -> Case:
        free = [entry for party in self.queue if self._is_free(party) for entry in party]
        return Case(self.portfolio, self.here.exits, free, self.market, self.limits, self.regime, self.state[0])

    def _is_free(self, party: Sequence[Entry]) -> bool:
        whole = party[0].basket is None or tuple(one.instrument for one in party) == party[0].basket.instruments
        return whole and all(
            one.instrument in self.market.terms and all(found.holds for found in one.findings) for one in party
        )

    def worst(self, grants: Sequence[Grant]) -> list[Worst]:
        """The oracle's answer, kept, because cores ask for many of the same."""
        key = tuple(sorted((one.entry.instrument, one.quantity) for one in grants))
        if key not in self._known:
            self._known[key] = worst(self.case, grants)
        return self._known[key]

    # --- the check ----------------------------------------------------------------------------------------------

    def complaints(self) -> Complaints:
        """Everything that does not hold."""
        record = self.record
        due = instruments_of(self.snapshot, self.derived)
        told = tuple(one["instrument"] for one in record["verdicts"])
        if told != due:
            yield f"verdicts: they speak of {_shown(told)}, a verdict is due for {_shown(due)}"
            return
        state, states = self.state
        # A record of an earlier release names no digest of the law.
        yield from _differs("law_digest", record.get("law_digest", self.limits.law_digest), self.limits.law_digest)
        yield from _differs("regime", record["regime"], self.regime)
        yield from _differs("trading_state", record["trading_state"], state)
        yield from _differs("states", record["states"], [finding_json(states[name]) for name in sorted(states)])
        exits = self._exits()
        yield from _differs("exits", record["exits"], [one.to_json() for one in exits])
        case = Case(self.portfolio, (), (), self.market, self.limits, self.regime, state)
        yield from check_duty(record.get("obligations"), self.obliged[1], self.asked, case)
        yield from self._bystanders()
        yield from self._proof()
        grants: list[Grant] = []
        try:
            if self._agreed:
                yield from self._verdicts(grants)
                readings = [_reading(one) for one in self.worst(grants)] if self.candidates else []
                yield from _differs("readings", record["readings"], readings)
                yield from self._stress(grants)
            else:
                yield from self._disagreed()
        except TooMany as error:
            yield f"readings: not checked, {error}"
        yield from self._warrants(exits, grants)

    def _stress(self, grants: Sequence[Grant]) -> Complaints:
        """Losses by the oracle; what was drawn from a seed is drawn again. Records of the first releases have none."""
        recorded = self.record.get("stress")
        if recorded is None:
            return
        yield from _differs("stress.losses", recorded["losses"], stress_losses(self.case, grants))
        again = stresses(self.here.book, grants, self.market, self.limits).to_json()
        for part in sorted({*recorded, *again} - {"losses"}):
            yield from _differs(f"stress.{part}", recorded.get(part), again.get(part))

    @property
    def _agreed(self) -> bool:
        proof = self.record["proof"]
        return proof is None or proof["fault"] is None

    def _exits(self) -> list[ExitVerdict]:
        found = []
        for at, (one, left) in enumerate(self.asked):
            others = [other for place, other in enumerate(self.here.exits) if place != at]
            worsens = self._worsened(others) if self.lost is None else ()
            found.append(ExitVerdict(one, text(left), held_back(self.here, one.instrument), worsens))
        return found

    def _worsened(self, others: Sequence[Any]) -> tuple[str, ...]:
        """Limits that stand above their bound with all exits, and further up than without this one."""
        with_it = Case(self.portfolio, self.here.exits, (), self.market, self.limits, self.regime, self.state[0])
        without = Case(self.portfolio, others, (), self.market, self.limits, self.regime, self.state[0])
        before = {one.measure: one.value for one in worst(without, ())}
        return tuple(
            one.measure
            for one in worst(with_it, ())
            if one.value > one.bound and one.value > before.get(one.measure, one.base)
        )

    def _bystanders(self) -> Complaints:
        """Instruments for which nothing was proposed, or what can be no candidate."""
        for one in self.record["verdicts"]:
            name = one["instrument"]
            if name in self.proposed.refused:
                again = refused_verdict(name, self.proposed.refused[name])
                yield from _differs(f"verdicts.{name}", one, again.to_json())
            elif self.lost is not None and name in self.proposed.candidates:
                yield from _differs(
                    f"verdicts.{name}", one, Verdict(name, Outcome.UNDETERMINED, (self.lost,)).to_json()
                )
            elif name not in self.candidates:
                yield from _differs(f"verdicts.{name}.outcome", one["outcome"], Outcome.NO_CANDIDATE.value)
                yield from _differs(f"verdicts.{name}.quantity", one.get("quantity"), None)

    def _proof(self) -> Complaints:
        proof = self.record["proof"]
        if self.lost is None and (proof is None) != (not self.candidates):
            yield f"proof: there are {len(self.candidates)} candidates, and the proof is {_shown(proof)}"
            return
        if proof is None:
            return
        yield from _differs("proof.agrees", proof["agrees"], proof["fault"] is None)
        if self._agreed:
            asked = [[one.name, one.expected, one.expected] for one in questions(self._recorded_rulings(), self.market)]
            given = [[one["question"], one["expected"], one["answered"]] for one in proof["answers"]]
            yield from _differs("proof.answers", given, asked)

    def _recorded_rulings(self) -> list[Ruling]:
        recorded = {one["instrument"]: one for one in self.record["verdicts"]}
        return [
            Ruling(entry, Outcome(one["outcome"]), Fraction(one["quantity"]))
            for party in self.queue
            for entry in party
            for one in (recorded[entry.instrument],)
        ]

    def _disagreed(self) -> Complaints:
        """Without the solver's agreement nothing is granted; the rest of a verdict is not numeric."""
        fault = Proof(fault=self.record["proof"]["fault"])
        for entry in (entry for party in self.queue for entry in party):
            bare = Ruling(entry, Outcome.UNDETERMINED, Fraction(0))
            yield from self._compare(bare, fault, ("binding", "cores", "crowding"))

    # --- the numbers --------------------------------------------------------------------------------------------

    def _verdicts(self, grants: list[Grant]) -> Complaints:
        """Every entry or basket in its turn; `grants` grows by what the record grants."""
        recorded = {one.entry.instrument: one.quantity for one in self._recorded_rulings()}
        granted: list[_Granted] = []
        for party in self.queue:
            asked = [Grant(one, recorded[one.instrument]) for one in party]
            where = f"verdicts.{party[0].instrument}.quantity"
            told = " and ".join(text(one.quantity) for one in asked)
            steps = {one.quantity / self._step(one.entry) for one in asked}
            count = min(steps)
            most = all(one.quantity <= one.entry.target for one in asked)
            if len(steps) > 1 or count < 0 or count.denominator != 1 or not most:
                whole = (
                    "no whole number of lots" if party[0].basket is None else "no whole number of its basket's units"
                )
                yield f"{where}: {told} is {whole} up to {' and '.join(text(one.target) for one in party)}"
                return
            if count > 0 and not self._is_free(party):
                yield f"{where}: {told} is granted although a condition forbids it"
                return
            for ruling in self._ruled(party, int(count), granted):
                yield from self._compare(ruling, Proof())
            more = [Grant(one.entry, one.quantity + self._step(one.entry)) for one in asked]
            refused = not self._is_free(party) or any(not one.holds for one in self.worst([*grants, *more]))
            if count > 0:
                granted.append(_Granted(_called(party), tuple(asked)))
                grants += asked
                broken = [one.measure for one in self.worst(grants) if not one.holds]
                if broken:
                    yield f"{where}: {told} breaks {', '.join(broken)}"
            if any(one.quantity < one.entry.target for one in asked) and not refused:
                yield f"{where}: one lot more than {told} would break nothing"

    def _step(self, entry: Entry) -> Fraction:
        """Shares by which an entry grows: a lot, or a leg of one unit of its basket."""
        if entry.basket is not None:
            return entry.basket.unit(entry.instrument)
        terms = self.market.terms.get(entry.instrument)
        return Fraction(terms.lot) if terms is not None else Fraction(1)

    def _ruled(self, party: Sequence[Entry], count: int, granted: Sequence[_Granted]) -> list[Ruling]:
        """The rulings that recorded quantities make: outcome and reasons, by the oracle."""

        def ruled(outcome: Outcome) -> list[Ruling]:
            return [Ruling(one, outcome, self._step(one) * count) for one in party]

        if count > 0 and all(self._step(one) * count == one.target for one in party):
            return ruled(Outcome.GRANTED)
        if count > 0:
            binding = self._broken(party, count + 1, granted)
            most = min(int(one.target // self._step(one)) for one in party)
            lacking = self._broken(party, most, granted)
            return [replace(one, binding=binding, lacking=lacking) for one in ruled(Outcome.CUT)]
        basket = party[0].basket
        cores = [
            Core(found.limit if basket is None else f"{found.limit}[{entry.instrument}]", found.limit, ())
            for entry in party
            for found in entry.findings
            if not found.holds
        ]
        if basket is not None and tuple(one.instrument for one in party) != basket.instruments:
            cores.append(Core(WHOLE, WHOLE, ()))
        known = all(one.instrument in self.market.terms for one in party)
        if known and any(one.target < self._step(one) for one in party):
            cores.append(Core(SIZE, SIZE, ()))
        crowding: list[tuple[str, str, Fraction]] = []
        lacking = ()
        spare: tuple[tuple[str, Fraction], ...] = ()
        if self._is_free(party):
            numeric, crowding = self._cores([Grant(one, self._step(one)) for one in party], granted)
            cores += numeric
            lacking = self._broken(party, 1, granted)
            spare = self._spare(party, granted, sorted({name for _, name, _ in crowding}))
        ordered = sorted(set(cores), key=lambda core: (not core.alone, core.constraint, core.grants))
        return [replace(one, cores=tuple(ordered), crowding=tuple(crowding), lacking=lacking, spare=spare)
                for one in ruled(Outcome.DENIED)]  # fmt: skip

    def _broken(self, party: Sequence[Entry], count: int, granted: Sequence[_Granted]) -> tuple[Reading, ...]:
        """What so many steps break beside the earlier grants."""
        asked = self.worst([*_flat(granted), *(Grant(one, self._step(one) * count) for one in party)])
        return tuple(Reading(one.measure, one.limit, one.value, one.bound, one.base, one.corner)
                     for one in asked if not one.holds)  # fmt: skip

    def _spare(
        self, party: Sequence[Entry], granted: Sequence[_Granted], names: Sequence[str]
    ) -> tuple[tuple[str, Fraction], ...]:
        """The fewest steps that each crowding grant would have to give up: a step less at a time, from nothing up."""
        found: list[tuple[str, Fraction]] = []
        for name in names:
            at = next(place for place, one in enumerate(granted) if one.name == name)
            one = granted[at]
            unit = [self._step(grant.entry) for grant in one.grants]
            most = int(one.grants[0].quantity // unit[0])
            kept = -1
            low, high = 0, most + 1
            while low < high:  # the largest number of steps that leaves room; kept stays -1 where none does
                middle = (low + high) // 2
                left = [Grant(grant.entry, each * middle) for grant, each in zip(one.grants, unit, strict=True)]
                beside = [*granted[:at], *([_Granted(name, tuple(left))] if middle else []), *granted[at + 1 :]]
                if self._broken(party, 1, beside):
                    high = middle
                else:
                    low, kept = middle + 1, middle
            if kept >= 0:
                found.append((name, (most - kept) * (unit[0] if len(unit) == 1 else Fraction(1))))
        return tuple(found)

    def _cores(
        self, step: Sequence[Grant], granted: Sequence[_Granted]
    ) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:
        """Each limit that one lot or unit breaks: by itself, or beside which smallest sets of earlier grants."""
        cores: list[Core] = []
        crowding: list[tuple[str, str, Fraction]] = []
        for one in self.worst([*_flat(granted), *step]):
            if one.holds:
                continue
            if self._breaks(one.measure, step):
                cores.append(Core(one.measure, one.limit, ()))
                continue
            sets = self._crowds(one.measure, step, granted)
            cores += [Core(one.measure, one.limit, names) for names in sets]
            for name in sorted({name for names in sets for name in names}):
                rest = _flat([other for other in granted if other.name != name])
                share = self._value(one.measure, _flat(granted)) - self._value(one.measure, rest)
                crowding.append((one.measure, name, share))
        return cores, crowding

    def _crowds(self, measure: str, step: Sequence[Grant], granted: Sequence[_Granted]) -> list[tuple[str, ...]]:
        if len(granted) > MOST_GRANTS_ENUMERATED:
            kept = list(granted)
            for one in granted:
                without = [other for other in kept if other is not one]
                kept = without if self._breaks(measure, [*_flat(without), *step]) else kept
            return [tuple(sorted(one.name for one in kept))]
        breaking = [
            frozenset(one.name for one in chosen)
            for size in range(len(granted) + 1)
            for chosen in combinations(granted, size)
            if self._breaks(measure, [*_flat(chosen), *step])
        ]
        return sorted(tuple(sorted(names)) for names in breaking if not any(other < names for other in breaking))

    def _breaks(self, measure: str, grants: Sequence[Grant]) -> bool:
        return any(one.measure == measure and not one.holds for one in self.worst(grants))

    def _value(self, measure: str, grants: Sequence[Grant]) -> Fraction:
        return next(one.value for one in self.worst(grants) if one.measure == measure)

    # --- comparing ----------------------------------------------------------------------------------------------

    def _compare(self, ruling: Ruling, proof: Proof, unchecked: Sequence[str] = ()) -> Complaints:
        """A recorded verdict, field by field, with the one this ruling makes."""
        name = ruling.entry.instrument
        recorded = next(one for one in self.record["verdicts"] if one["instrument"] == name)
        rows, nav = self.limits.rows(self.market.session), Fraction(self.portfolio.nav)
        again = verdict_of(ruling, self.candidates[name], proof, rows, nav).to_json()
        if "stress" not in self.record:
            # A record of an earlier release, which did not say what would flip a refusal.
            again.pop("repairs", None)
        for part in sorted({*recorded, *again} - set(unchecked)):
            yield from _differs(f"verdicts.{name}.{part}", recorded.get(part), again.get(part))

    def _warrants(self, exits: Sequence[ExitVerdict], grants: Sequence[Grant]) -> Complaints:
        """Exactly the orders that the exits, trails and grants of this record make."""
        decision = Decision(
            as_of=self.snapshot.as_of,
            inputs=Inputs(**self.record["inputs"]),
            regime=self.regime,
            trading_state=self.record["trading_state"],
            verdicts=(),
            exits=tuple(exits),
            derived=self.derived,
        )
        again = issue_warrants(
            decision, tuple(grants), self.snapshot, self.portfolio, self.market, self.limits.parameters.take_profit
        )
        yield from _differs("warrants", self.record["warrants"], [one.to_json() for one in again])


def _reading(one: Worst) -> Json:
    return reading_json(Reading(one.measure, one.limit, one.value, one.bound, one.base, one.corner))


@dataclass(frozen=True, slots=True)
class _Granted:
    """What a record grants as one: a single entry, or the legs of a basket."""

    name: str
    grants: tuple[Grant, ...]


def _flat(granted: Sequence[_Granted]) -> list[Grant]:
    return [grant for one in granted for grant in one.grants]


def _called(party: Sequence[Entry]) -> str:
    return party[0].instrument if party[0].basket is None else f"basket:{party[0].basket.name}"
