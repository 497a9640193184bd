"""What became of the mutants, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

from adapters.casework.mutating import Change, Fate, Survey
from knowledge.values import Json


def told(survey: Survey, every: bool = False) -> list[str]:
    """The survivors with a case for each, the score, what was not counted, the score of each kind."""
    lines = [line for one in survey.fates if every or one[1].outcome == "survived" for line in _one(*one)]
    return [*lines, *_summary(survey)]


def percent(part: int, whole: int) -> str:
    """A share in per cent with one digit, rounded down: 99.96 is no 100."""
    tenths = part * 1000 // whole if whole else 0
    return f"{tenths // 10}.{tenths % 10} %"


def _one(change: Change, fate: Fate) -> Iterator[str]:
    said = {
        "survived": "survives",
        "killed": f"is killed by {fate.words}",
        "lost": f"is killed: {fate.words}",
        "refused": "is refused by the checks",
        "equal": f"is equal: {fate.words}",
    }[fate.outcome]
    yield f"{change.file}:{change.line}:{change.column}: {change.about} {said}: {change.sentence}"
    if fate.outcome == "survived":
        offer = fate.words.splitlines()
        if offer:
            about = offer[0].partition(": ")[2]
            yield f"    this case in rules/cases/{about.replace('_', '-')}.yaml kills it:"
            yield from (f"    {line}" for line in offer[2:])
        else:
            yield "    no case was found that kills it; it may change nothing"


def _summary(survey: Survey) -> Iterator[str]:
    score = percent(survey.caught, survey.counted)
    seconds = f"{survey.milliseconds / 1000:.1f} s"
    known = f", {survey.remembered} known before" if survey.remembered else ""
    alive = len(survey.of("survived"))
    yield f"score {score}: {survey.caught} of {survey.counted} mutants killed, {alive} survive; {seconds}{known}"
    idle = [
        (len(survey.of(name)), words)
        for name, words in (("refused", "refused by the checks"), ("equal", "proved equal"))
    ]
    if any(count for count, _ in idle):
        yield f"not counted: {', '.join(f'{count} {words}' for count, words in idle if count)}"
    caught, whole = Counter[str](), Counter[str]()
    for change, fate in survey.fates:
        caught[change.operator] += fate.is_caught
        whole[change.operator] += fate.counts
    yield "by kind: " + ", ".join(f"{name} {caught[name]}/{whole[name]}" for name in sorted(whole) if whole[name])


def to_json(survey: Survey) -> Json:
    """The JSON value."""
    return {
        "killed": survey.caught,
        "counted": survey.counted,
        "score": percent(survey.caught, survey.counted),
        "remembered": survey.remembered,
        "milliseconds": survey.milliseconds,
        "mutants": [
            {name: value for name, value in asdict(change).items() if name not in ("at", "name")}
            | {"outcome": fate.outcome, "words": fate.words}
            for change, fate in survey.fates
        ],
    }
