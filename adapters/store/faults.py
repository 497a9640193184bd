"""What the store raises: each is one sentence, lower case, without the driver's noise."""

from __future__ import annotations


class StoreFailed(Exception):
    """The store cannot be used: nothing may be sent, and the shell exits with status 3. One sentence."""


class LogUnwritable(StoreFailed):
    """The log cannot be written or does not verify: nothing may be sent, and the shell exits with status 3."""


class LogUnreadable(StoreFailed):
    """The log cannot be read. One sentence."""
