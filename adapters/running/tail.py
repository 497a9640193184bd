"""The historical figures of the positions, from the past of the desk's feed into the portfolio of a decision.

Whatever is wrong with them is told in their place: figures decide nothing, and cost no exit.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from advisors.history import NoHistory, losses
from advisors.panel import Panel
from engine.orders.tail_loss import QUANTUM, NoTailLoss, TailLoss
from engine.verdicts import surprise
from knowledge.values import exact


def tail_loss(
    panel: Panel, day: str, values: Mapping[str, Decimal], nav: Decimal, ended: bool = True
) -> TailLoss | NoTailLoss:
    """Losses in shares of NAV of positions of these values at the close of the bar `day`. Never raises.

    `values` are signed and in the account's currency, 0 where nobody knows; `ended`: the session ends with the bar.
    """
    try:
        return _figures(panel, day, values, nav, ended)
    except NoHistory as lack:
        return NoTailLoss(str(lack))
    except Exception as error:  # noqa: BLE001 - told where the figures would stand
        return NoTailLoss(surprise(error))


def _figures(panel: Panel, day: str, values: Mapping[str, Decimal], nav: Decimal, ended: bool) -> TailLoss:
    unpriced = sorted(name for name, value in values.items() if not value)
    if unpriced:
        raise NoHistory(f"no close of {', '.join(unpriced)} today")
    if nav <= 0:
        raise NoHistory("nothing is left of the NAV that they would be shares of")
    found = losses(panel, day, {name: float(value / nav) for name, value in values.items()}, ended)
    return TailLoss(
        observations=found.observations,
        one_day_95=exact(found.one_day_95, QUANTUM),
        one_day_99=exact(found.one_day_99, QUANTUM),
        shortfall_95=exact(found.shortfall_95, QUANTUM),
        five_day_observations=found.five_day_observations,
        five_day_95=None if found.five_day_95 is None else exact(found.five_day_95, QUANTUM),
    )
