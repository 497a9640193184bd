"""What changes from one rulebook to another, as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from adapters.comparing.comparison import Comparison
from adapters.comparing.text import comparison_json
from adapters.rulediff.bars import OverBars
from adapters.rulediff.books import Book
from adapters.rulediff.groups import Group, grouped
from knowledge.values import Json

MOST_GROUPS = 20
MOST_INSTRUMENTS = 6


@dataclass(frozen=True)
class Recorded:
    """What the recorded cycles say."""

    cycles: int
    first: str
    last: str
    left_out: int
    found: Comparison


@dataclass(frozen=True)
class Told:
    """All that was asked and found; parts that were not asked are None."""

    old: Book
    new: Book
    meaning: Json | None
    """As `adapters.asking.meanings.differences` gives it."""
    policies: Sequence[str]
    """Policy files that are others."""
    recorded: Recorded | None = None
    bars: OverBars | None = None
    notes: Sequence[str] = ()

    @property
    def differs(self) -> bool:
        """Whether anything does, or is not known."""
        changes = self.meaning and self.meaning["changes"]
        meant = self.meaning is not None and (changes is None or any(one["kind"] != "same" for one in changes))
        runs = [one.found for one in (self.recorded, self.bars) if one is not None]
        return bool(meant or self.unasked or self.policies or any(one.differences for one in runs))

    @property
    def unasked(self) -> tuple[str, ...]:
        """Rules that are others, where nobody asked what they mean."""
        if self.meaning is not None:
            return ()
        one, two = ({rule.name: rule.text for rule in book.rulebook.program.rules} for book in (self.old, self.new))
        return tuple(sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name)))


def told_json(told: Told) -> Json:
    """Everything, nothing left out."""
    value: Json = {"old": told.old.to_json(), "new": told.new.to_json(), "differs": told.differs}
    value["meaning"] = told.meaning
    value["other_rules"] = list(told.unasked)
    value["policies"] = list(told.policies)
    if (one := told.recorded) is not None:
        span = {"cycles": one.cycles, "first": one.first, "last": one.last, "left_out": one.left_out}
        value["recorded"] = {**span, **_practice(one.found)}
    if (two := told.bars) is not None:
        value["bars"] = {
            "first": two.first, "last": two.last, "sessions": two.sessions, "currency": two.currency,
            "old": two.old.to_json(), "new": two.new.to_json(),
            "excess": None if two.excess is None else asdict(two.excess),
            "worth": list(worth(two)), **_practice(two.found),
        }  # fmt: skip
    value["notes"] = list(told.notes)
    return value


def told_lines(told: Told) -> Iterator[str]:
    """Lines for a reader."""
    yield f"old  {told.old.where}  {told.old.rulebook.fingerprint[:19]}"
    yield f"new  {told.new.where}  {told.new.rulebook.fingerprint[:19]}"
    if told.meaning is not None:
        yield ""
        yield "IN MEANING"
        yield from told.meaning["text"]
    if told.unasked:
        yield f"{_many(len(told.unasked), 'rule is another one', 'rules are others')}: {', '.join(told.unasked)}"
    for file in told.policies:
        yield f"policies in {file} are others; what policies mean is not analysed, what they judge is seen in practice"
    if told.recorded is not None:
        yield ""
        yield from _recorded(told.recorded)
    if told.bars is not None:
        yield ""
        yield from _bars(told.bars)
    for note in told.notes:
        yield ""
        yield note


def worth(runs: OverBars) -> Iterator[str]:
    """What the profit and loss of the stretch is worth, from its numbers."""
    different = sum(_granted(one.a) != _granted(one.b) for one in runs.found.differences)
    yield (
        f"The difference in profit rests on {_many(different, 'entry', 'entries')} that came, went or had another size,"
        f" in {_many(runs.sessions, 'session', 'sessions')}; commission and slippage are in it, taxes and market impact"
        " are not."
    )
    if runs.excess is None:
        yield "There are too few sessions for an interval: it proves nothing."
        return
    low, high = (f"{100 * end:+.1f} %" for end in (runs.excess.low, runs.excess.high))
    if runs.excess.excludes_zero:
        yield (
            f"The 95 % interval of the annual difference is {low} to {high}. It leaves zero out, for this one stretch;"
            " whoever tries twenty changes finds one like it by luck."
        )
    else:
        yield (
            f"The 95 % interval of the annual difference is {low} to {high}: it holds zero, so this stretch does not"
            " show that either rulebook earns more."
        )


def _granted(decided: Json) -> Json:
    """What was granted to an instrument, if anything was."""
    if not isinstance(decided, dict) or decided.get("outcome") not in ("granted", "cut"):
        return None
    return decided["side"], decided["quantity"]


def _practice(found: Comparison) -> Json:
    return {"groups": [one.to_json() for one in grouped(found.differences)], **comparison_json(found)}


def _recorded(one: Recorded) -> Iterator[str]:
    yield f"IN PRACTICE: {_many(one.cycles, 'recorded cycle', 'recorded cycles')}, {one.first} to {one.last}"
    yield "each on the facts, portfolio and limits of its record, so that no difference follows from another"
    if one.left_out:
        yield f"{_many(one.left_out, 'cycle', 'cycles')} between them had no decision that can be made again"
    yield from _groups(one.found)


def _bars(runs: OverBars) -> Iterator[str]:
    yield f"IN PRACTICE: {_many(runs.sessions, 'session', 'sessions')} of bars, {runs.first} to {runs.last}"
    yield "each rulebook with what it bought before, under the limits of the desk"
    yield from _groups(runs.found)
    yield ""
    rows = (
        ("profit after costs", *(f"{float(one.profit):+,.2f}" for one in (runs.old, runs.new)),
         f"{float(runs.new.profit - runs.old.profit):+,.2f} {runs.currency}"),
        ("costs", *(f"{float(one.costs):,.2f}" for one in (runs.old, runs.new)),
         f"{float(runs.new.costs - runs.old.costs):+,.2f}"),
        ("turnover, of NAV", *(f"{one.turnover:.2f}" for one in (runs.old, runs.new)),
         f"{runs.new.turnover - runs.old.turnover:+.2f}"),
        ("entries granted", str(runs.old.entries), str(runs.new.entries), f"{runs.new.entries - runs.old.entries:+}"),
        ("fills", str(runs.old.fills), str(runs.new.fills), f"{runs.new.fills - runs.old.fills:+}"),
    )  # fmt: skip
    yield f"{'':<20}{'old':>14}{'new':>14}  difference"
    for name, old, new, apart in rows:
        yield f"{name:<20}{old:>14}{new:>14}  {apart}"
    yield from worth(runs)


def _groups(found: Comparison) -> Iterator[str]:
    if not found.differences:
        yield f"all {found.both} decided the same"
        return
    apart = len({one.label for one in found.differences})
    decisions = _many(len(found.differences), "decision differs", "decisions differ")
    yield f"{decisions}, in {apart} of {found.both} cycles"
    every = grouped(found.differences)
    for group in every[:MOST_GROUPS]:
        yield from _group(group)
    if len(every) > MOST_GROUPS:
        yield f"… and {len(every) - MOST_GROUPS} more; `--json` has them all"


def _group(group: Group) -> Iterator[str]:
    span = group.first if group.first == group.last else f"{group.first} to {group.last}"
    yield f"  {group.about}: {_many(group.decisions, 'decision', 'decisions')}, {span}"
    yield f"    {', '.join(f'{kind} {times}' for kind, times in group.kinds.most_common())}"
    names = [f"{name} {times}" for name, times in group.instruments.most_common(MOST_INSTRUMENTS)]
    more = len(group.instruments) - len(names)
    yield f"    {', '.join(names)}{f' and {more} more' if more else ''}"


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
