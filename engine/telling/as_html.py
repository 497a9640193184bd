"""A telling as HTML: lists that fold by themselves, typed tokens as classes, a link where a cause was told before.

A fragment goes into any page; `page` is a page of its own, one file without network or script, for a screen of 1280
pixels or narrower and for paper. Colours are those of Okabe and Ito; what colour says is also said by a mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from engine.telling.glossary import glossary
from engine.telling.narrative import Shown, Telling, told_once
from engine.telling.tokens import Phrase, Sort, Token, plain, run, visible

MARKS = {"good": "▲", "less": "◆", "bad": "✖", "none": "·", "open": "?"}
"""The shape beside each tone; those of the plots."""
TONES = {
    **dict.fromkeys(("granted", "permitted", "holds", "agrees", "all hold", "profit", "filled", "adopted"), "good"),
    **dict.fromkeys(("cut", "partly filled", "missed"), "less"),
    **dict.fromkeys(("denied", "forbidden", "does not hold", "refused", "rejected", "loss", "killed"), "bad"),
    **dict.fromkeys(("no candidate", "expired", "cancelled"), "none"),
    **dict.fromkeys(("undetermined", "unknown"), "open"),
}
"""What a verdict word means for the one who asked; words that are not here have no tone."""
_ELEMENTS = {
    Sort.NUMBER: "data", Sort.INSTANT: "time", Sort.VERDICT: "strong", Sort.INSTRUMENT: "b",
    **dict.fromkeys(
        (Sort.RULE, Sort.LIMIT, Sort.POLICY, Sort.FACT, Sort.RECORD, Sort.ORDER, Sort.DIGEST, Sort.CODE), "code"
    ),
}  # fmt: skip
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z?)?\Z")
_MOST_UNFOLDED = 8


def inline(*pieces: Phrase) -> str:
    """A run as HTML within a line."""
    return "".join(map(_token, run(*pieces)))


def as_html(root: Telling, *, prefix: str = "", unfolded: int = 2, level: int = 0) -> str:
    """A fragment: the headline, paragraphs and the tree. `prefix` begins its anchors where several share a page.

    `unfolded` levels are open at first; a level with many parts stays folded. `level` is that of the headline as a
    heading of the page, 0 where it is none.
    """
    element = f"h{level}" if level else "p"
    paragraphs = "".join(f'<p class="summary">{inline(one)}</p>\n' for one in root.summary)
    shown = told_once(root, prefix)
    tree = "".join(_item(part, 1, unfolded) for part in shown.parts)
    below = f'<ul class="tree">\n{tree}</ul>\n' if tree else ""
    headline = f'<{element} class="headline">{inline(root.run)}</{element}>\n'
    return f'<div class="telling">\n{headline}{paragraphs}{below}</div>\n'


def page(title: str, *tellings: Telling, unfolded: int = 3) -> str:
    """A whole page about one or more tellings."""
    many, name = len(tellings) > 1, _text(" ".join(title.split()))
    body = "".join(
        as_html(one, prefix=f"t{at}-" if many else "", unfolded=unfolded, level=1) for at, one in enumerate(tellings, 1)
    )
    body += _words(" ".join(map(_all, tellings)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{PAGE_STYLE}{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{body}</main>\n</body>\n</html>\n"
    )


def _all(telling: Telling) -> str:
    """Every sentence of a telling."""
    said = (plain(one) for one in (*telling.summary, telling.run))
    return " ".join((*said, *map(_all, telling.parts)))


def _words(text: str) -> str:
    """What the field's words mean that occur in a page, folded."""
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(meaning)}</dd>\n" for name, meaning in glossary(text))
    return (
        f'<details class="words"><summary>Words of this page</summary>\n<dl>\n{rows}</dl></details>\n' if rows else ""
    )


def _item(shown: Shown, depth: int, unfolded: int) -> str:
    said = inline(shown.telling.run)
    anchor = f' id="{shown.anchor}"' if shown.anchor else ""
    classes = " ".join(_classes(shown))
    opening = f"<li{anchor}{f' class={_quoted(classes)}' if classes else ''}>"
    if shown.again:
        return f'{opening}{said} <a class="again" href="#{shown.again}">told above</a></li>\n'
    if not shown.parts:
        return f"{opening}{said}</li>\n"
    wide = len(shown.parts) > _MOST_UNFOLDED
    below = "".join(_item(part, depth + 1, unfolded) for part in shown.parts)
    is_open = " open" if depth < unfolded and not wide else ""
    return f"{opening}<details{is_open}><summary>{said}</summary>\n<ul>\n{below}</ul></details></li>\n"


def _classes(shown: Shown) -> Iterator[str]:
    about = re.sub(r"[^a-z0-9]+", "-", shown.telling.about.lower()).strip("-")
    if about:
        yield f"about-{about}"
    if shown.telling.detail:
        yield "detail"


def _token(token: Token) -> str:
    text = _text(token.text)
    element = _ELEMENTS.get(token.sort)
    if token.sort is Sort.WORDS:
        return text
    attributes, mark, tone = "", "", TONES.get(token.text, "") if token.sort is Sort.VERDICT else ""
    if tone:
        mark = f'<span class="mark" aria-hidden="true">{MARKS[tone]}</span> '
    if element == "data":
        attributes += f" value={_quoted(token.value)}"
    elif element == "time" and _DATED.match(token.value or token.text):
        attributes += f" datetime={_quoted(token.value or token.text)}"
    title = "; ".join(one for one in (_meant(token), token.source) if one)
    if title:
        attributes += f" title={_quoted(title)}"
    names = f"{token.sort} {tone}".strip()
    return f'<{element or "span"} class="{names}"{attributes}>{mark}{text}</{element or "span"}>'


def _meant(token: Token) -> str:
    if token.sort is Sort.NUMBER and token.value and f"{token.value} {token.unit}".strip() != token.text:
        return f"exactly {token.value} {token.unit}".strip()
    return token.value if token.sort is not Sort.NUMBER else ""


def _text(text: str) -> str:
    return escape(visible(text)).replace("\n", "<br>")


def _quoted(text: str) -> str:
    return f'"{escape(visible(text)).replace(chr(10), " ")}"'


STYLE = """\
.telling { margin: 1.1rem 0 1.6rem; }
.telling .summary { font-size: 1.06rem; line-height: 1.6; max-width: 46rem; margin: .2rem 0 .8rem; }
.telling .headline { font-size: 1.1rem; line-height: 1.4; font-weight: 600; margin: .6rem 0 .5rem; max-width: none;
  overflow-wrap: anywhere; }
.telling ul { list-style: none; margin: 0; padding-left: 1.05rem; border-left: 1px solid #dcdfe4; }
.telling ul.tree { border-left: 0; padding-left: 0; }
.telling li { padding: .13rem 0 .13rem .35rem; font-size: .93rem; line-height: 1.5; overflow-wrap: anywhere; }
.telling li:target { background: #fff4d6; outline: 2px solid #E69F00; outline-offset: 1px; }
.telling details > summary { cursor: pointer; padding-left: 1.05em; text-indent: -1.05em; }
.telling .number, .telling time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.telling code { font: .88em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.telling code.digest, .telling code.record, .telling code.fact { color: #545b66; }
.telling a.again { color: #005f94; font-size: .86em; }
.telling .good { color: #007a59; } .telling .less { color: #8f6200; } .telling .bad { color: #b04a00; }
.telling .none, .telling .open { color: #545b66; }
@media print { .telling details::details-content { content-visibility: visible; display: block; height: auto; }
  .telling li { break-inside: auto; } }
"""
"""What a page that holds fragments needs to say about them."""

PAGE_STYLE = """\
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: #1d2129;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.words { margin-top: 1.4rem; font-size: .92em; } .words summary { cursor: pointer; color: #545b66; }
.words dt { font-weight: 600; margin-top: .4em; } .words dd { margin: 0 0 0 1.2em; }
main { max-width: 1180px; margin: 1.6rem auto; padding: 1rem 1.8rem 1.6rem; background: #fff;
  border: 1px solid #dcdfe4; border-radius: 10px; }
@media (max-width: 720px) { main { margin: 0; padding: .6rem .9rem; border: 0; } }
@media print { @page { size: A4; margin: 16mm; } body { background: #fff; font-size: 10pt; }
  main { margin: 0; padding: 0; border: 0; max-width: none; } }
"""
