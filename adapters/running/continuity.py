"""What must not change under a log, and what two files of a desk must agree on; found before anything is decided.

- The books are a fold over the log from the capital it began with: another capital, currency, account, desk name or
  mode would rewrite their past, so each needs a log of its own. So does another length of bars: labels would not sort.
- What is held or worked goes on in the terms in which it was bought: an instrument whose currency or multiplier has
  changed could be neither closed at the venue nor kept in the books.
- A paper desk's log says by whose clock the desk runs. What happened and what a replay made of the past do not stand in
  one log, and a cycle that the machine's clock has let go by is missed: no replay and no `cycle` decides it afterwards.
- The limits reckon with fees of their own (`fee_per_share`, `fee_per_order`); a broker that takes more would leave less
  cash and NAV than every limit was proved for.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.audit.kinds import Kind
from adapters.audit.log import LogReader
from adapters.desk.folder import SETTINGS, Desk, shown, text_of
from adapters.desk.toml_text import places
from adapters.paper.venue import CENT, Costs, Listing
from adapters.running.standing import Standing
from engine.books.money import NOTHING
from engine.limits.model import Limits
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, text


def terms_of(desk: Desk) -> dict[str, Json]:
    """What the start record says of the account; the log's envelope has the desk's name and the mode."""
    section = desk.settings.desk
    money = {"account": section.account, "capital": text(section.capital), "currency": section.currency}
    return {**money, "interval": desk.settings.feed.interval}


def check_account(desk: Desk, log: LogReader) -> None:
    """Raises `Faulty` where the settings are not those that the log began with."""
    began: Json = next(log.records([Kind.START]), None)
    if began is None:
        return
    now = {"name": desk.settings.desk.name, "mode": desk.settings.desk.mode, **terms_of(desk)}
    before = {**began, "name": began["desk"]}
    faults = []
    for key in sorted(now):
        if before.get(key, now[key]) != now[key]:
            words = f"`{key}` is `{now[key]}`, and the log `{shown(desk.store)}` began with `{before[key]}`"
            place = ("feed" if key == "interval" else "desk", key)
            faults.append(_fault(desk, place, f"{words}; change it back, or name a new file in `[store]`"))
    if faults:
        raise Faulty(*faults)


def check_clock(desk: Desk, clock: str = "") -> None:
    """Raises `Faulty` where a paper desk's log was written by another clock; empty: by none, for `warrant cycle`."""
    if desk.settings.desk.mode != "paper" or not desk.store.exists():
        return
    with LogReader.read(desk.store) as log:
        before = {one["clock"] for one in log.records([Kind.START]) if "clock" in one}
    if before and clock not in before:
        by = " and ".join(sorted(before))
        words = f"the log `{shown(desk.store)}` is of a desk that runs by the clock of the {by}"
        way = (
            "`warrant run` alone goes on with it"
            if clock != "machine"
            else "`warrant run --replay` alone goes on with it"
        )
        raise Faulty(_fault(desk, ("store", "path"), f"{words}: {way}; give anything else a desk of its own"))


def check_costs(desk: Desk, limits: Limits) -> None:
    """Raises `Faulty` where the broker may take more than the limits reckon with."""
    broker, fees = desk.settings.broker, limits.parameters
    costs = Costs(broker.slippage_bps, broker.commission_per_share, broker.commission_minimum)
    faults = []
    if broker.commission_per_share > fees.fee_per_share:
        faults.append(_beyond(desk, "commission_per_share", "fee_per_share"))
    # What an order owes is rounded up to the cent: the fee per order pays for that, too.
    least = max(costs.commission(NOTHING), CENT if broker.commission_per_share else NOTHING)
    if least > fees.fee_per_order:
        faults.append(_beyond(desk, "commission_minimum", "fee_per_order"))
    if faults:
        raise Faulty(*faults)


def check_instruments(desk: Desk, standing: Standing, listings: Mapping[str, Listing]) -> None:
    """Raises `Faulty` where something held or worked is listed in other terms than it was bought in."""
    held = standing.books.holdings.values()
    bought = {(one.instrument, one.currency, one.multiplier) for one in held}
    orders = (one.order for one in standing.broker.working())
    bought |= {(one.instrument, one.currency, one.multiplier) for one in orders}
    faults = []
    for name, currency, multiplier in sorted(bought):
        listing = listings.get(name)
        if listing is not None and (listing.currency, listing.multiplier) != (currency, multiplier):
            words = f"`{name}` is held or worked in {currency} with multiplier {text(multiplier)}, and this file says"
            words += f" {listing.currency} and {text(listing.multiplier)}; change it back until that is closed"
            faults.append(Fault(shown(desk.instruments), 1, 1, words))
    if faults:
        raise Faulty(*faults)


def _beyond(desk: Desk, key: str, parameter: str) -> Fault:
    words = f"`{key}` is more than the limits reckon with; lower it, or have the risk officer raise `{parameter}`"
    return _fault(desk, ("broker", key), f"{words} in limits.yaml")


def _fault(desk: Desk, path: tuple[str, str], message: str) -> Fault:
    """A complaint at a key of `warrant.toml`, or at its table where the key is left to its default."""
    found = places(text_of(desk.folder / SETTINGS))
    line, column = found.get(path) or found.get(path[:1]) or (1, 1)
    return Fault(shown(desk.folder / SETTINGS), line, column, message)
