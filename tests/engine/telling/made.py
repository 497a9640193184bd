"""Made tellings, from texts that would like to break a rendering."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.telling.narrative import Telling
from engine.telling.tokens import Sort, Token

HOSTILE = st.sampled_from((
    "<script>alert(1)</script>", "</li></ul></details>", "\"' onclick='x", "&lt;", "&#60;", "<!--", "]]>",
    "`", "``", "|", " | ", "**", "_x_", "[a](javascript:x)", "![i](x)", "- ", "1. ", "# ", "> ", "---", "===",
    "    code", "\\", "~~~", "$x$", "[^1]:", "https://x.y", "www.x.y", "a@b.c",
    "\n", "\r", "\r\n", "\n├─ ", "└─ ", "│  ", "╎ ", "\t", "\x00", "\x1b[31m", "\x9b1m",
    "\u202e", "\u2028", "\u200b", "\ufeff", "\ud800", "\U0001f600", "", " ", "(told above)", '<a id="c1">', "granted",
))  # fmt: skip
TEXTS = st.lists(HOSTILE | st.text(max_size=6), max_size=4).map("".join)
TOKENS = st.builds(Token, st.sampled_from(Sort), TEXTS, st.just("") | TEXTS, st.just("") | TEXTS, st.just("") | TEXTS)
RUNS = st.lists(TOKENS, max_size=4).map(tuple)


def _grown(parts: st.SearchStrategy[Telling]) -> st.SearchStrategy[Telling]:
    # Twice the same part among them, so that causes are shared.
    several = st.lists(parts, min_size=1, max_size=3).flatmap(
        lambda some: st.lists(st.sampled_from(some), min_size=1, max_size=4)
    )
    return st.builds(Telling, RUNS, several, st.sampled_from(("", "limits", "a b<")), detail=st.booleans())


TELLINGS = st.builds(
    Telling.headed,
    st.recursive(st.builds(Telling, RUNS, detail=st.booleans()), _grown, max_leaves=12),
    RUNS,
)
