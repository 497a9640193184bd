"""What an editor is told is wrong with a desk: the check of `rules.lints.check`, over texts that are not saved yet.

It runs in the process that `adapters.editor.checker` keeps, and can be ended there. A file of rules or policies that
is open and that the desk does not load is checked as if it were loaded last, for itself alone. A case file that is
open is read in full. Left out: what the rules mean, and whether cases pass, which `warrant rules check` and `test` say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.faults import Faulty
from knowledge.prolog.check import look_at, look_here
from knowledge.prolog.engine import PrologFault
from knowledge.values import Json
from rules.cases import cases_of
from rules.findings import Edit, Finding, Fix
from rules.lints.cased import outline
from rules.lints.catalogue import of_fault
from rules.lints.check import PolicyReader, check
from rules.texts import BookText, Source, read_text, read_texts

CASES = "rules/cases"


def look(desk: Path, unsaved: Mapping[str, str], read_policies: PolicyReader) -> tuple[list[Finding], dict[str, str]]:
    """Every finding of a desk, in order, and the texts of its files. Raises `PrologFault` where Prolog cannot run."""
    book = read_texts(desk, unsaved)
    cases = case_texts(desk, unsaved)
    findings: list[Finding] = []
    cased = _cased(desk, cases, unsaved, findings)
    findings += check(book, cased, read_policies=read_policies).findings
    texts = {**book.texts, **cases}
    for name, text in beside(book, unsaved):
        source = Source(name, text)
        rules, policies = ((), (source,)) if name.endswith(".pl") else ((source,), ())
        wider = BookText((*book.rules, *rules), (*book.policies, *policies), book.faults)
        findings += [one for one in check(wider, None, read_policies=read_policies).findings if one.file == name]
        texts[name] = text
    return sorted(dict.fromkeys(findings), key=lambda one: one.place), texts


def beside(book: BookText, unsaved: Mapping[str, str]) -> list[tuple[str, str]]:
    """The open files of rules and policies that the desk does not load."""
    known = book.texts
    return [(name, text) for name, text in unsaved.items() if name not in known and name.endswith((".clp", ".pl"))]


def case_texts(desk: Path, unsaved: Mapping[str, str]) -> dict[str, str]:
    """The text of each case file that can be read, by its path inside the desk."""
    names = {path.relative_to(desk).as_posix(): path for path in desk.glob(f"{CASES}/*.yaml")}
    names |= {name: desk / name for name in unsaved if _is_case(name)}
    found = {name: unsaved[name] if name in unsaved else read_text(path, name) for name, path in sorted(names.items())}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def _is_case(name: str) -> bool:
    return name.startswith(f"{CASES}/") and name.endswith(".yaml") and name.count("/") == CASES.count("/") + 1


def _cased(
    desk: Path, texts: Mapping[str, str], unsaved: Mapping[str, str], findings: list[Finding]
) -> frozenset[str] | None:
    """The rules with a case in which they fire and one in which they do not; None where a file cannot be read."""
    fires: dict[str, set[bool]] = {}
    whole = True
    for name, text in texts.items():
        seen = None if name in unsaved else outline(text)
        if seen is not None:
            fires.setdefault(seen[0], set()).update(seen[1])
            continue
        try:
            for case in cases_of(text, name, lambda path: _inside(desk, path)):
                if case.kind == "rule" and case.fires is not None:
                    fires.setdefault(case.about, set()).add(case.fires)
        except Faulty as error:
            whole = False
            findings += _unread(error, text, name)
    return frozenset(name for name, both in fires.items() if len(both) == 2) if whole else None


def _inside(desk: Path, path: str) -> str:
    folder = (desk / CASES).resolve()
    place = (folder / path).resolve()
    if not place.is_relative_to(folder) or (place.exists() and not place.is_file()):
        raise ValueError(f"`{path}` is no file beside the case")
    return place.read_text(encoding="utf-8")


def _unread(error: Faulty, text: str, name: str) -> Iterator[Finding]:
    for fault in error.faults:
        if fault.file == name:
            yield of_fault(type(fault)(fault.file, fault.line, fault.column, fault.message, "C101", 1), text)


# Questions and answers of the process.


def answer(request: Json) -> Json:
    """Findings and the texts that they are about. `apart`: policies are read in a process of their own."""
    reader = look_at if request["apart"] else look_here
    try:
        findings, texts = look(Path(request["desk"]), request["unsaved"], reader)
    except PrologFault as error:
        return {"failed": str(error)}
    named = {one.file for one in findings}
    return {
        "findings": [one.to_json() for one in findings],
        "texts": {name: text for name, text in texts.items() if name in named},
    }


def finding_from_json(value: Json) -> Finding:
    """Read what `Finding.to_json` wrote."""
    fix = value["fix"] and Fix(
        value["fix"]["sentence"], tuple(Edit(*one) for one in value["fix"]["edits"]), value["fix"]["safe"]
    )
    return Finding(**{**value, "fix": fix})
