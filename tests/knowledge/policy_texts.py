"""Policy texts and facts that the tests of the Prolog session share."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from knowledge import door
from knowledge.facts import Fact
from knowledge.prolog.session import PrologPolicies

ROOT = Path(__file__).parent.parent.parent
BOOK = ("restricted_list", "jurisdiction", "session", "earnings", "short_selling")
UNIVERSE = ("AAPL", "FB", "GOOG", "IBM", "MSFT")

BASE = """\
:- sentence(permitted(Candidate), "~Candidate is permitted").
permitted(Candidate) :- \\+ forbidden(Candidate, _).
:- sentence(forbidden(Candidate, Reason), "~Candidate is forbidden: ~Reason").
"""
"""Three lines that every small text of the tests starts with."""


def shipped_sources() -> list[tuple[str, str]]:
    """The policies of the desk that ships, entry first."""
    names = ["policies.pl", *(f"rules/book/{name}.pl" for name in BOOK)]
    return [(name, (ROOT / name).read_text(encoding="utf-8")) for name in names]


def policies(body: str) -> PrologPolicies:
    """`BASE` and one more piece of text, as the file `p.pl`; the piece starts on line 4."""
    return PrologPolicies([("p.pl", BASE + body)])


def forbidding(body: str) -> PrologPolicies:
    """One reason to forbid, `r`, with this body over `Instrument` and `Side`."""
    return policies(f"forbidden(candidate(Instrument, Side, _, _, _), r) :- Instrument = _I, Side = _S, {body}.\n")


def candidate(instrument: str = "AAPL", side: str = "long") -> Fact:
    """A candidate as rules propose it."""
    return door.fact(
        "candidate", instrument=instrument, side=side, horizon="swing", conviction="0.8", rule="entry-long"
    )


def earnings(instrument: str, sessions: int) -> Fact:
    """Sessions until the next release."""
    return door.fact("earnings", instrument=instrument, sessions=sessions)


def calendar(instrument: str, session: str = "open", day: str = "2012-06-01") -> Fact:
    """The next session."""
    return door.fact("calendar", instrument=instrument, session=session, next=day)


def reference(
    instrument: str, issuer: str, exchange: str = "XNAS", country: str = "US", shortable: str = "yes"
) -> Fact:
    """What is fixed about an instrument."""
    return door.fact(
        "reference",
        instrument=instrument,
        issuer=issuer,
        sector="technology",
        currency="USD",
        exchange=exchange,
        country=country,
        shortable=shortable,
        lot=1,
        tick="0.01",
        multiplier=1,
    )


DAYS = st.sampled_from(
    ["2011-01-03", "2012-05-17", "2012-05-18", "2012-06-01", "2012-06-27", "2012-06-28", "2013-03-01"]
)


@st.composite
def knowledge_of(draw: st.DrawFn, instrument: str) -> list[Fact]:
    """What may be known about one instrument for policies, each part or none."""
    parts = []
    if draw(st.integers(0, 7)):
        issuer = draw(st.sampled_from(["apple", "facebook", "google", "recent-listings-2012", "syndicate-offerings"]))
        exchange = draw(st.sampled_from(["XNAS", "XNYS", "XLON"]))
        country = draw(st.sampled_from(["US", "US", "US", "GB"]))
        parts.append(reference(instrument, issuer, exchange, country, draw(st.sampled_from(["yes", "no"]))))
    if draw(st.integers(0, 7)):
        parts.append(calendar(instrument, draw(st.sampled_from(["open", "open", "half", "closed"])), draw(DAYS)))
    if draw(st.integers(0, 7)):
        parts.append(earnings(instrument, draw(st.integers(0, 60))))
    return parts


def worlds() -> st.SearchStrategy[list[Fact]]:
    """What may be known about the universe, in canonical order of the instruments."""
    return st.tuples(*(knowledge_of(name) for name in UNIVERSE)).map(
        lambda parts: [fact for part in parts for fact in part]
    )


def both_sides() -> list[Fact]:
    """A candidate for each instrument and side."""
    return [candidate(name, side) for name in UNIVERSE for side in ("long", "short")]
