"""What a person means by a name, told: a day, a decision, an order, or any other record of the log."""

from __future__ import annotations

from adapters.answers.aftermath import aftermath_of
from adapters.answers.evidence import evidence_of
from adapters.answers.lookup import check_symbol, decision_at, is_label, record_of
from adapters.answers.orders import explain_order
from adapters.answers.reading import unknown
from adapters.answers.records import explain_record
from adapters.audit.reader import LogReader
from engine.telling import tokens as say
from engine.telling.explain import explain_decision, explain_verdict
from engine.telling.narrative import Telling
from knowledge.values import Json


def explain(log: LogReader, name: str, symbol: str | None = None) -> Telling:
    """Why: of a date, a bar's label, the id of a record (or its beginning), of an order or of a warrant.

    Raises `Faulty` where nothing answers to the name, `LogUnreadable` where the log does not vouch for it.
    """
    if is_label(name):
        return _told(log, decision_at(log, name), symbol)
    found = record_of(log, name)
    if found.order and symbol in (None, found.instrument):
        return explain_order(log, found.record, found.order)
    return _told(log, found.record, symbol)


def explain_not(log: LogReader, symbol: str, at: str) -> Telling:
    """Why not: the verdict on one instrument in the cycle of a date or bar. Raises as `explain` does."""
    record = decision_at(log, at)
    if record["kind"] == "fault":
        return explain_record(log, record)
    check_symbol(record, symbol)
    verdict = next(one for one in record["verdicts"] if one["instrument"] == symbol)
    return explain_verdict(evidence_of(log, record), verdict)


def _told(log: LogReader, record: Json, symbol: str | None) -> Telling:
    if record["kind"] != "decision":
        if symbol is not None and record.get("instrument", symbol) != symbol:
            raise unknown(symbol, f"the record is about {record['instrument']}; leave `--symbol` out")
        return explain_record(log, record)
    check_symbol(record, symbol)
    chosen = [symbol] if symbol is not None else []
    told = explain_decision(evidence_of(log, record), chosen)
    came = aftermath_of(log, record, chosen)
    summary = [say.joined([told.summary[0], *came.sentences], " "), *told.summary[1:]] if chosen else told.summary
    return told.further(*came.telling).headed(*summary)
