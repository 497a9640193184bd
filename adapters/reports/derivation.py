"""One verdict as a picture: facts, what rules concluded of them, the candidate, policies, limits, size, warrant.

From left to right; a line says that the box on its right rests on the one on its left. A box that was concluded names
the rule that did it. Facts of one kind share a box, so that a picture stays a picture; what each says exactly stands in
the explanation beside it. Boxes stand near what they rest on (the barycenter method of Sugiyama and others, 1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapters.reports.frame.told import percent
from adapters.reports.frame.vectors import INK, SOFT, WIDTH, drawing, text, wide, wrapped
from engine.telling.evidence import Evidence
from engine.telling.figures import amount
from knowledge.facts import Fact
from knowledge.values import Json

LINE_HEIGHT, GAP, SPACE, MARGIN = 14.0, 26.0, 9.0, 4.0
_ROOM, _ROOM_OF_FACTS = 116.0, 140.0
_THROUGH = "through"
"""The look of what is no box: the place where a line passes a column."""
_LOOKS = {
    "fact": ("#f4f5f7", "#8a919c"),
    "rule": ("#e8f1f8", "#0072B2"),
    "policy": ("#f6ecf3", "#a4568a"),
    "limit": ("#fdf3dd", "#b07800"),
    "size": ("#eef7f3", "#009E73"),
    "granted": ("#dff2ea", "#007a59"),
    "cut": ("#fbeecb", "#8f6200"),
    "denied": ("#f9e1d5", "#b04a00"),
}
_SAID = ("value", "direction", "conviction", "close", "status", "side", "quantity", "return")
"""Slots of a fact that a picture shows."""
_MOST_LINES = 9
_MOST_FAILING = 4


@dataclass(eq=False)
class Box:
    """A step of the derivation; `x`, `y` is its upper left corner."""

    look: str
    title: str
    lines: list[str]
    after: list[Box] = field(default_factory=list)
    column: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def room(self) -> float:
        """Pixels that a line of it may have."""
        return _ROOM_OF_FACTS if self.look == "fact" else _ROOM

    @property
    def heads(self) -> list[str]:
        """Its title, broken where it is too wide."""
        return wrapped(self.title, self.room)

    @property
    def shown(self) -> list[str]:
        """Its lines, as they fit."""
        lines = [line for one in self.lines for line in wrapped(one, self.room)]
        kept = lines[:_MOST_LINES]
        return kept + (["and more"] if len(lines) > len(kept) else [])

    @property
    def width(self) -> float:
        """Pixels."""
        return max(wide(one) for one in (*self.heads, *self.shown)) + 14 if self.look != _THROUGH else 0.0

    @property
    def height(self) -> float:
        """Pixels."""
        if self.look == _THROUGH:
            return 6.0
        return LINE_HEIGHT * (len(self.heads) + len(self.shown)) + 7

    @property
    def middle(self) -> float:
        """Where lines meet it."""
        return self.y + self.height / 2


def derivation(evidence: Evidence, verdict: Json) -> str:
    """The SVG of a verdict that had a candidate; empty for one that had none."""
    if "side" not in verdict:
        return ""
    side = "long" if verdict["side"] == "buy" else "short"
    boxes: dict[str, Box] = {}
    top = _concluded(evidence, f"candidate({verdict['instrument']},{side})", boxes, verdict["instrument"])
    checks = [*_permitted(verdict), *_limits(evidence, verdict), *_size(verdict)]
    for box in checks:
        box.after = [top]
    end = _warrant(evidence, verdict)
    end.after = checks or [top]
    return _drawn([*boxes.values(), *checks, end], kept=checks)


def exit_derivation(evidence: Evidence, one: Json) -> str:
    """The SVG of an exit that rules asked for; empty where none of its reasons is a rule's conclusion."""
    boxes: dict[str, Box] = {}
    name = one["instrument"]
    refs = [f"exit({name},{reason})" for reason in one["reasons"] if f"exit({name},{reason})" in evidence.supports]
    if not refs:
        return ""
    tops = [_concluded(evidence, ref, boxes, name) for ref in refs]
    going = Box("granted", f"exit: {one['side']} {amount(one['quantity'])}", [f"of {amount(one['asked'])} asked"], tops)
    return _drawn([*boxes.values(), going])


# --- the boxes ----------------------------------------------------------------------------------------------------


def _concluded(evidence: Evidence, ref: str, boxes: dict[str, Box], instrument: str) -> Box:
    """The box of a fact with all that it rests on; facts that came in share a box by what rests on them."""
    if ref in boxes:
        return boxes[ref]
    fact = evidence.facts.get(ref)
    firings = evidence.supports.get(ref, [])
    box = Box("rule", _title(ref, fact, instrument), [])
    boxes[ref] = box
    came: list[str] = []
    for firing in firings:
        box.lines.append(f"by {firing['rule']}")
        for each in dict.fromkeys(one for one in firing["matched"] if one is not None):
            if evidence.supports.get(each):
                below = _concluded(evidence, each, boxes, instrument)
                if below is not box and below not in box.after:
                    box.after.append(below)
            else:
                came.append(each)
    for kind in dict.fromkeys(one.partition("(")[0] for one in came):
        told = [one for one in came if one.startswith(f"{kind}(")]
        key = " ".join((kind, *told))
        if key not in boxes:
            boxes[key] = Box("fact", kind, [_stated(evidence.facts.get(one), one, instrument) for one in told])
        box.after.append(boxes[key])
    return box


def _title(ref: str, fact: Fact | None, instrument: str) -> str:
    """A conclusion by its name and key, without the instrument that the picture is about."""
    kind, _, keys = ref.rstrip(")").partition("(")
    rest = [one for one in keys.split(",") if one and one != instrument]
    if fact is not None:
        rest += [_plain(value) for name, value in fact.slots
                 if name in ("name", "direction", "score", "share") and _plain(value) not in rest]  # fmt: skip
    return " ".join((kind, *rest))


def _stated(fact: Fact | None, ref: str, instrument: str) -> str:
    """A fact that came in: what it is about and what it says."""
    keys = [one for one in ref.rstrip(")").partition("(")[2].split(",") if one and one != instrument]
    if fact is None:
        return " ".join(keys) or ref
    said = {name: value for name, value in fact.slots if _plain(value) not in (*keys, instrument)}
    values = [said[name] for name in _SAID if name in said]
    return " ".join((*keys, *(_plain(one) for one in values)))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else amount(str(value))


def _permitted(verdict: Json) -> Iterable[Box]:
    policy = verdict.get("policy")
    if policy is None:
        return ()
    words = [one.replace("_", " ") for one in policy["reasons"]] or [policy["fault"] or "no reason against it"]
    look = "policy" if policy["outcome"] == "permitted" else "denied"
    return (Box(look, f"policies: {policy['outcome']}", words),)


def _limits(evidence: Evidence, verdict: Json) -> Iterable[Box]:
    found = verdict.get("findings", [])
    failing = [one["limit"] for one in found if not one["holds"]]
    told = failing[:_MOST_FAILING] or [f"all {len(found)} hold"]
    if found:
        yield Box("denied" if failing else "limit", "conditions", told)
    numbers = [_used(one) for one in verdict.get("binding", [])]
    cores = [core for core in verdict.get("cores", []) if core["limit"] in evidence.limit]
    numeric = [core for core in cores if core["limit"] not in failing and core["limit"] != "compliance.policy"]
    if verdict["outcome"] == "denied" and numeric:
        yield Box("denied", "no room in", _crowded(numeric))
    elif numbers:
        yield Box("limit", "one lot more breaks", numbers)
    elif verdict["outcome"] == "granted":
        yield Box("limit", "limits", ["all hold, however", "the orders fill"])


def _crowded(cores: Sequence[Json]) -> list[str]:
    """What there was no room in, and beside which earlier grants."""
    beside = [f" beside {', '.join(core['grants'])}" if core["grants"] else "" for core in cores]
    return [f"{core['constraint']}{more}" for core, more in zip(cores, beside, strict=True)]


def _used(one: Json) -> str:
    return str(one["measure"])


def _size(verdict: Json) -> Iterable[Box]:
    size = verdict.get("size")
    if not size:
        return
    factors = [f"{name} {percent(_share(size[name]), 0)}" for name in ("volatility", "correlation", "regime")]
    factors.insert(0, f"Kelly {percent(_share(size['kelly']), 1)}")
    yield Box("size", f"size: {amount(verdict['target'])} asked", factors)


def _share(digits: str) -> float:
    from knowledge.values import fraction

    return float(fraction(digits))


def _warrant(evidence: Evidence, verdict: Json) -> Box:
    outcome = verdict["outcome"]
    look = outcome if outcome in _LOOKS else "denied"
    for one in evidence.record["warrants"]:
        order = one["order"]
        if (order["instrument"], order["role"]) == (verdict["instrument"], "entry"):
            price = f"at {amount(order['limit_price'])} or better" if order["limit_price"] else ""
            stop = f"stop {amount(order['stop_price'])}" if order["stop_price"] else ""
            lines = [f"{order['side']} {amount(order['quantity'])}", price, stop, one["warrant_id"][:14] + "…"]
            return Box(look, f"{outcome}: warrant", [line for line in lines if line])
    return Box(look, outcome, ["no warrant"])


# --- the picture ------------------------------------------------------------------------------------------------


def _drawn(boxes: Sequence[Box], kept: Sequence[Box] = ()) -> str:
    """`kept` stay in their order, one under the other."""
    depths: dict[int, int] = {}
    for box in boxes:
        box.column = _depth(box, depths)
    for box in boxes:
        # A fact stands beside what needs it first, not at the far left.
        above = [one.column for one in boxes if box in one.after]
        if not box.after and above:
            box.column = min(above) - 1
    boxes = [*boxes, *_through(boxes)]
    columns = [[one for one in boxes if one.column == at] for at in sorted({one.column for one in boxes})]
    x = MARGIN
    for column in columns:
        for box in column:
            box.x = x
        x += max(box.width for box in column) + GAP
    tall = max(sum(box.height + SPACE for box in column) for column in columns)
    for column in columns:
        _stack(column, tall)
    for _ in range(4):
        for column in columns:
            if not any(one in kept for one in column):
                column.sort(key=lambda box: _mean(box.after, box))
            _stack(column, tall)
        for column in reversed(columns):
            if not any(one in kept for one in column):
                column.sort(key=lambda box: _mean([one for one in boxes if box in one.after], box))
            _stack(column, tall)
    width = max(x - GAP + MARGIN, WIDTH)
    across = {column[0].column: max(box.width for box in column) for column in columns}
    parts = [_line(start, box, across[start.column]) for box in boxes for start in box.after]
    for box in boxes:
        parts += [_pass(box, across[box.column])] if box.look == _THROUGH else _box(box)
    return drawing(tall + 2 * MARGIN, parts, width)


def _through(boxes: Sequence[Box]) -> list[Box]:
    """A place in each column that a line passes, so that it goes round the boxes there."""
    places: list[Box] = []
    for box in boxes:
        for at, start in enumerate(box.after):
            for column in range(start.column + 1, box.column):
                place = Box(_THROUGH, "", [], [box.after[at]], column)
                box.after[at] = place
                places.append(place)
    return places


def _pass(place: Box, across: float) -> str:
    """The line through such a place, from one side of its column to the other."""
    return f'<path d="M{place.x:.1f} {place.middle:.1f}h{across:.1f}" fill="none" stroke="#9aa3af" stroke-width="1.1"/>'


def _depth(box: Box, seen: dict[int, int]) -> int:
    if id(box) not in seen:
        seen[id(box)] = 0
        seen[id(box)] = max((_depth(one, seen) + 1 for one in box.after), default=0)
    return seen[id(box)]


def _mean(others: Sequence[Box], box: Box) -> float:
    return sum(one.middle for one in others) / len(others) if others else box.middle


def _stack(column: Sequence[Box], tall: float) -> None:
    free = tall - sum(box.height + SPACE for box in column)
    y = MARGIN + free / 2
    for box in column:
        box.y = y
        y += box.height + SPACE


def _line(start: Box, end: Box, across: float) -> str:
    """From one box to the next column's, straight to the edge of its own column first: no wider box is crossed."""
    x1, edge, x2 = start.x + start.width, start.x + across, end.x
    y1, y2 = start.middle, end.middle
    bend = max(GAP * 0.8, (x2 - edge) / 3)
    curve = f"M{x1:.1f} {y1:.1f}H{edge:.1f}C{edge + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return f'<path d="{curve}" fill="none" stroke="#9aa3af" stroke-width="1.1"/>'


def _box(box: Box) -> Iterable[str]:
    fill, stroke = _LOOKS[box.look]
    yield (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="3" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="1.1"/>'
    )
    for number, words in enumerate((*box.heads, *box.shown)):
        fill = INK if number < len(box.heads) else SOFT
        yield text(box.x + 7, box.y + LINE_HEIGHT * (number + 0.9), words, fill=fill)
