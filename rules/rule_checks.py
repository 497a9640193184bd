"""What a rule must be to enter a rulebook, checked against the declared vocabulary.

All faults of all rules are collected. A rule has an id of its own, an owner and a sentence that names bound variables
only; its patterns use declared templates, slots, symbols and measures, with literals of the slot's type; every variable
has a value where it is used, and one type; its only action is to assert facts of templates that rules may conclude,
under its own name where they say which rule it was.
Nothing withdraws or changes a fact, so what a firing rests on stays true to the end of the cycle.
"""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.clips.tree import (
    VARIABLE,
    AllOf,
    And,
    AnyOf,
    Assert,
    Assertion,
    Condition,
    Constraint,
    Exists,
    Forall,
    Literal,
    Node,
    Not,
    Or,
    Pattern,
    Place,
    Predicate,
    Program,
    Return,
    Rule,
    Test,
    Unlike,
    Value,
    Variable,
)
from knowledge.door import SYMBOL
from knowledge.faults import Fault
from knowledge.templates import Slot, Template, Vocabulary
from rules.signatures import Kind, kind_of, meant, unbound, with_article
from rules.stages import order_faults

MOST_FAULTS = 50
"""Faults that are told of one rule."""


def rule_faults(program: Program, words: Vocabulary, whole_book: bool = True) -> list[Fault]:
    """Every fault of the rules of a program; of their order only where all rules of the book are there and sound."""
    faults: list[Fault] = []
    seen: dict[str, Rule] = {}
    for rule in program.rules:
        first = seen.setdefault(rule.name, rule)
        if first is not rule:
            where = f"{first.file}:{first.name_at.line}"
            at = rule.name_at
            faults.append(_fault(rule, at, f"the rule `{rule.name}` exists at {where}; rename one", "R206"))
        faults += _RuleCheck(rule, words).faults()
    return faults if faults or not whole_book else order_faults(program)


def _fault(rule: Rule, at: Place, message: str, code: str) -> Fault:
    return Fault(rule.file, at.line, at.column, message, code, at.end - at.start)


class _RuleCheck:
    """Checks one rule; `bound` grows along its conditions with each variable's kind (None: complained about)."""

    def __init__(self, rule: Rule, words: Vocabulary) -> None:
        self.rule = rule
        self.words = words
        self.found: list[Fault] = []

    def faults(self) -> list[Fault]:
        self.name_and_docstring()
        bound: dict[str, Kind | None] = {}
        for condition in self.rule.conditions:
            if isinstance(condition, Or):
                self.complain(
                    condition,
                    "`or` stands by itself; write a rule for each alternative, with its own sentence",
                    "R119",
                )
            elif isinstance(condition, And):
                self.complain(condition, "`and` stands by itself; write its parts one after another", "R119")
            self.condition(condition, bound, nested=False)
        self.sentence(bound)
        for action in self.rule.actions:
            if isinstance(action, Assert):
                for assertion in action.assertions:
                    self.assertion(assertion, bound)
            else:
                why = "facts are never withdrawn or changed within a cycle, and nothing else may happen"
                self.complain(action, f"`{action.function}` is no action of a rule, only `assert` is: {why}", "R117")
        return self.found

    def complain(self, node: Node, message: str, code: str) -> None:
        if len(self.found) < MOST_FAULTS:
            self.found.append(_fault(self.rule, node.at, message, code))

    def name_and_docstring(self) -> None:
        rule, at = self.rule, self.rule.docstring_at
        if not SYMBOL.match(rule.name):
            message = f"`{rule.name}` can not be the id of a rule; use letters, digits and `-`, a letter or digit first"
            self.found.append(_fault(rule, rule.name_at, message, "R205"))
        lacking = "an owner" if not rule.owner else "a sentence" if not rule.sentence else ""
        if lacking:
            message = f'the rule `{rule.name}` lacks {lacking}; write `"OWNER | SENTENCE"` after its name'
            self.found.append(_fault(rule, at, message, "R202" if rule.owner else "R201"))
        elif not SYMBOL.match(rule.owner):
            # The owner's name becomes that of a strategy, which positions carry as a symbol.
            message = f"the owner `{rule.owner}` is no one word; use letters, digits and `-`, a letter or digit first"
            self.found.append(_fault(rule, at, message, "R203"))

    def sentence(self, bound: dict[str, Kind | None]) -> None:
        at = self.rule.docstring_at
        for name in dict.fromkeys(VARIABLE.findall(self.rule.sentence)):
            if name not in bound:
                message = f"the sentence names `?{name}`, which no condition binds{meant(name, bound, '?')}"
                self.found.append(_fault(self.rule, at, message, "R204"))

    # Conditions. What is bound inside of not, exists, forall and or stays inside.

    def condition(self, condition: Condition, bound: dict[str, Kind | None], nested: bool) -> None:
        match condition:
            case Pattern():
                self.pattern(condition, bound, nested)
            case Test():
                kind = kind_of(condition.call, bound, self.complain)
                self.truth(condition, kind)
            case Not(condition=Test()):
                self.complain(condition, "`not` of a test can not be traced; write the opposite test", "R119")
            case Not():
                self.conditions((condition.condition,), dict(bound))
            case And():
                self.conditions(condition.conditions, bound)
            case Or():
                for part in condition.conditions:
                    self.conditions((part,), dict(bound))
            case Exists():
                self.starts_with_pattern(condition, condition.conditions[0])
                self.conditions(condition.conditions, dict(bound))
            case Forall():
                self.starts_with_pattern(condition, condition.first)
                self.conditions((condition.first, *condition.conditions), dict(bound))

    def conditions(self, conditions: Iterable[Condition], bound: dict[str, Kind | None]) -> None:
        for condition in conditions:
            self.condition(condition, bound, nested=True)

    def starts_with_pattern(self, group: Exists | Forall, first: Condition) -> None:
        if not isinstance(first, Pattern):
            kind = "exists" if isinstance(group, Exists) else "forall"
            self.complain(group, f"`{kind}` must begin with a pattern; write the fact it is about first", "R119")

    def truth(self, node: Node, kind: Kind | None) -> None:
        if kind not in (None, "truth"):
            self.complain(
                node,
                f"this test gives {with_article(kind)}, which always counts as true; compare it with something",
                "R111",
            )

    def template(self, name: str, node: Node) -> Template | None:
        template = self.words.templates.get(name)
        if template is None:
            self.complain(node, f"unknown template `{name}`{meant(name, self.words.templates)}", "R101")
        return template

    def slot(self, name: str, template: Template, node: Node) -> Slot | None:
        slot = template.slots.get(name)
        if slot is None:
            self.complain(node, f"`{template.name}` has no slot `{name}`{meant(name, template.slots)}", "R102")
        return slot

    def once(self, slots: Iterable[Node], names: Iterable[str]) -> None:
        seen: set[str] = set()
        for node, name in zip(slots, names, strict=True):
            if name in seen:
                self.complain(node, f"the slot `{name}` stands here twice; join its constraints with `&`", "R112")
            seen.add(name)

    def pattern(self, pattern: Pattern, bound: dict[str, Kind | None], nested: bool) -> None:
        if pattern.address is not None:
            why = "no function takes the address of a fact" if not nested else "what is absent has no address"
            self.complain(pattern, f"`?{pattern.address} <-` serves nothing here, {why}; leave it out", "R116")
        template = self.template(pattern.template, pattern)
        if template is None:
            # Its variables are not the rule's fault as well.
            bound |= {name: None for one in pattern.slots for name in VARIABLE.findall(self.rule.words(one))}
            return
        self.once(pattern.slots, (one.slot for one in pattern.slots))
        for one in pattern.slots:
            slot = self.slot(one.slot, template, one)
            if slot is not None and slot.many:
                why = "a policy can look into it with `member/2`, a condition of a rule can not; leave it out"
                self.complain(one, f"the slot `{slot.name}` holds a list: {why}", "R115")
            if slot is None or slot.many:
                bound |= dict.fromkeys(VARIABLE.findall(self.rule.words(one)))
            else:
                self.constraint(one.constraint, slot, bound, binds=True)

    # Constraints. A variable is bound where it stands alone, or first among parts joined by `&`.

    def constraint(self, constraint: Constraint, slot: Slot, bound: dict[str, Kind | None], binds: bool) -> None:
        match constraint:
            case Value(term=Variable() as variable):
                self.variable(variable, slot, bound, binds)
            case Value(term=Literal() as literal):
                self.literal(literal, slot)
            case Unlike():
                self.constraint(constraint.part, slot, bound, binds=False)
            case AllOf():
                for part in constraint.parts:
                    self.constraint(part, slot, bound, binds)
            case AnyOf():
                for part in constraint.parts:
                    self.constraint(part, slot, bound, binds=False)
            case Predicate():
                self.truth(constraint, kind_of(constraint.test, bound, self.complain))
            case Return():
                kind = kind_of(constraint.call, bound, self.complain)
                if kind not in (None, slot.type):
                    self.complain(
                        constraint,
                        f"{with_article(kind)} never equals the slot `{slot.name}`, "
                        f"which holds {with_article(slot.type)}",
                        "R105",
                    )

    def variable(self, term: Variable, slot: Slot, bound: dict[str, Kind | None], binds: bool) -> None:
        if term.name not in bound:
            if binds:
                bound[term.name] = slot.type
            else:
                self.complain(term, unbound(term.name, bound), "R107")
        elif bound[term.name] not in (None, slot.type):
            kind = bound[term.name]
            self.complain(
                term,
                f"`?{term.name}` is {with_article(kind)} and never equals the slot `{slot.name}`, "
                f"{with_article(slot.type)}",
                "R105",
            )

    def literal(self, term: Literal, slot: Slot) -> None:
        kind = kind_of(term, {}, self.complain)
        if kind != slot.type:
            more = f"; write `{term.value}.0`" if (kind, slot.type) == ("integer", "number") else ""
            self.complain(
                term,
                f"the slot `{slot.name}` holds {with_article(slot.type)}, not the {kind} {self.rule.words(term)}{more}",
                "R105",
            )
        elif kind == "symbol":
            self.symbol(term, slot)

    def symbol(self, term: Literal, slot: Slot) -> None:
        word = str(term.value)
        declared = self.words.measures[slot.measures] if slot.measures else dict.fromkeys(slot.allowed)
        if declared and word not in declared:
            what = "unknown measure" if slot.measures else f"the slot `{slot.name}` never holds"
            code = "R104" if slot.measures else "R103"
            self.complain(term, f"{what} `{word}`{meant(word, declared)}", code)
        elif not SYMBOL.match(word):
            message = f"the slot `{slot.name}` never holds `{word}`; symbols start with a letter or digit"
            self.complain(term, message, "R103")

    # Actions.

    def assertion(self, assertion: Assertion, bound: dict[str, Kind | None]) -> None:
        template = self.template(assertion.template, assertion)
        if template is None:
            return
        if template.origin != "rules":
            owner = "the door" if template.origin == "door" else "the portfolio"
            message = f"rules can not conclude `{template.name}`: such facts come from {owner} alone"
            self.complain(assertion, message, "R114")
            return
        self.once(assertion.slots, (one.slot for one in assertion.slots))
        for one in assertion.slots:
            slot = self.slot(one.slot, template, one)
            kind = kind_of(one.value, bound, self.complain)
            if slot is None:
                continue
            if slot.name == "rule" and not (isinstance(one.value, Literal) and one.value.value == self.rule.name):
                message = f"the slot `rule` says who concludes this; write `{self.rule.name}`"
                self.complain(one.value, message, "R118")
            elif isinstance(one.value, Literal) and slot.type in ("symbol", "text"):
                self.literal(one.value, slot)
            elif kind is not None and kind != slot.type and (kind, slot.type) != ("integer", "number"):
                message = f"the slot `{slot.name}` holds {with_article(slot.type)}, not {with_article(kind)}"
                self.complain(one.value, message, "R105")
        missing = [name for name in template.slots if name not in {one.slot for one in assertion.slots}]
        if missing:
            lacking = ", ".join(f"`{name}`" for name in missing)
            self.complain(assertion, f"`{template.name}` lacks {lacking}; a conclusion gives every slot", "R113")
