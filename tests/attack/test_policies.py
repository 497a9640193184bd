"""A reason to forbid that is written under a misspelt name must not be lost in silence."""

from __future__ import annotations

import pytest

from knowledge.faults import Faulty
from knowledge.prolog.session import PrologPolicies
from rules.rulebook import read_rulebook
from tests.attack.stage import SHIPPED

SLIPS = [
    (':- sentence(forbiden(C, R), "~C may not: ~R").\nforbiden(candidate(I, _, _, _, _), late) :- earnings(I, 0).',
     "comes to `forbiden/2`; is `forbidden` meant?"),
    (':- sentence(tradable_cuntry(C), "may trade in ~C").\ntradable_cuntry(\'IN\').',
     "comes to `tradable_cuntry/1`; is `tradable_country` meant?"),
]  # fmt: skip


@pytest.mark.parametrize(("slip", "said"), SLIPS)
def test_a_predicate_nobody_asks_for_is_refused_where_it_looks_like_one_that_is(slip: str, said: str):
    sources = [(one.file, one.text) for one in read_rulebook(SHIPPED).policies]
    PrologPolicies(sources)
    (file, text), *others = sources
    with pytest.raises(Faulty) as caught:
        PrologPolicies([(file, f"{text}\n{slip}\n"), *others])
    (fault,) = caught.value.faults
    assert said in fault.message
    assert (fault.file, fault.line) == (file, len(text.splitlines()) + 3)
