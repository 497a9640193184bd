"""What was proved before, in a file beside the desk's models: answers by the digest of the theorem's text."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.desk.folder import Desk
from adapters.installation import INSTALLED, SHIPPED
from knowledge.values import Json

FILE = "proved.json"
_KEPT = ("answer", "resources", "values", "milliseconds")


def remembered(desk: Desk) -> tuple[str, Json]:
    """The solver's version and answers by digest; nothing where there is no file, or none that can be read."""
    try:
        found = json.loads(_file(desk).read_text(encoding="utf-8"))
        answers = {str(name): {part: one[part] for part in _KEPT} for name, one in found["answers"].items()}
        return str(found["solver"]), {name: one for name, one in answers.items() if one["answer"] == "proved"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # A memory that cannot be read is none: everything is proved again.
        return "", {}


def remember(desk: Desk, value: Json) -> None:
    """Keep what was proved. The desk inside an installed program remembers nothing."""
    if INSTALLED and desk.folder.resolve() == SHIPPED:
        return
    file = _file(desk)
    answers = {one["digest"]: {part: one[part] for part in _KEPT} for one in value["theorems"]
               if one["answer"] == "proved"}  # fmt: skip
    told = json.dumps({"solver": value["solver"], "answers": answers}, indent=1, sort_keys=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.write_text(told + "\n", encoding="utf-8")
    beside.replace(file)


def _file(desk: Desk) -> Path:
    return desk.models.parent / FILE
