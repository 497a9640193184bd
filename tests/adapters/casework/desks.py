"""Small desks with cases of their own."""

from __future__ import annotations

from pathlib import Path

POLICIES = """:- sentence(permitted(Candidate), "~Candidate is permitted").
permitted(Candidate) :- \\+ forbidden(Candidate, _).
:- sentence(forbidden(Candidate, Reason), "~Candidate is forbidden: ~Reason").
forbidden(candidate(Instrument, _, _, _, _), earnings_blackout) :- earnings(Instrument, Sessions), Sessions =< 3.
"""
RULES = """(defrule strong
  "quant | ?i is strong: an ADX of ?adx"
  (declare (salience 0))
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  =>
  (assert (candidate (instrument ?i) (side long) (horizon swing) (conviction 0.8) (rule strong))))
"""
STRONG = """rule: strong
defaults:
  indicator: {instrument: AAPL, name: adx-14}
cases:
  - name: exactly 20
    given:
      - indicator: {value: 20}
    expect:
      - candidate: {instrument: AAPL, side: long}
  - name: a step below
    given:
      - indicator: {value: 19.99}
    expect_not:
      - candidate: {}
"""
BLACKOUT = """policy: earnings_blackout
defaults:
  indicator: {instrument: AAPL, name: adx-14, value: 30}
cases:
  - name: three sessions ahead
    given:
      - indicator: {}
      - earnings: {instrument: AAPL, sessions: 3}
    expect:
      - forbidden: {instrument: AAPL, side: long, reason: earnings_blackout}
  - name: four sessions ahead
    given:
      - indicator: {}
      - earnings: {instrument: AAPL, sessions: 4}
    expect:
      - permitted: {instrument: AAPL}
    expect_not:
      - forbidden: {}
"""


def desk(folder: Path, rules: str = RULES, **cases: str) -> Path:
    """A desk with these rules and cases; its other files are not read here."""
    (folder / "rules/cases").mkdir(parents=True, exist_ok=True)
    (folder / "rules.clp").write_text(rules, encoding="utf-8")
    (folder / "policies.pl").write_text(POLICIES, encoding="utf-8")
    for name, text in ({"strong": STRONG, "blackout": BLACKOUT} | cases).items():
        (folder / f"rules/cases/{name}.yaml").write_text(text, encoding="utf-8")
    return folder
