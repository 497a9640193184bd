"""A market of any size for questions about limits: sectors in turn, betas, prices and volumes that differ."""

from __future__ import annotations

from fractions import Fraction

from engine.gate.market import Market
from tests.engine.small_desk import terms

SESSION = "2012-03-01"
SECTORS = ("technology", "energy", "health", "finance")


def made_market(count: int, session: str = SESSION, sectors: int = 4, covariance: bool = False) -> Market:
    """Instruments S00 …; the first two form a cluster. With a covariance of two factors, or without one."""
    found = {}
    for at in range(count):
        name = f"S{at:02d}"
        found[name] = terms(
            name,
            price=Fraction(2000 + 137 * at % 9000, 100),
            beta=Fraction(50 + 37 * at % 110, 100),
            volatility=Fraction(15 + 7 * at % 30, 100),
            sector=SECTORS[at % sectors],
            issuer=name.lower(),
            average_volume=Fraction(100_000 + 91_000 * at),
            factors=(Fraction(15 + 7 * at % 30, 2000), Fraction(at % 3, 300)) if covariance else (),
            residual=Fraction(1, 10_000) if covariance else Fraction(0),
        )
    return Market(session, found, {}, (("S00", "S01"),))
