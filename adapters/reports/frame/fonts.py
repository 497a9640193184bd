"""The typefaces of a report, inside it: the letters it uses and no others, so that no machine's fonts change it.

DejaVu comes with matplotlib, which also measures the plots' words with it: what fits there fits on the page. Letters
that DejaVu lacks are left to the reader's machine. Same letters, same bytes: dates and hints are not carried over.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from io import BytesIO
from pathlib import Path

SANS, MONO = "Warrant Sans", "Warrant Mono"
_FACES = (
    (SANS, "normal", "DejaVuSans.ttf"),
    (SANS, "bold", "DejaVuSans-Bold.ttf"),
    (MONO, "normal", "DejaVuSansMono.ttf"),
)
ALWAYS = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("\u00a0–—−×·…‘’“”▲◆✖●→")


def faces(words: str) -> str:
    """The style sheet's `@font-face` rules, with all that a page with these words needs."""
    letters = "".join(sorted(ALWAYS | {one for one in words if one.isprintable()}))
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: normal; '
        f"src: url(data:font/ttf;base64,{_subset(file, letters)}) }}"
        for family, weight, file in _FACES
    )


@cache
def _subset(file: str, letters: str) -> str:
    """One face with these letters, in base64."""
    import matplotlib as mpl
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options()
    options.layout_features = []
    options.hinting = False
    options.name_IDs = []
    options.drop_tables = [*options.drop_tables, "FFTM"]
    options.recalc_timestamp = False
    with TTFont(Path(mpl.get_data_path()) / "fonts" / "ttf" / file, recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(text=letters)
        subsetter.subset(font)
        sink = BytesIO()
        font.save(sink)
    return b64encode(sink.getvalue()).decode()
