"""What the wheel holds beside the packages: the desk that ships, and the versions it was tested with.

They lie in `adapters/shipped`, so that nothing of ours lies loose among the packages of others. An editable install
gets none of it: there the checkout itself is the desk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = (
    "rules.clp",
    "policies.pl",
    "limits.yaml",
    "instruments.yaml",
    "warrant.toml",
    "rules/book",
    "rules/cases",
    "docs/lints",
    "requirements.lock",
)


class Shipped(BuildHookInterface[Any]):
    """Adds the desk to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a build; `version` is `standard` or `editable`."""
        if version == "standard":
            root = Path(self.root)
            build_data["force_include"].update({str(root / name): f"adapters/shipped/{name}" for name in SHIPPED})
