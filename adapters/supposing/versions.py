"""Other versions of what a cycle was decided by: from files, from what the log recorded, from another run's heads."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from adapters.answers.lookup import decision_at
from adapters.asking.files import limits_file
from adapters.audit.kinds import period_of
from adapters.audit.log import LogReader
from adapters.comparing.sides import opened
from adapters.desk.folder import shown
from engine.limits.text import read_limits, recorded_limits
from engine.supposing.case import Case
from knowledge.door import snapshot_from_json
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, parse
from rules.rulebook import Rulebook, read_rulebook

OF_HEADS = ("advisory", "abstention", "head")
"""What heads say, of instruments and of themselves."""
_RECORD = re.compile(r"[0-9a-f]{6,64}\Z")


def with_limits(case: Case, log: LogReader, words: str) -> tuple[Case, str]:
    """The case under limits of a file, of git, or of a `change` of the log, by its id. Raises `Faulty`."""
    if (record := _recorded(log, words, "change")) is not None:
        return replace(case, limits=recorded_limits(parse(log.blob(record["new"])))), f"the limits of {words}"
    text, name = limits_file(words)
    return replace(case, limits=read_limits(text, name)), f"the limits of {name}"


def with_rules(case: Case, log: LogReader, words: str) -> tuple[Case, str]:
    """The case under the rulebook of a folder, or of a `rulebook` record of the log, by its id. Raises `Faulty`."""
    if (record := _recorded(log, words, "rulebook")) is not None:
        return replace(case, rulebook=Rulebook.from_json(parse(log.blob(record["new"])))), f"the rulebook of {words}"
    place = Path(words)
    return replace(case, rulebook=read_rulebook(place)), f"the rulebook of {shown(place)}"


def with_models(case: Case, record: Json, place: Path) -> tuple[Case, str]:
    """The case with what the heads of another run said of the same period. Raises `Faulty`."""
    with opened(place) as other:
        found = decision_at(other.log, period_of(record))
        if "snapshot" not in found.get("inputs", {}):
            raise Faulty(Fault(str(place), 1, 1, f"it decided nothing on {period_of(record)}; name another run"))
        said = snapshot_from_json(parse(other.log.blob(found["inputs"]["snapshot"])))
    put = [one for name in OF_HEADS for one in said.all(name)]
    drop = [one.ref for name in OF_HEADS for one in case.snapshot.all(name)]
    return case.with_facts(put, drop), f"the heads of {shown(place)}"


def _recorded(log: LogReader, words: str, kind: str) -> Json:
    """The one record of this kind whose id begins so; None where words are no id, or none begins so."""
    if not _RECORD.match(words) or Path(words).exists():
        return None
    found = [record for name in log.find(words) if (record := log.record(name))["kind"] == kind]
    return found[0] if len(found) == 1 else None
