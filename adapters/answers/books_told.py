"""The entries of the books in words: splits, dividends, borrow, settlement, closes of a bar, the end of a session."""

from __future__ import annotations

from collections.abc import Iterator

from engine.telling import tokens as say
from engine.telling.tokens import Phrase
from knowledge.values import Json


def books_words(record: Json) -> Iterator[Phrase]:
    """What an entry says."""
    name, session = say.instrument(record.get("instrument", "")), say.instant(record["session"])
    match record["entry"]:
        case "split":
            yield from (name, " was split before the open of ", session, ": ", say.number(record["ratio"]))
            yield " new shares for each old one"
        case "dividend":
            yield from (name, " went ex dividend at the open of ", session, ": ", say.number(record["per_share"]))
            yield " a share"
        case "borrow":
            yield from ("borrowing ", name, f" over {record['nights']} nights up to ", session, " cost ")
            yield from (say.number(record["fee"]), ": ", say.share(record["rate"]), " a year of ")
            yield say.number(record["value"], places=2)
        case "settlement":
            yield from ("what was agreed on ", say.instant(record["agreed"]), " changed hands on ", session, ": ")
            yield from (say.number(record["receivable"], places=2), " came in, ")
            yield from (say.number(record["payable"], places=2), " went out")
        case "session" | "closes" as entry:
            what = "the session of " if entry == "session" else f"the bar {record['period']} ended, of the session of "
            yield from (what, session, " ended" if entry == "session" else "")
            closes = [(say.instrument(one), " ", say.number(price)) for one, price in sorted(record["closes"].items())]
            yield (" with the closes ", say.listed(closes)) if closes else ", and nothing was held or quoted"
        case other:
            yield f"the books took an entry `{other}`"
