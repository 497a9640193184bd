"""How many examples: the gate alone takes the profile's number, a whole decision a part of it."""

from __future__ import annotations

from hypothesis import settings

WHOLE = max(10, settings.default.max_examples // 20)
"""Examples of a test that decides whole cycles: each takes some ten milliseconds, a judgement one."""
whole_cycles = settings(max_examples=WHOLE)
