"""What is held and may lose, by its own past and by the covariance, beside each other."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from engine.gate.convex import Variance
from engine.gate.market import Market
from engine.orders.portfolio import Portfolio
from engine.orders.tail_loss import NoTailLoss
from engine.telling import tokens as say
from engine.telling.figures import root
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase

AT_95, AT_99, BEYOND_95 = Fraction("1.644854"), Fraction("2.326348"), Fraction("2.062713")
"""Of the standard normal distribution: two quantiles, and the mean beyond the first."""
DAYS = 5


def tail_loss(portfolio: Portfolio, market: Market) -> list[Telling]:
    """The figures of the positions as they stand; nothing where nothing is held or the record has none."""
    found = portfolio.tail_loss
    if found is None:
        return []
    if isinstance(found, NoTailLoss):
        return [tell(f"no historical simulation of what is held: {found.why}").named("tail-loss")]
    days: Phrase = ""
    if found.five_day_95 is not None:
        overlap = f" at 95 %, of {found.five_day_observations} that overlap"
        days = ("; five days: ", say.share(found.five_day_95), overlap)
    whole = tell(
        f"what is held, on the last {found.observations} sessions: one day loses ",
        *(say.share(found.one_day_95), " at 95 %, ", say.share(found.one_day_99), " at 99 %, "),
        *(say.share(found.shortfall_95), " on average beyond 95 % of NAV", days),
        _parametric(portfolio, market).as_detail(),
    )
    return [whole.named("tail-loss")]


def _parametric(portfolio: Portfolio, market: Market) -> Telling:
    """The same of normal results with the published covariance."""
    held = {one.instrument: Fraction(one.quantity) for one in portfolio.positions}
    lacking = [name for name in held if name not in market.terms or not market.terms[name].factors]
    nav = Fraction(portfolio.nav)
    if lacking or nav <= 0:
        return tell(f"no figures by the covariance: {', '.join(lacking) or 'NAV'} has none")
    shares = lcm(*(one.denominator for one in held.values()))
    variance = Variance(market.terms, held, shares)
    whole = {name: (int(one * shares),) * 2 for name, one in held.items()}
    deviation = root(Fraction(variance.over(whole).constant, variance.unit) / nav**2)
    days = AT_95 * root(deviation**2 * DAYS)
    return tell(
        "by the covariance and normal tails: one day loses ",
        *(say.share(AT_95 * deviation), " at 95 %, ", say.share(AT_99 * deviation), " at 99 %, "),
        *(say.share(BEYOND_95 * deviation), " on average beyond 95 %; five days: ", say.share(days), " at 95 %"),
    )
