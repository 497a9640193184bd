"""Why, and why not: explanations made from the record alone, never by asking a model again.

The input is a decision record with the snapshot, portfolio, rulebook and limits it names by digest. What is told:
facts, firings, policy proof, conditions, limits with value, bound and slack, size factors, the solver's answer. Words
first, numbers with units, digests last. Orders and fills come after the decision and are told by the shell.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from engine.telling import tokens as say
from engine.telling.baskets import basket_of
from engine.telling.bounds import numbers
from engine.telling.duties import obliged
from engine.telling.evidence import Evidence
from engine.telling.figures import amount
from engine.telling.leaving import exit_of, moved_stop
from engine.telling.narrative import Telling, tell
from engine.telling.permission import conditions, policies
from engine.telling.plainly import of_cycle, of_exit, of_verdict
from engine.telling.proposal import concluded, missed, why_proposed
from engine.telling.repairs import repairs
from engine.telling.sizes import size_of
from engine.telling.stress import stress
from engine.telling.tail_loss import tail_loss
from engine.telling.tokens import Phrase, Token
from knowledge.values import Json

__all__ = ["Evidence", "circumstances", "explain_decision", "explain_exit", "explain_stop", "explain_verdict"]


def explain_decision(evidence: Evidence, instruments: Iterable[str] = ()) -> Telling:
    """The whole cycle, or the verdicts on some instruments of it."""
    record, chosen = evidence.record, set(instruments)
    parts = [explain_verdict(evidence, one) for one in record["verdicts"] if not chosen or one["instrument"] in chosen]
    parts += [explain_exit(evidence, one) for one in record["exits"] if not chosen or one["instrument"] in chosen]
    moved = [one["order"] for one in record["warrants"] if one["order"]["role"] == "stop"]
    parts += [moved_stop(evidence, one) for one in moved if not chosen or one["instrument"] in chosen]
    summary = of_cycle(evidence) if not chosen else [one for part in parts for one in part.summary]
    if record["fault"]:
        fault = f"the cycle is undetermined, so nothing was permitted: {record['fault']}"
        parts.insert(0, tell(fault).named("fault"))
    head = tell(
        "decision ", say.record(record["record_id"]), f" of desk {record['desk']} as of ", say.instant(record["as_of"])
    )
    return head.further(*parts, *circumstances(evidence)).headed(*summary)


def circumstances(evidence: Evidence) -> list[Telling]:
    """What the whole cycle stood in: limits in breach, market, account, stresses; and the digests of its inputs."""
    record, portfolio = evidence.record, evidence.portfolio
    parts = obliged(record, evidence.limit, Fraction(portfolio.nav), portfolio.currency)
    inputs = (tell(f"{name} ", say.digest(digest, whole=True)) for name, digest in sorted(record["inputs"].items()))
    return [*parts, _state(evidence), tell("inputs", *inputs).named("inputs").as_detail()]


def explain_verdict(evidence: Evidence, verdict: Json) -> Telling:
    """The verdict on one instrument, with everything that led to it."""
    name, outcome = say.instrument(verdict["instrument"]), verdict["outcome"]
    summary = of_verdict(evidence, verdict)
    if outcome == "no-candidate":
        miss = verdict.get("miss")
        parts = [missed(miss)] if miss else []
        head = tell(name, ": ", say.verdict("no candidate"), ", the rules proposed nothing", *parts)
    elif "side" not in verdict:
        head = tell(name, ": ", say.verdict(outcome), f"; {'; '.join(verdict['reasons'])}")
    else:
        parts = [why_proposed(evidence, verdict), *basket_of(evidence.record, verdict), *policies(verdict)]
        parts += [conditions(evidence, verdict), *_sized(evidence, verdict), *numbers(evidence, verdict)]
        parts += [*repairs(verdict, evidence.limit), *_solver(evidence, verdict)]
        head = tell(_headline(evidence, verdict), *parts)
    return head.named("verdict").headed(summary)


def explain_exit(evidence: Evidence, one: Json) -> Telling:
    """One exit, with its reasons."""
    return exit_of(evidence, one).headed(of_exit(evidence, one))


def explain_stop(evidence: Evidence, order: Json) -> Telling:
    """A protective stop that moves, with the rule that moves it."""
    return moved_stop(evidence, order)


def _headline(evidence: Evidence, verdict: Json) -> Phrase:
    verb = "buy" if verdict["side"] == "buy" else "sell short"
    outcome = verdict["outcome"]
    head: Phrase = (say.instrument(verdict["instrument"]), ": ", say.verdict(outcome))
    because = say.joined((_reason(evidence, one) for one in verdict["reasons"]), " and ")
    limit_price, stop_price = (
        say.number(verdict[name], evidence.portfolio.currency, say.plain(say.number(verdict[name])))
        for name in ("limit_price", "stop_price")
    )
    prices = (" at ", limit_price, " or better, protective stop at ", stop_price)
    target = say.number(verdict["target"], "shares")
    if outcome == "granted":
        return (head, f", {verb} ", say.number(verdict["quantity"], "shares"), prices)
    if outcome == "cut":
        more = "one unit" if "basket" in verdict else "one lot"
        granted = say.number(verdict["quantity"], "shares", say.plain(say.number(verdict["quantity"])))
        return (head, f", {verb} ", granted, " of ", target, prices, f"; {more} more breaks ", because)
    if outcome == "denied":
        crowded = not any(not core["grants"] for core in verdict.get("cores", []))
        how = "crowded out by earlier grants" if crowded else "on its own"
        if "basket" in verdict:
            constraints = dict.fromkeys(core["constraint"] for core in verdict["cores"])
            because = say.joined(map(say.limit, constraints), " and ")
        return (head, f" ({how}), to {verb} ", target, "; because of ", because)
    return (head, ", nothing permitted; ", because)


def _reason(evidence: Evidence, code: str) -> str | Token:
    """A reason: a limit by its id, else words."""
    return say.limit(code, source=evidence.place(code)) if code in evidence.limit else code


def _sized(evidence: Evidence, verdict: Json) -> list[Telling]:
    regime, currency = evidence.record["regime"], evidence.portfolio.currency
    return size_of(verdict, evidence.snapshot, evidence.limits, regime, currency)


def _solver(evidence: Evidence, verdict: Json) -> list[Telling]:
    proof = evidence.record.get("proof")
    if proof is None:
        return []
    parts = [tell(sentence) for sentence in proof.get("sentences", {}).get(verdict["instrument"], [])]
    agrees: Phrase = say.verdict("agrees")
    if proof["fault"] is not None:
        agrees = (say.verdict("does not agree"), f": {proof['fault']}")
    return [tell("Z3, from an encoding of its own, ", agrees, *parts).named("proof")]


def _state(evidence: Evidence) -> Telling:
    record, portfolio = evidence.record, evidence.portfolio
    multiplier = say.number(evidence.limits.multiplier(record["regime"]))
    nav, today = (
        say.money(portfolio.nav, portfolio.currency),
        say.number(portfolio.day_pnl, portfolio.currency, amount(portfolio.day_pnl, 2)),
    )
    parts = [
        tell(f"regime {record['regime']}, risk multiplier ", multiplier, *concluded(evidence, "regime()")),
        tell("NAV ", nav, ", today ", today),
    ]
    parts += [
        tell(
            *("holds ", say.number(abs(held.quantity)), " ", say.instrument(held.instrument)),
            " long" if held.quantity > 0 else " short",
        )
        for held in portfolio.positions
    ]
    parts += stress(record, Fraction(portfolio.nav), portfolio.currency)
    parts += tail_loss(portfolio, evidence.market)
    return tell("trading state ", record["trading_state"], *parts).named("circumstances")
