"""What came of a source of bars, as lines for people."""

from __future__ import annotations

from adapters.importing.bringing import Brought


def told_lines(brought: Brought) -> list[str]:
    """What came of a source, a line for each instrument and one for each thing that is wrong with its bars."""
    lines = []
    for symbol, one in brought.merged.items():
        counts = f"{one.added} new, {one.same} as stored, {one.revised} replaced"
        lines.append(f"{symbol}: {one.read} bars from {one.first} to {one.last}: {counts}")
        wrong = [f"{count} {issue}" for issue, count in one.doubts.items()]
        if brought.strays.get(symbol):
            wrong.append(f"{brought.strays[symbol]} on days without a session")
        if wrong:
            told = f"{', '.join(wrong)}: stored as they are; the desk enters nothing on them"
            lines.append(f"  {told}, `warrant data check` names the days")
    return lines
