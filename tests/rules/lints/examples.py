"""The examples of the lints' pages, each a file, and how they are checked."""

from __future__ import annotations

from pathlib import Path

from knowledge.prolog.check import look_here
from rules.findings import Finding
from rules.lints.check import check
from rules.texts import RULES, BookText, Source, read_texts

FOLDER = Path(__file__).parent / "examples"
POLICIES = """:- sentence(permitted(Candidate), "~Candidate is permitted").
permitted(Candidate) :- \\+ forbidden(Candidate, _).
"""
SPOKEN = ':- sentence(forbidden(Candidate, Reason), "~Candidate is forbidden: ~Reason").\n'
REST = Source("rest.pl", POLICIES + SPOKEN)
"""What an example of a policy leaves out."""
NOTHING = Source("nothing.pl", "forbidden(candidate(Instrument, _, _, _, _), nothing) :- Instrument == 'NOTHING'.\n")


def example(code: str, which: str) -> Path | None:
    """The file of an example, `bad` or `good`; None where the page shows none."""
    found = sorted(FOLDER.glob(f"{code}-{which}.*"))
    return found[0] if found else None


def findings(path: Path, tmp: Path) -> tuple[Finding, ...]:
    """What a check finds in an example, where a sound rest of a rulebook stands beside it."""
    code, text = path.name[:4], path.read_text(encoding="utf-8")
    cased: frozenset[str] | None = None
    if code == "R207":
        cased = frozenset(("trend-up",) if "good" in path.name else ())
    if code == "R003":
        (tmp / RULES).write_text(text)
        (tmp / "policies.pl").write_text(f"{REST.text}{NOTHING.text}")
        (tmp / "rules/book").mkdir(parents=True)
        (tmp / "rules/book/trend.clp").write_text((FOLDER / "R101-good.clp").read_text())
        return check(read_texts(tmp), read_policies=look_here).findings
    source = Source(path.name, text)
    if path.suffix == ".clp":
        return check(BookText((source,), (REST, NOTHING)), cased, read_policies=look_here).findings
    rules = (Source("rules.clp", (FOLDER / "R101-good.clp").read_text()),)
    policies = (source,) if code == "P114" else (REST, source)
    return check(BookText(rules, policies), read_policies=look_here).findings
