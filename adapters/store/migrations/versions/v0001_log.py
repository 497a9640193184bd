"""The log as the first release kept it. What is written here never changes: stores were made with it."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

SQLITE = """
CREATE TABLE leaf (
  seq INTEGER NOT NULL,
  record_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  as_of TEXT NOT NULL,
  leaf_hash BLOB NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (seq),
  UNIQUE (record_id)
)
STRICT
--
CREATE TABLE blob (
  digest TEXT NOT NULL,
  packed_hash BLOB NOT NULL,
  packed BLOB NOT NULL,
  PRIMARY KEY (digest)
)
STRICT
--
CREATE TABLE tree (
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  PRIMARY KEY (size)
)
STRICT
--
CREATE TABLE timing (
  seq INTEGER NOT NULL,
  written_at TEXT NOT NULL,
  stages TEXT NOT NULL,
  PRIMARY KEY (seq),
  FOREIGN KEY(seq) REFERENCES leaf (seq)
)
STRICT
--
CREATE TRIGGER leaf_update BEFORE UPDATE ON leaf BEGIN SELECT RAISE(ABORT, 'leaf: the log only grows'); END
--
CREATE TRIGGER leaf_delete BEFORE DELETE ON leaf BEGIN SELECT RAISE(ABORT, 'leaf: the log only grows'); END
--
CREATE TRIGGER blob_update BEFORE UPDATE ON blob BEGIN SELECT RAISE(ABORT, 'blob: the log only grows'); END
--
CREATE TRIGGER blob_delete BEFORE DELETE ON blob BEGIN SELECT RAISE(ABORT, 'blob: the log only grows'); END
--
CREATE TRIGGER tree_update BEFORE UPDATE ON tree BEGIN SELECT RAISE(ABORT, 'tree: the log only grows'); END
--
CREATE TRIGGER tree_delete BEFORE DELETE ON tree BEGIN SELECT RAISE(ABORT, 'tree: the log only grows'); END
--
CREATE TRIGGER leaf_insert BEFORE INSERT ON leaf WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM leaf) OR \
EXISTS (SELECT 1 FROM leaf WHERE record_id = NEW.record_id) BEGIN SELECT RAISE(ABORT, 'leaf: a record goes to the end, \
once'); END
--
CREATE TRIGGER blob_insert BEFORE INSERT ON blob WHEN EXISTS (SELECT 1 FROM blob WHERE digest = NEW.digest) BEGIN \
SELECT RAISE(ABORT, 'blob: a digest is stored once'); END
--
CREATE TRIGGER tree_insert BEFORE INSERT ON tree WHEN NEW.size IS NOT (SELECT coalesce(max(size), 0) + 1 FROM tree) \
BEGIN SELECT RAISE(ABORT, 'tree: a root goes to the end, once'); END
"""

POSTGRESQL = """
CREATE TABLE leaf (
  seq INTEGER NOT NULL PRIMARY KEY,
  record_id TEXT COLLATE "C" NOT NULL UNIQUE,
  kind TEXT COLLATE "C" NOT NULL,
  as_of TEXT COLLATE "C" NOT NULL,
  leaf_hash BYTEA NOT NULL,
  bytes BYTEA NOT NULL
)
--
CREATE TABLE blob (
  digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  packed_hash BYTEA NOT NULL,
  packed BYTEA NOT NULL
)
--
CREATE TABLE tree (
  size INTEGER NOT NULL PRIMARY KEY,
  root BYTEA NOT NULL
)
--
CREATE TABLE timing (
  seq INTEGER NOT NULL PRIMARY KEY REFERENCES leaf (seq),
  written_at TEXT COLLATE "C" NOT NULL,
  stages TEXT COLLATE "C" NOT NULL
)
--
CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN RAISE EXCEPTION ''%: the log only grows'', TG_TABLE_NAME; END'
--
CREATE FUNCTION leaf_at_end() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq) + 1, 0) FROM leaf) THEN \
RAISE EXCEPTION ''leaf: a record goes to the end, once''; END IF; RETURN NEW; END'
--
CREATE FUNCTION tree_at_end() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN IF NEW.size IS DISTINCT FROM (SELECT coalesce(max(size), 0) + 1 FROM tree) THEN \
RAISE EXCEPTION ''tree: a root goes to the end, once''; END IF; RETURN NEW; END'
"""
HOOKS = [
    (table, verb, each, "only_grows")
    for table in ("leaf", "blob", "tree")
    for verb, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
] + [("leaf", "insert", "ROW", "leaf_at_end"), ("tree", "insert", "ROW", "tree_at_end")]


def upgrade() -> None:
    """The log's tables and what keeps them growing."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (SQLITE if sqlite else POSTGRESQL).strip().split("\n--\n"):
        op.execute(statement)
    for table, verb, each, function in () if sqlite else HOOKS:
        name = f"{table}_{verb}"
        for statement in (
            f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ):
            op.execute(statement)
