"""Words of the field in plain ones, for a reader who has a page and nothing else. `docs/words.md` has the same rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

WORDS: Final = (
    (
        "Kelly stake",
        "kelly",
        "the share of NAV that the odds justify losing at the stop",
    ),
    (
        "lot",
        "lots?",
        "the smallest tradable number of shares",
    ),
    (
        "Brier score",
        "brier",
        "mean squared error of a probability: 0 is best, a coin's is 0.25",
    ),
    (
        "PSI",
        "psi|population stability",
        "population stability index: how far a model's outputs have drifted from those it was validated on",
    ),
    (
        "solver, sat, unsat",
        "solver|unsat|sat|z3",
        "looks for any way of filling orders that breaks a limit; sat: it found one; unsat: there is none",
    ),
    (
        "layer",
        "layers?",
        "one of seven rows of controls, from position to compliance; an entry passes all of them",
    ),
    (
        "head, advisory",
        "heads?|advisory|advisories",
        "a model that has a say, and what it says: direction, probability, conviction",
    ),
    (
        "conviction",
        "conviction",
        "how strong an opinion is among what the same head said before, from 0 to 1",
    ),
    (
        "regime",
        "regime",
        "the market's mood: bull, range, bear or volatile",
    ),
    (
        "candidate",
        "candidates?",
        "what the rules propose to enter, before anything is permitted",
    ),
    (
        "granted, cut, denied",
        "granted|cut|denied",
        "the whole target; the most that fits; not even one lot",
    ),
    (
        "crowded out",
        "crowded out",
        "refused only because of what was granted before it in the same decision",
    ),
    (
        "collar",
        "collar",
        "how far from the last price an entry may fill at worst; its limit price stands there",
    ),
    (
        "reach",
        "reach|worst filling",
        "all that working orders may still make of a position, whichever of them fill",
    ),
    (
        "slack",
        "slack",
        "what is left between a value and its bound",
    ),
    (
        "NAV",
        "nav",
        "net asset value: what the account is worth, cash and positions at the last close",
    ),
    (
        "value at risk, expected shortfall",
        "value at risk|expected shortfall|value_at_risk|expected_shortfall",
        "the loss that 95 days in 100 stay below; the mean loss of the other five",
    ),
    (
        "beta",
        "beta",
        "how far an instrument moves when the index moves by one",
    ),
    (
        "protective stop",
        "protective stop|stops?",
        "an order that waits to close a position when the price moves against it",
    ),
    (
        "warrant",
        "warrants?|warranted",
        "the permission for one order, for exactly its terms and for a limited time",
    ),
    (
        "digest",
        "digests?|sha256",
        "a fingerprint of a text: another text has another one",
    ),
)
"""The word, how it is found in a text (a regular expression, whole words, either case), and what it means here."""
_FOUND: Final = tuple((re.compile(rf"(?<![a-z])(?:{found})(?![a-z])"), name, meaning) for name, found, meaning in WORDS)


def glossary(text: str) -> Iterator[tuple[str, str]]:
    """The words that occur in a text, each with its meaning, in the order of the list."""
    low = text.lower()
    yield from ((name, meaning) for found, name, meaning in _FOUND if found.search(low))
