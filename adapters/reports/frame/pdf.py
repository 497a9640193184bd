"""A report on paper: the same page as PDF, laid out by WeasyPrint, with the same bytes for the same page.

It reads nothing but the page: no network, no file. No clock enters: a PDF without dates and without an identifier.
WeasyPrint needs Pango, a library of the system; where that is missing there is no PDF, and HTML needs none of it.
"""

from __future__ import annotations

import logging
import os
from contextlib import redirect_stdout
from types import ModuleType

from adapters.frame import Failed, need

PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
"""What the libraries are called in Debian and Ubuntu; the launcher `warrant` installs them by these names."""


def to_pdf(page: str) -> bytes:
    """The PDF of a page. Raises `Failed` where the machine cannot make one."""
    made = _weasyprint()
    alone = made.urls.URLFetcher(allowed_protocols={"data"})
    before, os.environ["SOURCE_DATE_EPOCH"] = os.environ.get("SOURCE_DATE_EPOCH"), "0"
    try:
        # Nothing on the page names a date; should the library ever write one, it is this.
        written = made.HTML(string=page, url_fetcher=alone).write_pdf()
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
    assert isinstance(written, bytes)
    return written


def _weasyprint() -> ModuleType:
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    try:
        # It tells on standard output what it misses, and that is ours to say.
        with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
            return need("weasyprint", "reports")
    except OSError:
        raise Failed(
            "a PDF needs the library Pango, and this machine has none; type `sudo apt-get install -y"
            f" {' '.join(PANGO)}` (macOS: `brew install pango`), or leave `--format pdf` out and take the HTML"
        ) from None
