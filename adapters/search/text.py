"""What was found, as a table for a person and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.search.finding import Answer, Found, Question
from knowledge.values import Json

_WIDE = 100
_HEADINGS = ("when", "what", "symbol", "outcome", "reason", "explain")


def as_json(question: Question, answer: Answer) -> Json:
    """Rows of the page, the count of all, and how each word was taken."""
    return {
        "asked": {**question.words, **_dates(question)},
        "taken": {name: list(one.words) for name, one in answer.taken.items()},
        "total": answer.total,
        "outcomes": dict(answer.counts),
        "skipped": question.skip,
        "rows": [_row_json(one) for one in answer.rows],
    }


def lines(question: Question, answer: Answer) -> Iterator[str]:
    """For a person: how the words were taken, the rows, and the count."""
    for name, one in answer.taken.items():
        if one.words != (one.asked,):
            yield f"{name} `{one.asked}` is {', '.join(one.words)}"
    if answer.rows:
        yield from _table([_HEADINGS, *map(_cells, answer.rows)])
    yield _counts(question, answer)


def _counts(question: Question, answer: Answer) -> str:
    if not answer.total:
        return "nothing found"
    by = ", ".join(f"{number} {outcome or 'without outcome'}" for outcome, number in answer.counts.items())
    last = question.skip + len(answer.rows)
    shown = "" if len(answer.rows) == answer.total else f"; rows {question.skip + 1} to {last} are shown"
    if not answer.rows:
        shown = "; there is no such page"
    elif last < answer.total and question.most:
        shown += f", the next with `--page {last // question.most + 1}`"
    return f"{answer.total} found: {by}{shown}"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADINGS) - 1)]
    for *cells, last in rows:
        yield f"{'  '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))}  {last}".rstrip()


def _cells(one: Found) -> tuple[str, ...]:
    subject, record = one.subject, one.record
    what = str(record["kind"]) if record["kind"] != "decision" else " ".join(subject.all("rule")) or "decision"
    who = ", ".join(subject.all("who"))
    why = ", ".join(subject.all("reason"))
    told = f"{who}: {why}" if who and why else who or why
    short = told if len(told) <= _WIDE else f"{told[: _WIDE - 1]}…"
    return (str(record["as_of"]), what, " ".join(subject.all("symbol")), subject.outcome, short, one.explained_by)


def _row_json(one: Found) -> Json:
    subject, record = one.subject, one.record
    named = {name: list(subject.all(name)) for name in ("symbol", "rule", "reason", "limit", "who", "order")}
    return {
        "as_of": record["as_of"],
        "recorded_at": record["recorded_at"],
        "kind": record["kind"],
        "seq": one.seq,
        "record_id": record["record_id"],
        "explain": one.explained_by,
        "outcome": subject.outcome or None,
        **{name: words for name, words in named.items() if words},
    }


def _dates(question: Question) -> Json:
    return {name: day for name, day in (("from", question.since), ("to", question.until)) if day}
