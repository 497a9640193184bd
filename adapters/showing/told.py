"""One rule in the terminal: its sentence, what it reads and concludes, its neighbours, its source."""

from __future__ import annotations

from typing import Any

from knowledge.clips.tree import Rule
from knowledge.faults import Fault, Faulty
from rules.feeding import Feeding
from rules.rulebook import Rulebook
from rules.signatures import meant


def known_rule(rulebook: Rulebook, name: str) -> Rule:
    """The rule of that name. Raises `Faulty` where the rulebook has none."""
    rules = {rule.name: rule for rule in rulebook.program.rules}
    if name not in rules:
        message = f"no rule is called `{name}`{meant(name, rules)}; `warrant rules show` lists them all"
        raise Faulty(Fault("command line", 1, 1, message))
    return rules[name]


def told(rule: Rule, feeding: Feeding) -> dict[str, Any]:
    """What is known of a rule by name, with the `lines` that a terminal shows."""
    (fed,) = [one for one in feeding.rules if one.rule == rule.name]
    parts = {
        "owner": rule.owner,
        "salience": str(rule.salience),
        "reads": ", ".join(fed.reads),
        "not if there is": ", ".join(fed.lacks),
        "concludes": ", ".join(fed.concludes),
        "fed by": ", ".join(feeding.feeders(fed)),
        "feeds": ", ".join(feeding.fed_by(fed)),
        "source": f"{rule.file}:{rule.at.line}",
    }
    lines = [f"{rule.name}: {rule.sentence}", ""]
    lines += [f"  {name:<16}{value}" for name, value in parts.items() if value]
    return {"rule": rule.name, "sentence": rule.sentence, **parts, "lines": [*lines, "", *rule.text.splitlines()]}
