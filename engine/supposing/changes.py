"""What somebody supposes, in his words, as a changed case: `limit.portfolio.sector=45 %`.

What can be set:

    limit.ID[.bound|long|short|once|days]   a number of the limit in force on the session
    parameter.NAME, multiplier.REGIME       what shapes sizes
    fact.REF[.SLOT]                         a slot of a fact of the snapshot; without SLOT its one number
    head.HEAD.SYMBOL.SLOT, head.HEAD.SLOT   the same of what a head says of an instrument, and of its health
    portfolio.NAME                          nav, cash, settled_cash, day_pnl, high_water_mark, traded_today
    portfolio.position.SYMBOL               signed shares of a position there is; 0 takes it away
    portfolio.operations.NAME               kill_switch, feed_connected and so on: yes, no or a number

Every fact passes the door, limits are read as a file is, and whatever cannot be meant is a `Fault` with the nearest
spelling. Left out: what the rules conclude, which follows from what they rest on, and what would follow from a changed
portfolio (NAV from cash): each number stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from engine.orders.portfolio import Portfolio
from engine.supposing.case import Case
from engine.supposing.law import Unknown, Written, near, with_limit, with_multiplier, with_parameter
from knowledge.door import Refused, admit
from knowledge.facts import Fact, value_text
from knowledge.facts_file import read_facts
from knowledge.faults import Fault, Faulty
from knowledge.templates import Slot, vocabulary
from knowledge.values import Json, text

MONEY = ("nav", "cash", "settled_cash", "day_pnl", "high_water_mark", "traded_today")
SUBJECTS = ("limit", "parameter", "multiplier", "fact", "head", "portfolio")
_REF = re.compile(r"([a-z-]+)\(([^()]*)\)(?:\.(.*))?\Z")


@dataclass(frozen=True, slots=True)
class Supposed:
    """One change in words: what it is about, what was, what is supposed; None where there was or is nothing."""

    about: str
    before: str | None
    after: str | None
    unit: str = ""

    @property
    def words(self) -> str:
        """A sentence."""
        unit = f" ({self.unit})" if self.unit else ""
        if self.before is None:
            return f"there is {self.about}: {self.after}"
        if self.after is None:
            return f"there is no {self.about}, which was {self.before}"
        return f"{self.about}: {self.after} in place of {self.before}{unit}"

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"about": self.about, "before": self.before, "after": self.after, "unit": self.unit}


def changed(
    case: Case, sets: Iterable[str] = (), drops: Iterable[str] = (), adds: Iterable[str] = ()
) -> tuple[Case, tuple[Supposed, ...]]:
    """The case with all of it changed, in order: what is dropped, added, set. Raises `Faulty` with the first fault."""
    told: list[Supposed] = []
    steps = [(words, _dropped) for words in drops] + [(words, _added) for words in adds]
    for words, step in [*steps, *((words, _set) for words in sets)]:
        try:
            case, one = step(case, words)
        except (Unknown, Refused) as error:
            raise Faulty(Fault("command line", 1, 1, f"`{words}`: {error}")) from None
        told.append(one)
    return case, tuple(told)


def _set(case: Case, words: str) -> tuple[Case, Supposed]:
    key, found, value = words.partition("=")
    # A ref may hold no `=`, so the first one is ours.
    subject, _, rest = key.strip().partition(".")
    value = value.strip()
    if not found or not rest or not value:
        raise Unknown("write what is set and to what, such as `limit.portfolio.sector=45 %`")
    match subject:
        case "limit":
            return _law(case, *with_limit(case.limits, rest, value, case.session))
        case "parameter":
            return _law(case, *with_parameter(case.limits, rest, value))
        case "multiplier":
            return _law(case, *with_multiplier(case.limits, rest, value))
        case "fact":
            return _fact_set(case, rest, value)
        case "head":
            return _fact_set(case, _of_head(case, rest), value)
        case "portfolio":
            return _portfolio_set(case, rest, value)
        case _:
            raise Unknown(f"`{subject}` cannot be set{near(subject, SUBJECTS)}")


def _law(case: Case, limits: object, written: Written) -> tuple[Case, Supposed]:
    told = Supposed(written.name, written.before, written.after, written.unit)
    return replace(case, limits=limits), told  # type: ignore[arg-type]


# --- facts ------------------------------------------------------------------------------------------------------


def _fact_set(case: Case, words: str, value: str) -> tuple[Case, Supposed]:
    ref, name = _ref(words)
    fact = _told(case, ref)
    slot = _slot(fact, name)
    values: dict[str, object] = {
        one: [value_text(each) for each in held] if isinstance(held, tuple) else value_text(held)
        for one, held in fact.slots
    }
    values[slot.name] = [one.strip() for one in value.split(",")] if slot.many else value
    after = admit(fact.template, values)
    unit = unit_of(fact, slot.name)
    told = Supposed(f"{ref} {slot.name}", value_text(fact[slot.name]), value_text(after[slot.name]), unit)
    return case.with_facts([after]), told


def _dropped(case: Case, words: str) -> tuple[Case, Supposed]:
    ref, name = _ref(words.strip().removeprefix("fact."))
    if name:
        raise Unknown(f"a fact is dropped as a whole; write `{ref}`")
    fact = _told(case, ref)
    return case.with_facts(drop=[ref]), Supposed(ref, _said(fact), None)


def _added(case: Case, words: str) -> tuple[Case, Supposed]:
    try:
        facts = read_facts(f"- {words.strip().removeprefix('- ')}", "--add")
    except Faulty as error:
        raise Unknown(
            f"{error.faults[0].message}; write it like `earnings: {{instrument: AAPL, sessions: 2}}`"
        ) from None
    if len(facts) != 1:
        raise Unknown("one fact at a time, such as `earnings: {instrument: AAPL, sessions: 2}`")
    fact = facts[0]
    _from_outside(fact.template)
    if fact.ref in case.snapshot.refs:
        raise Unknown(f"`{fact.ref}` is there already; set a slot of it: `fact.{fact.ref}.SLOT=VALUE`")
    return case.with_facts([fact]), Supposed(fact.ref, None, _said(fact))


def _of_head(case: Case, words: str) -> str:
    """`technical.AAPL.weight` and `technical.brier` as the facts they mean."""
    parts = words.split(".")
    heads = {fact.word("head") for name in ("head", "advisory") for fact in case.snapshot.all(name)}
    name = max((one for one in heads if words.startswith(f"{one}.")), key=len, default=parts[0])
    if name not in heads:
        raise Unknown(f"there is no head `{name}`{near(name, heads)}")
    rest = words.removeprefix(f"{name}.").split(".")
    if len(rest) == 1:
        return f"head({name}).{rest[0]}"
    return f"advisory({'.'.join(rest[:-1])},{name}).{rest[-1]}"


def _ref(words: str) -> tuple[str, str]:
    """A fact's name, and the slot that stands behind it."""
    found = _REF.match(words.replace(", ", ","))
    if found is None:
        raise Unknown("name a fact such as `indicator(AAPL,rsi-14)`, and behind a dot its slot")
    return f"{found[1]}({found[2]})", found[3] or ""


def _told(case: Case, ref: str) -> Fact:
    """The fact of the snapshot with this name."""
    template = ref.partition("(")[0]
    _from_outside(template)
    fact = next((one for one in case.snapshot.facts if one.ref == ref), None)
    if fact is None:
        refs = [one for one in case.snapshot.refs if one.partition("(")[0] == template] or list(case.snapshot.refs)
        raise Unknown(f"the snapshot holds no `{ref}`{near(ref, refs)}")
    return fact


def _from_outside(template: str) -> None:
    """Raises `Unknown` where facts of a template do not come in through the door."""
    templates = vocabulary().templates
    if template not in templates:
        raise Unknown(f"there is no template `{template}`{near(template, templates)}")
    origin = templates[template].origin
    if origin == "rules":
        raise Unknown(f"`{template}` is what the rules conclude; change what it rests on, or the rules (`--rules`)")
    if origin == "portfolio":
        raise Unknown(f"`{template}` is made from the portfolio; set `portfolio.position.SYMBOL`")


def _slot(fact: Fact, name: str) -> Slot:
    template = vocabulary().templates[fact.template]
    numbers = [one for one in template.slots.values() if one.type in ("integer", "number") and not one.many]
    if not name and len(numbers) == 1:
        return numbers[0]
    free = [one for one in template.slots if one not in template.key]
    if not name:
        raise Unknown(f"say which slot of `{fact.ref}`: {', '.join(f'`{one}`' for one in free)}")
    if name not in template.slots:
        raise Unknown(f"`{fact.template}` has no slot `{name}`{near(name, free)}")
    if name in template.key:
        raise Unknown(f"`{name}` is part of what names the fact; drop it and add another")
    return template.slots[name]


def unit_of(fact: Fact, name: str) -> str:
    """The unit of a slot of a fact; empty where it has none."""
    slot = vocabulary().templates[fact.template].slots[name]
    measure = vocabulary().measure(fact.template, fact.word(slot.by)) if slot.by else None
    return measure.unit if measure is not None else slot.unit


def _said(fact: Fact) -> str:
    key = vocabulary().templates[fact.template].key
    return ", ".join(f"{name} {value_text(value)}" for name, value in fact.slots if name not in key) or "a fact"


# --- the portfolio ----------------------------------------------------------------------------------------------


def _portfolio_set(case: Case, words: str, value: str) -> tuple[Case, Supposed]:
    portfolio = case.portfolio.to_json()
    part, _, name = words.partition(".")
    if part in MONEY and not name:
        before, portfolio[part] = portfolio[part], _number(value)
        unit = case.portfolio.currency
    elif part == "position" and name:
        before, unit = _position_set(portfolio, name, _number(value)), "shares"
    elif part == "operations" and name:
        before, unit = _operation_set(portfolio["operations"], name, value), ""
    else:
        raise Unknown(f"the portfolio has no `{words}`{near(words, (*MONEY, 'position.SYMBOL', 'operations.NAME'))}")
    after = text(Decimal(value)) if unit else value
    told = Supposed(f"portfolio {words.replace('.', ' ')}", str(before), after, unit)
    return replace(case, portfolio=Portfolio.from_json(portfolio)), told


def _position_set(portfolio: Json, instrument: str, quantity: str) -> str:
    held = {one["instrument"]: one for one in portfolio["positions"]}
    if instrument not in held:
        raise Unknown(f"no position in `{instrument}` is held{near(instrument, held)}")
    before = str(held[instrument]["quantity"])
    held[instrument]["quantity"] = quantity
    if Decimal(quantity) == 0:
        portfolio["positions"] = [one for one in portfolio["positions"] if one["instrument"] != instrument]
    # Figures of the positions as they were.
    portfolio.pop("tail_loss", None)
    return before


def _operation_set(operations: Json, name: str, value: str) -> str:
    plain = {one: held for one, held in operations.items() if isinstance(held, bool | int)}
    if name not in plain:
        raise Unknown(f"operations have no `{name}`{near(name, plain)}")
    before = plain[name]
    if isinstance(before, bool):
        if value not in ("yes", "no"):
            raise Unknown(f"`{name}` takes `yes` or `no`, not `{value}`")
        operations[name] = value == "yes"
        return "yes" if before else "no"
    if not value.isdecimal():
        raise Unknown(f"`{name}` takes a whole number, not `{value}`")
    operations[name] = int(value)
    return str(before)


def _number(value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Unknown(f"`{value}` is no number; write digits such as `1000000`") from None
    if not number.is_finite():
        raise Unknown(f"`{value}` is no number; write digits such as `1000000`")
    return text(number)
