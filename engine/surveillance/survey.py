"""All patterns over one trace."""

from __future__ import annotations

from engine.surveillance.cancelling import repeated_cancels
from engine.surveillance.closing import marked_closes
from engine.surveillance.crossing import wash_trades
from engine.surveillance.finding import Finding
from engine.surveillance.layering import layering
from engine.surveillance.parameters import Parameters
from engine.surveillance.proximity import binding_limits, near_limits
from engine.surveillance.trace import Trace

PATTERNS = (wash_trades, layering, marked_closes, repeated_cancels, near_limits, binding_limits)


def survey(trace: Trace, by: Parameters) -> tuple[Finding, ...]:
    """Every finding, in order of the log; those of one record by their id.

    What a beginning of the log has is the beginning of what the whole has: nothing later takes a finding away.
    """
    found = (one for pattern in PATTERNS for one in pattern(trace, by))
    return tuple(sorted(found, key=lambda one: (one.at, one.id)))
