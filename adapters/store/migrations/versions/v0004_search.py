"""The index of the search, beside the log and made from it."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE TABLE search_head (
  one INTEGER NOT NULL CONSTRAINT search_head_is_one CHECK (one = 1),
  version INTEGER NOT NULL,
  size INTEGER NOT NULL,
  root {bytes} NOT NULL,
  PRIMARY KEY (one)
)
--
CREATE TABLE search_term (
  id INTEGER NOT NULL,
  field {word} NOT NULL,
  word {word} NOT NULL,
  rows INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (field, word)
)
--
CREATE TABLE search_row (
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  outcome {word} NOT NULL,
  PRIMARY KEY (seq, place)
)
--
CREATE TABLE search_posting (
  term INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (term, seq, place)
)
--
CREATE TABLE search_day (
  day {word} NOT NULL,
  first INTEGER NOT NULL,
  PRIMARY KEY (day)
)
"""
ROWLESS = ("search_row", "search_posting", "search_day")
"""Tables whose key is all that is looked for: SQLite keeps such a row once, in the order of its key."""


def upgrade() -> None:
    """Five tables, empty: whoever searches first fills them."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    types = {"bytes": "BLOB", "word": "TEXT"} if sqlite else {"bytes": "BYTEA", "word": 'TEXT COLLATE "C"'}
    for statement in TABLES.format(**types).strip().split("\n--\n"):
        rowless = any(f"CREATE TABLE {name} " in statement for name in ROWLESS)
        op.execute(f"{statement} {'STRICT, WITHOUT ROWID' if rowless else 'STRICT'}" if sqlite else statement)
