"""Re-checks a decision record from what it names, with exact arithmetic and no solver: the verdict `arithmetic`.

What rules and policies concluded is taken from the record (derived facts, whose rule it was, the policies' answers);
everything after that is worked out again: trading state, exits, prices, sizes, conditions, and with the oracle every
limit's value, bound and base, what binds a cut, every core of a denial, what crowds it, and the warrants. A granted
quantity is not computed but checked: all limits hold with it, and one lot more breaks one.

Left out: whether the rules and policies conclude what they concluded, what was the nearest miss, and what the solver
said beyond its answers. A replay covers those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any

from engine.candidates import Candidate, one_sided, shape
from engine.decision import Decision, ExitVerdict, Verdict, finding_json, reading_json
from engine.entries import LOST
from engine.exits import propose_exits
from engine.gate.conditions import Circumstances, held_back
from engine.gate.judge import MOST_GRANTS_ENUMERATED, SIZE, Core, Outcome, Reading, Ruling
from engine.gate.market import Market, read_market
from engine.gate.proposals import Entry, Exit, Finding, Grant
from engine.gate.reach import read_book
from engine.gate.states import trading_state
from engine.issue import issue_warrants
from engine.limits.model import UNKNOWN_REGIME, Limits
from engine.orders.portfolio import Portfolio
from engine.orders.warrants import Inputs
from engine.proof.prove import Proof, questions
from engine.review.oracle import Case, TooMany, Worst, worst
from engine.verdicts import instruments_of, torn_verdict, verdict_of
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
        return read_market(self.snapshot, self.portfolio, self.limits.parameters.cluster_threshold)

    @cached_property
    def state(self) -> tuple[str, dict[str, Finding]]:
        """The trading state, and what each limit that names one finds."""
        return trading_state(self.portfolio, self.market, self.limits, self.regime)

    @cached_property
    def asked(self) -> tuple[tuple[Exit, Fraction], ...]:
        """The exits, each with what is left to close."""
        in_force = self.limits.in_force(self.market.session, self.regime, self.state[0], self.market.figures)
        return propose_exits(self.derived, self.portfolio, self.market, in_force)

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
    def candidates(self) -> dict[str, Candidate]:
        """The entries that were asked of the gate, shaped again from the policies' recorded answers."""
        proposed, _ = one_sided(self.derived)
        if self.lost is not None:
            return {}
        recorded = {one["instrument"]: one for one in self.record["verdicts"]}
        found = {}
        for name, fact in proposed.items():
            policy = PolicyVerdict.from_json(recorded[name]["policy"])
            owner = str(recorded[name]["strategy"]).removesuffix(f"-{fact['horizon']}")
            found[name] = shape(self.here, self.state[1], fact, policy, owner)
        return found

    @cached_property
    def queue(self) -> list[Entry]:
        """Entries in the order of judgement: highest conviction first, ties by instrument."""
        entries = (one.entry for one in self.candidates.values())
        return sorted(entries, key=lambda entry: (-entry.conviction, entry.instrument))

    @cached_property
    def case(self) -> Case:
        free = [entry for entry in self.queue if self._is_free(entry)]
        return Case(self.portfolio, self.here.exits, free, self.market, self.limits, self.regime, self.state[0])

    def _is_free(self, entry: Entry) -> bool:
        return entry.instrument in self.market.terms and all(found.holds for found in entry.findings)

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
        yield from _differs("regime", record["regime"], self.regime)
        yield from _differs("trading_state", record["trading_state"], state)
        yield from _differs("states", record["states"], [finding_json(states[name]) for name in sorted(states)])
        exits = self._exits()
        yield from _differs("exits", record["exits"], [one.to_json() for one in exits])
        yield from self._bystanders()
        yield from self._proof()
        grants: list[Grant] = []
        try:
            if self._agreed:
                yield from self._verdicts(grants)
                readings = [_reading(one) for one in self.worst(grants)] if self.candidates else []
                yield from _differs("readings", record["readings"], readings)
            else:
                yield from self._disagreed()
        except TooMany as error:
            yield f"readings: not checked, {error}"
        yield from self._warrants(exits, grants)

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
        """Instruments for which nothing was proposed, or both sides at once."""
        proposed, torn = one_sided(self.derived)
        for one in self.record["verdicts"]:
            name = one["instrument"]
            if name in torn:
                yield from _differs(f"verdicts.{name}", one, torn_verdict(name).to_json())
            elif self.lost is not None and name in proposed:
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
            for entry in self.queue
            for one in (recorded[entry.instrument],)
        ]

    def _disagreed(self) -> Complaints:
        """Without the solver's agreement nothing is granted; the rest of a verdict is not numeric."""
        fault = Proof(fault=self.record["proof"]["fault"])
        for entry in self.queue:
            bare = Ruling(entry, Outcome.UNDETERMINED, Fraction(0))
            yield from self._compare(bare, fault, ("binding", "cores", "crowding"))

    # --- the numbers --------------------------------------------------------------------------------------------

    def _verdicts(self, grants: list[Grant]) -> Complaints:
        """Every entry in its turn; `grants` grows by what the record grants."""
        for recorded in self._recorded_rulings():
            entry, quantity = recorded.entry, recorded.quantity
            where = f"verdicts.{entry.instrument}.quantity"
            lot = self._lot(entry)
            if quantity < 0 or quantity > entry.target or quantity % lot:
                yield f"{where}: {text(quantity)} is no whole number of lots up to {text(entry.target)}"
                return
            if quantity > 0 and not self._is_free(entry):
                yield f"{where}: {text(quantity)} is granted although a condition forbids it"
                return
            yield from self._compare(self._ruled(entry, quantity, grants), Proof())
            if quantity > 0:
                grants.append(Grant(entry, quantity))
                broken = [one.measure for one in self.worst(grants) if not one.holds]
                if broken:
                    yield f"{where}: {text(quantity)} breaks {', '.join(broken)}"
            if quantity < entry.target and not self._refused(entry, quantity, grants):
                yield f"{where}: one lot more than {text(quantity)} would break nothing"

    def _lot(self, entry: Entry) -> Fraction:
        terms = self.market.terms.get(entry.instrument)
        return Fraction(terms.lot) if terms is not None else Fraction(1)

    def _refused(self, entry: Entry, quantity: Fraction, grants: Sequence[Grant]) -> bool:
        """Whether something forbids one lot more."""
        if not self._is_free(entry):
            return True
        earlier = [one for one in grants if one.entry is not entry]
        return any(not one.holds for one in self.worst([*earlier, Grant(entry, quantity + self._lot(entry))]))

    def _ruled(self, entry: Entry, quantity: Fraction, grants: Sequence[Grant]) -> Ruling:
        """The ruling that a recorded quantity makes: its outcome and reasons, by the oracle."""
        lot = self._lot(entry)
        if quantity > 0 and quantity == entry.target:
            return Ruling(entry, Outcome.GRANTED, quantity)
        if quantity > 0:
            beyond = self.worst([*grants, Grant(entry, quantity + lot)])
            binding = tuple(Reading(one.measure, one.limit, one.value, one.bound, one.base)
                            for one in beyond if not one.holds)  # fmt: skip
            return Ruling(entry, Outcome.CUT, quantity, binding=binding)
        cores = [Core(found.limit, found.limit, ()) for found in entry.findings if not found.holds]
        if entry.instrument in self.market.terms and entry.target < lot:
            cores.append(Core(SIZE, SIZE, ()))
        crowding: list[tuple[str, str, Fraction]] = []
        if self._is_free(entry):
            numeric, crowding = self._cores(Grant(entry, lot), grants)
            cores += numeric
        ordered = sorted(set(cores), key=lambda core: (not core.alone, core.constraint, core.grants))
        return Ruling(entry, Outcome.DENIED, quantity, cores=tuple(ordered), crowding=tuple(crowding))

    def _cores(self, lot: Grant, grants: Sequence[Grant]) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:
        """Each limit that one lot breaks: by itself, or beside which smallest sets of earlier grants."""
        cores: list[Core] = []
        crowding: list[tuple[str, str, Fraction]] = []
        for one in self.worst([*grants, lot]):
            if one.holds:
                continue
            if self._breaks(one.measure, [lot]):
                cores.append(Core(one.measure, one.limit, ()))
                continue
            sets = self._crowds(one.measure, lot, grants)
            cores += [Core(one.measure, one.limit, names) for names in sets]
            for name in sorted({name for names in sets for name in names}):
                rest = [other for other in grants if other.entry.instrument != name]
                share = self._value(one.measure, grants) - self._value(one.measure, rest)
                crowding.append((one.measure, name, share))
        return cores, crowding

    def _crowds(self, measure: str, lot: Grant, grants: Sequence[Grant]) -> list[tuple[str, ...]]:
        if len(grants) > MOST_GRANTS_ENUMERATED:
            kept = list(grants)
            for one in grants:
                without = [other for other in kept if other is not one]
                kept = without if self._breaks(measure, [*without, lot]) else kept
            return [tuple(sorted(one.entry.instrument for one in kept))]
        breaking = [
            frozenset(one.entry.instrument for one in chosen)
            for size in range(len(grants) + 1)
            for chosen in combinations(grants, size)
            if self._breaks(measure, [*chosen, lot])
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
        again = verdict_of(ruling, self.candidates[name], proof).to_json()
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
    return reading_json(Reading(one.measure, one.limit, one.value, one.bound, one.base))
