"""The desk's own tables: who runs it, and what people ask of it."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

LEASE = """
CREATE TABLE lease (
  one INTEGER NOT NULL CONSTRAINT lease_is_one CHECK (one = 1),
  holder TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  pid_started TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  taken_at TEXT NOT NULL,
  renewed_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (one)
)
"""
REQUEST = """
CREATE TABLE request (
  id {id} NOT NULL,
  asked_at TEXT NOT NULL,
  what TEXT NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  answered_at TEXT,
  answer TEXT,
  PRIMARY KEY (id),
  CONSTRAINT request_answered_whole CHECK ((answered_at IS NULL) = (answer IS NULL))
)
"""


def upgrade() -> None:
    """Two tables beside the log."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for text in (LEASE, REQUEST.format(id="INTEGER" if sqlite else "SERIAL")):
        op.execute(text + "STRICT" if sqlite else text)
