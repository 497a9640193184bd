"""Sealed segments, and triggers that let the bytes of old rows leave for one of them."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

SQLITE = """
CREATE TABLE segment (
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  records INTEGER NOT NULL,
  digest TEXT NOT NULL,
  packed_hash BLOB NOT NULL,
  gone INTEGER,
  residue BLOB NOT NULL,
  packed BLOB NOT NULL,
  PRIMARY KEY (number)
)
STRICT
--
DROP TRIGGER leaf_update
--
DROP TRIGGER blob_update
--
CREATE TRIGGER leaf_update BEFORE UPDATE ON leaf WHEN NOT (NEW.seq IS OLD.seq AND NEW.record_id IS \
OLD.record_id AND NEW.kind IS OLD.kind AND NEW.as_of IS OLD.as_of AND NEW.leaf_hash IS OLD.leaf_hash AND \
substr(OLD.bytes, 1, 1) IS NOT x'40' AND EXISTS (SELECT 1 FROM segment WHERE NEW.bytes IS CAST('@' || number AS \
BLOB) AND kind = OLD.kind AND OLD.seq BETWEEN first_seq AND last_seq AND gone IS NULL)) BEGIN SELECT \
RAISE(ABORT, 'leaf: the log only grows'); END
--
CREATE TRIGGER blob_update BEFORE UPDATE ON blob WHEN NOT (NEW.digest IS OLD.digest AND CASE WHEN \
substr(OLD.packed, 1, 1) IS x'40' THEN substr(NEW.packed, 1, 1) IS NOT x'40' ELSE NEW.packed_hash IS \
OLD.packed_hash AND EXISTS (SELECT 1 FROM segment WHERE NEW.packed IS CAST('@' || number AS BLOB) AND gone IS \
NULL) END) BEGIN SELECT RAISE(ABORT, 'blob: the log only grows'); END
--
CREATE TRIGGER segment_insert BEFORE INSERT ON segment WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) \
+ 1 FROM segment) OR NEW.first_seq > NEW.last_seq OR NEW.last_seq > (SELECT coalesce(max(seq), -1) FROM leaf) \
OR EXISTS (SELECT 1 FROM segment WHERE kind = NEW.kind AND first_seq <= NEW.last_seq AND last_seq >= \
NEW.first_seq) OR NOT (NEW.gone IS NULL OR EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.gone AND kind = \
'retention')) BEGIN SELECT RAISE(ABORT, 'segment: a segment goes to the end, once'); END
--
CREATE TRIGGER segment_update BEFORE UPDATE ON segment WHEN NOT (NEW.number IS OLD.number AND NEW.kind IS \
OLD.kind AND NEW.first_seq IS OLD.first_seq AND NEW.last_seq IS OLD.last_seq AND NEW.records IS OLD.records AND \
NEW.digest IS OLD.digest AND NEW.packed_hash IS OLD.packed_hash AND OLD.gone IS NULL AND NEW.packed IS x'' AND \
EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.gone AND kind = 'retention')) BEGIN SELECT RAISE(ABORT, 'segment: \
the log only grows'); END
--
CREATE TRIGGER segment_delete BEFORE DELETE ON segment BEGIN SELECT RAISE(ABORT, 'segment: the log only \
grows'); END
"""

POSTGRESQL = """
CREATE TABLE segment (
  number INTEGER NOT NULL PRIMARY KEY,
  kind TEXT COLLATE "C" NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  records INTEGER NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  packed_hash BYTEA NOT NULL,
  gone INTEGER,
  residue BYTEA NOT NULL,
  packed BYTEA NOT NULL
)
--
DROP TRIGGER leaf_update ON leaf
--
DROP TRIGGER blob_update ON blob
--
CREATE FUNCTION leaf_moves() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN IF (NEW.seq, NEW.record_id, NEW.kind, NEW.as_of, NEW.leaf_hash) IS NOT DISTINCT FROM (OLD.seq, \
OLD.record_id, OLD.kind, OLD.as_of, OLD.leaf_hash) AND substring(OLD.bytes from 1 for 1) <> ''@''::bytea AND \
EXISTS (SELECT 1 FROM segment WHERE NEW.bytes = convert_to(''@'' || number, ''UTF8'') AND kind = OLD.kind AND \
OLD.seq BETWEEN first_seq AND last_seq AND gone IS NULL) THEN RETURN NEW; END IF; RAISE EXCEPTION ''%: the log \
only grows'', TG_TABLE_NAME; END'
--
CREATE FUNCTION blob_moves() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN IF NEW.digest = OLD.digest AND (CASE WHEN substring(OLD.packed from 1 for 1) = ''@''::bytea THEN \
substring(NEW.packed from 1 for 1) <> ''@''::bytea ELSE NEW.packed_hash = OLD.packed_hash AND EXISTS (SELECT 1 \
FROM segment WHERE NEW.packed = convert_to(''@'' || number, ''UTF8'') AND gone IS NULL) END) THEN RETURN NEW; \
END IF; RAISE EXCEPTION ''%: the log only grows'', TG_TABLE_NAME; END'
--
CREATE FUNCTION segment_at_end() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM segment) OR NEW.first_seq > \
NEW.last_seq OR NEW.last_seq > (SELECT coalesce(max(seq), -1) FROM leaf) OR EXISTS (SELECT 1 FROM segment WHERE \
kind = NEW.kind AND first_seq <= NEW.last_seq AND last_seq >= NEW.first_seq) OR NOT (NEW.gone IS NULL OR EXISTS \
(SELECT 1 FROM leaf WHERE seq = NEW.gone AND kind = ''retention'')) THEN RAISE EXCEPTION ''segment: a segment \
goes to the end, once''; END IF; RETURN NEW; END'
--
CREATE FUNCTION segment_goes() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
'BEGIN IF (NEW.number, NEW.kind, NEW.first_seq, NEW.last_seq, NEW.records, NEW.digest, NEW.packed_hash) IS NOT \
DISTINCT FROM (OLD.number, OLD.kind, OLD.first_seq, OLD.last_seq, OLD.records, OLD.digest, OLD.packed_hash) AND \
OLD.gone IS NULL AND NEW.packed = ''''::bytea AND EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.gone AND kind = \
''retention'') THEN RETURN NEW; END IF; RAISE EXCEPTION ''%: the log only grows'', TG_TABLE_NAME; END'
"""
HOOKS = [
    ("leaf_update", "leaf", "BEFORE UPDATE", "ROW", "leaf_moves"),
    ("blob_update", "blob", "BEFORE UPDATE", "ROW", "blob_moves"),
    ("segment_insert", "segment", "BEFORE INSERT", "ROW", "segment_at_end"),
    ("segment_update", "segment", "BEFORE UPDATE", "ROW", "segment_goes"),
    ("segment_delete", "segment", "BEFORE DELETE", "ROW", "only_grows"),
    ("segment_truncate", "segment", "BEFORE TRUNCATE", "STATEMENT", "only_grows"),
]


def upgrade() -> None:
    """One table, and other triggers on `leaf` and `blob`."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (SQLITE if sqlite else POSTGRESQL).strip().split("\n--\n"):
        op.execute(statement)
    for name, table, when, each, function in () if sqlite else HOOKS:
        op.execute(f"CREATE TRIGGER {name} {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
