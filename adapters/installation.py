"""Where the program lies, how it came there, and what a person types to call it.

A wheel carries the desk that ships in `adapters/shipped`; a checkout, and an editable install of one, is that desk
itself. Everything else that must know the difference asks here.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib import metadata

DISTRIBUTION = "warrant-engine"
ROOT = Path(__file__).resolve().parents[1]
"""The folder that holds our packages."""
_CARRIED = ROOT / "adapters" / "shipped"
INSTALLED = _CARRIED.is_dir()
"""Whether this is a wheel's copy of the program, and not a checkout."""
SHIPPED = _CARRIED if INSTALLED else ROOT
"""The desk that ships."""


def version() -> str:
    """The version of the program."""
    if INSTALLED:
        return _distribution().version
    return str(_project()["version"])


def by_installer() -> bool:
    """Whether pip or uv put the program here, with the extras one asked for; the launcher installs all of the lock."""
    from importlib import metadata

    return any(metadata.distributions(name=DISTRIBUTION))


def requirements() -> tuple[str, ...]:
    """The packages without which nothing runs, as the project names them; those of extras are left out."""
    if INSTALLED:
        return tuple(one for one in _distribution().requires or () if "extra ==" not in one)
    return tuple(_project()["dependencies"])


def launcher() -> str:
    """What one types, from the folder one stands in, to call this program."""
    if INSTALLED:
        script = Path(sys.executable).parent / "warrant"
        found = shutil.which("warrant")
        return "warrant" if found and script.exists() and script.samefile(found) else shlex.quote(str(script))
    whole = ROOT / "warrant"
    relative = Path(os.path.relpath(whole))
    typed = str(whole if relative.parts[:2] == ("..", "..") else relative)
    return shlex.quote(typed if "/" in typed else f"./{typed}")


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _distribution() -> metadata.Distribution:
    """The one that brought these very files, whatever else is on the path."""
    from importlib import metadata

    return next(iter(metadata.distributions(name=DISTRIBUTION, path=[str(ROOT)])))
