"""A comparison as lines of text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from adapters.comparing.causes import MOST_TOLD, Cause
from adapters.comparing.comparison import Comparison, Difference
from knowledge.values import Json

MOST_ORIGINS = 40
"""Origins written out; `--json` has all of them."""
NAMES = {"snapshot": "facts", "rulebook": "rulebook", "limits": "limits", "portfolio": "portfolio"}


def comparison_lines(found: Comparison) -> Iterator[str]:
    """The whole comparison, origins in order, with what follows folded under each."""
    for name, details in found.parts.items():
        yield from _details(f"another {name}", details)
    for side, labels in found.only.items():
        if labels:
            yield f"only in {side.upper()}: {len(labels)} cycles, {_span(labels)}"
    origins = list(found.origins())
    following = sum(len(each) for _, each in origins)
    yield f"{found.both} cycles in both, {found.same} of them decided the same"
    if found.identical:
        yield "no difference"
    for name, quiet in found.quiet.items():
        yield from _details(
            f"other {NAMES[name]} in {quiet.cycles} cycles that decided the same, first {quiet.first}", quiet.details
        )
    if origins:
        yield f"differences: {len(origins)} with a cause of their own, {following} that follow from one of these"
    for one, each in origins[:MOST_ORIGINS]:
        yield ""
        yield from _origin(one, each)
    if len(origins) > MOST_ORIGINS:
        yield ""
        yield f"… and {len(origins) - MOST_ORIGINS} more; `--json` has them all"
        kinds = Counter(one.cause.kind for one, _ in origins)
        yield "by cause: " + ", ".join(f"{kind} {times}" for kind, times in kinds.most_common())


def comparison_json(found: Comparison) -> Json:
    """The whole comparison, nothing left out."""
    return {
        "identical": found.identical,
        "cycles": {"both": found.both, "same": found.same, "only_a": found.only["a"], "only_b": found.only["b"]},
        "parts": {name: list(details) for name, details in found.parts.items()},
        "quiet": {
            NAMES[name]: {"cycles": one.cycles, "first": one.first, "details": list(one.details)}
            for name, one in found.quiet.items()
        },
        "origins": [
            {**_difference(one), "following": [_difference(each) for each in following]}
            for one, following in found.origins()
        ],
    }


def _origin(one: Difference, following: list[Difference]) -> Iterator[str]:
    yield f"{one.label}  {one.instrument or 'the desk':<8} {_pair(one)}".rstrip()
    yield from _details(
        f"  because of other {one.cause.kind}" if _is_other(one.cause) else f"  {one.cause.kind}",
        one.cause.details,
        "    ",
    )
    if following:
        counts = Counter(each.instrument or "the desk" for each in following)
        names = ", ".join(f"{name} {times}" for name, times in counts.most_common())
        yield f"  {len(following)} more follow, {_span([each.label for each in following])}: {names}"


def _is_other(cause: Cause) -> bool:
    return cause.kind in ("facts", "rulebook", "limits", "portfolio", "costs", "program", "account", "bars", "records")


def _pair(one: Difference) -> str:
    if one.a is None and one.b is None:
        return ""
    return f"{_outcome(one.a)}  |  {_outcome(one.b)}"


def _outcome(told: Json) -> str:
    """What was decided about one instrument in a few words."""
    if not isinstance(told, dict):
        return "nothing" if told is None else str(told)
    words = [str(told.get(name)) for name in ("state", "outcome", "side", "quantity") if told.get(name)]
    if told.get("target") != told.get("quantity"):
        words.append(f"of {told.get('target')}")
    if told.get("limit_price"):
        words.append(f"up to {told['limit_price']}")
    if told.get("reasons"):
        words.append(f"({', '.join(told['reasons'])})")
    if going := told.get("exit"):
        held = f", held back: {going['held_back']}" if going["held_back"] else ""
        words.append(f"exit {going['side']} {going['quantity']} ({', '.join(going['reasons'])}{held})")
    return " ".join(words)


def _details(heading: str, details: tuple[str, ...], indent: str = "  ") -> Iterator[str]:
    if len(details) == 1:
        yield f"{heading}: {details[0]}"
        return
    yield f"{heading}:"
    yield from (f"{indent}{one}" for one in details[:MOST_TOLD])
    if len(details) > MOST_TOLD:
        yield f"{indent}… and {len(details) - MOST_TOLD} more"


def _span(labels: list[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{min(labels)} to {max(labels)}"


def _difference(one: Difference) -> Json:
    return {
        "cycle": one.label,
        "instrument": one.instrument or None,
        "cause": one.cause.kind,
        "details": list(one.cause.details),
        "a": one.a,
        "b": one.b,
    }
