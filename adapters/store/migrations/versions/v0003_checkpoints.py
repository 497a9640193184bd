"""Signed checkpoints beside the log, which only grow, and roots of subtrees, which are made again at will."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

SQLITE = """
CREATE TABLE checkpoint (
  number INTEGER NOT NULL,
  size INTEGER NOT NULL,
  vkey TEXT NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY (number)
)
STRICT
--
CREATE TABLE subtree (
  number INTEGER NOT NULL,
  root BLOB NOT NULL,
  PRIMARY KEY (number)
)
STRICT
--
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint: the log only \
grows'); END
--
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint: the log only \
grows'); END
--
CREATE TRIGGER checkpoint_insert BEFORE INSERT ON checkpoint WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) \
+ 1 FROM checkpoint) BEGIN SELECT RAISE(ABORT, 'checkpoint: a checkpoint goes to the end, once'); END
"""

POSTGRESQL = """
CREATE TABLE checkpoint (
  number INTEGER NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  vkey TEXT COLLATE "C" NOT NULL,
  note BYTEA NOT NULL
)
--
CREATE TABLE subtree (
  number INTEGER NOT NULL PRIMARY KEY,
  root BYTEA NOT NULL
)
--
CREATE FUNCTION checkpoint_at_end() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM checkpoint) THEN \
RAISE EXCEPTION ''checkpoint: a checkpoint goes to the end, once''; END IF; RETURN NEW; END'
"""
HOOKS = [
    ("update", "ROW", "only_grows"),
    ("delete", "ROW", "only_grows"),
    ("truncate", "STATEMENT", "only_grows"),
    ("insert", "ROW", "checkpoint_at_end"),
]


def upgrade() -> None:
    """Two tables, and what keeps the first one growing."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (SQLITE if sqlite else POSTGRESQL).strip().split("\n--\n"):
        op.execute(statement)
    for verb, each, function in () if sqlite else HOOKS:
        name, when = f"checkpoint_{verb}", f"BEFORE {verb.upper()} ON checkpoint"
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH {each} EXECUTE FUNCTION {function}()")
        op.execute(f"ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER {name}")
