"""The one file that strangers run: `verify_warrant.py`, made from the arithmetic's checker and what reads an export.

The two are kept apart where they are written (`engine/checker.py`, `adapters/exporting/stranger.py`), because the first
is to be read in one sitting and the second needs signatures; a stranger gets them as one text that imports nothing of
ours. The text at the root of the checkout is made by this, and a test holds the two together.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from adapters.exporting import stranger
from engine import checker

NAME = "verify_warrant.py"
_OURS = "from engine.checker import "
_MADE = "# Made from engine/checker.py and adapters/exporting/stranger.py by `warrant audit verifier`; do not edit.\n"
_FUTURE = "from __future__ import annotations"
_ALONE = "def _root("
"""Where the checker begins to be a program of its own."""


def text() -> str:
    """The whole file."""
    about, reading = _parts(Path(stranger.__file__).read_text(encoding="utf-8"))
    arithmetic = _parts(Path(checker.__file__).read_text(encoding="utf-8"))[1].partition(_ALONE)[0]
    lines = [line for line in reading.partition(_FUTURE)[2].split("\n") if not line.startswith(_OURS)]
    title = "# --- arithmetic (engine/checker.py) " + "-" * 80
    return "\n".join([f"# fmt: off\n{_MADE}{about}\n", _FUTURE, "", title, arithmetic.strip(), "", *lines])


def fingerprint() -> str:
    """SHA-256 of the file, in hexadecimal: to compare with the one published with a release."""
    return sha256(text().encode()).hexdigest()


def _parts(source: str) -> tuple[str, str]:
    """The docstring with its quotes, and all behind it."""
    before, quotes, rest = source.partition('"""')
    about, end, code = rest.partition('"""')
    assert quotes and end and not before.replace("# fmt: off\n", "").strip(), "a module begins with its docstring"
    return quotes + about + end, code
