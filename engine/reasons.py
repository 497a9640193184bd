"""The words before the colon in the reason of an exit: `reversal:swing-long`, `basket:pair`, `obligation:limit`."""

from __future__ import annotations

REVERSAL = "reversal"
"""A rule proposes the other side, and a position closes before it turns."""
BASKET = "basket"
"""Another leg leaves, or is not there in its part of the ratio."""
OBLIGATION = "obligation"
"""A limit is in breach, and its breach asks for exits."""
