"""Words of the financial press that a general lexicon misreads, on VADER's scale from -4 to 4.

Reviewed by hand, word by word: each entry is a word or a phrase that headlines use about a company's results,
outlook, rating or law suits. `NEUTRAL` takes away a general meaning that is a technical term here ("gross margin",
"share"). Phrases are matched first and stand for the words in them: "beats estimates" holds no word VADER knows.
Left out: irony, tense, and whether the market knew already.
"""

from __future__ import annotations

WORDS = {
    "upgrade": 2.0,
    "upgraded": 2.0,
    "upgrades": 2.0,
    "outperform": 1.8,
    "overweight": 1.3,
    "bullish": 2.2,
    "rally": 1.6,
    "rallies": 1.6,
    "surge": 1.9,
    "surges": 1.9,
    "soars": 2.3,
    "jumps": 1.5,
    "rebound": 1.3,
    "buyback": 1.5,
    "dividend": 0.6,
    "profitable": 1.8,
    "tops": 1.5,
    "exceeds": 1.5,
    "downgrade": -2.0,
    "downgraded": -2.0,
    "downgrades": -2.0,
    "underperform": -1.8,
    "underweight": -1.3,
    "bearish": -2.2,
    "plunge": -2.3,
    "plunges": -2.3,
    "slump": -2.0,
    "slumps": -2.0,
    "tumbles": -2.0,
    "selloff": -1.9,
    "shortfall": -1.8,
    "writedown": -2.0,
    "impairment": -1.7,
    "restatement": -2.2,
    "recall": -1.6,
    "layoffs": -1.4,
    "subpoena": -1.9,
    "probe": -1.5,
    "antitrust": -1.4,
    "default": -2.6,
    "defaults": -2.6,
    "insolvency": -3.0,
    "delisting": -2.8,
    "dilution": -1.5,
    "misses": -1.8,
}
"""Single words and their valence."""

PHRASES = {
    "beats estimates": 2.5,
    "beats expectations": 2.5,
    "beat estimates": 2.5,
    "above estimates": 2.0,
    "above expectations": 2.0,
    "raises guidance": 2.6,
    "raises outlook": 2.5,
    "raises dividend": 2.0,
    "record revenue": 2.3,
    "record profit": 2.4,
    "price target raised": 1.8,
    "misses estimates": -2.5,
    "misses expectations": -2.5,
    "missed estimates": -2.5,
    "below estimates": -2.0,
    "below expectations": -2.0,
    "cuts guidance": -2.6,
    "lowers guidance": -2.5,
    "lowers outlook": -2.4,
    "cuts dividend": -2.4,
    "profit warning": -2.7,
    "going concern": -3.0,
    "class action": -1.7,
    "price target cut": -1.8,
    "guidance withdrawn": -2.2,
}
"""Phrases and their valence."""

NEUTRAL = ("share", "shares", "gross", "liability", "tax", "taxes", "cost", "interest", "crude", "vice", "capital")
"""Words without a valence in this trade."""
