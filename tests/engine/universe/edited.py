"""Ten edited files and more: what a person says of each, and what `limits diff` says. Run it to print the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

from ruamel.yaml import YAML

from engine.limits.model import Limits
from engine.limits.text import read_limits
from engine.universe.diff import Diff, diff
from tests.engine.universe.made_market import made_market

HERE = Path(__file__).parent
BASE = HERE.parent / "limits_of_a_desk.yaml"
INSTRUMENTS = 12


@dataclass(frozen=True)
class Edited:
    """One edit: what a person says of it, and both files."""

    name: str
    why: str
    verdict: str
    old: Limits
    new: Limits

    def compared(self, count: int = INSTRUMENTS) -> Diff:
        market = made_market(count)
        return diff(self.old, self.new, lambda _: market)


@cache
def listed() -> list[dict[str, Any]]:
    """The edits as they are written."""
    found: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(
        (HERE / "edited_limits.yaml").read_text(encoding="utf-8")
    )
    return found


def edited() -> Iterator[Edited]:
    base = BASE.read_text(encoding="utf-8")
    for one in listed():
        text = base
        for before, after in one["edits"]:
            assert text.count(before) == 1, (one["name"], before)
            text = text.replace(before, after)
        yield Edited(one["name"], one["why"], one["verdict"], read_limits(base), read_limits(text))


@cache
def all_edited() -> dict[str, Edited]:
    """All of them, by name."""
    return {one.name: one for one in edited()}


def main() -> None:
    for one in edited():
        one.compared()
        began = process_time()
        found = one.compared()
        spent = (process_time() - began) * 1000
        print(f"{one.name}\n  a person: {one.verdict}, {one.why}")
        print(f"  limits diff: {found.verdict.value} ({spent:.0f} ms of CPU, {found.budget.programmes} programmes)")
        for direction, accepting, refusing in ((found.looser, "new", "old"), (found.tighter, "old", "new")):
            for effect in direction.effects:
                if effect.witness is not None:
                    print(f"    {effect.witness.sentence(accepting, refusing)}")
                elif effect.certificate is not None:
                    print(f"    {effect.limit} makes no difference: {'; '.join(effect.certificate.lines())}")
                else:
                    print(f"    {effect.limit}: {effect.how}")


if __name__ == "__main__":
    main()
