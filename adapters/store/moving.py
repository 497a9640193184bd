"""What lets bytes leave their row in a store that otherwise only grows: the texts of those triggers in each dialect.

A row of `leaf` or `blob` whose bytes lie in a sealed segment has, in their place, `@` and the segment's number. Neither
canonical JSON nor what is packed begins with that sign.

- bytes leave a row of `leaf` once, for a segment of its kind that covers its place and has not gone itself;
- bytes leave a row of `blob` for a segment that has not gone, and may come back; name and hash stay as they are while
  they leave (what comes back may be packed anew, and is held to its name by `adapters.verifying.verify`);
- a segment goes to the end, covers records that are there and none of its kind that another covers, and never changes;
  its bytes go once, for the record of kind `retention` that it names in `gone`, and what is left of them stays.

A trigger cannot unpack what it lets go: that the segment has the bytes is checked before, in the same transaction
(`adapters.sealing.sealing`), and by every verification.
"""

# ruff: noqa: S608 - the texts are ours
from __future__ import annotations

MARK = b"@"
MARKED = 12
"""Bytes that are enough to see a mark and its number."""

_SAME_LEAF = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in ("seq", "record_id", "kind", "as_of", "leaf_hash"))
_SAME_SEGMENT = " AND ".join(
    f"NEW.{name} IS OLD.{name}"
    for name in ("number", "kind", "first_seq", "last_seq", "records", "digest", "packed_hash")
)
SQLITE = {
    "leaf_update": (
        "leaf",
        f"UPDATE ON leaf WHEN NOT ({_SAME_LEAF} AND substr(OLD.bytes, 1, 1) IS NOT x'40' AND EXISTS (SELECT 1 FROM"
        " segment WHERE NEW.bytes IS CAST('@' || number AS BLOB) AND kind = OLD.kind"
        " AND OLD.seq BETWEEN first_seq AND last_seq AND gone IS NULL))",
        "the log only grows",
    ),
    "blob_update": (
        "blob",
        "UPDATE ON blob WHEN NOT (NEW.digest IS OLD.digest AND CASE WHEN substr(OLD.packed, 1, 1) IS x'40'"
        " THEN substr(NEW.packed, 1, 1) IS NOT x'40' ELSE NEW.packed_hash IS OLD.packed_hash AND EXISTS (SELECT 1 FROM"
        " segment WHERE NEW.packed IS CAST('@' || number AS BLOB) AND gone IS NULL) END)",
        "the log only grows",
    ),
    "segment_insert": (
        "segment",
        "INSERT ON segment WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM segment)"
        " OR NEW.first_seq > NEW.last_seq OR NEW.last_seq > (SELECT coalesce(max(seq), -1) FROM leaf)"
        " OR EXISTS (SELECT 1 FROM segment WHERE kind = NEW.kind AND first_seq <= NEW.last_seq AND last_seq >="
        " NEW.first_seq) OR NOT (NEW.gone IS NULL OR EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.gone AND kind ="
        " 'retention'))",
        "a segment goes to the end, once",
    ),
    "segment_update": (
        "segment",
        f"UPDATE ON segment WHEN NOT ({_SAME_SEGMENT} AND OLD.gone IS NULL AND NEW.packed IS x''"
        " AND EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.gone AND kind = 'retention'))",
        "the log only grows",
    ),
    "segment_delete": ("segment", "DELETE ON segment", "the log only grows"),
}
"""SQLite: name of each trigger, its table, when it refuses, and what it says."""

_GROWS = "RAISE EXCEPTION '%: the log only grows', TG_TABLE_NAME; END"


def _same(*names: str) -> str:
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
    return f"({new}) IS NOT DISTINCT FROM ({old})"


POSTGRESQL = {
    "leaf_moves": (
        f"BEGIN IF {_same('seq', 'record_id', 'kind', 'as_of', 'leaf_hash')}"
        " AND substring(OLD.bytes from 1 for 1) <> '@'::bytea AND EXISTS (SELECT 1 FROM segment"
        " WHERE NEW.bytes = convert_to('@' || number, 'UTF8') AND kind = OLD.kind"
        f" AND OLD.seq BETWEEN first_seq AND last_seq AND gone IS NULL) THEN RETURN NEW; END IF; {_GROWS}"
    ),
    "blob_moves": (
        "BEGIN IF NEW.digest = OLD.digest AND (CASE WHEN substring(OLD.packed from 1 for 1) = '@'::bytea"
        " THEN substring(NEW.packed from 1 for 1) <> '@'::bytea ELSE NEW.packed_hash = OLD.packed_hash AND EXISTS"
        " (SELECT 1 FROM segment WHERE NEW.packed = convert_to('@' || number, 'UTF8') AND gone IS NULL) END)"
        f" THEN RETURN NEW; END IF; {_GROWS}"
    ),
    "segment_at_end": (
        "BEGIN IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM segment)"
        " OR NEW.first_seq > NEW.last_seq OR NEW.last_seq > (SELECT coalesce(max(seq), -1) FROM leaf)"
        " OR EXISTS (SELECT 1 FROM segment WHERE kind = NEW.kind AND first_seq <= NEW.last_seq"
        " AND last_seq >= NEW.first_seq) OR NOT (NEW.gone IS NULL OR EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.gone"
        " AND kind = 'retention')) THEN RAISE EXCEPTION 'segment: a segment goes to the end, once'; END IF;"
        " RETURN NEW; END"
    ),
    "segment_goes": (
        f"BEGIN IF {_same('number', 'kind', 'first_seq', 'last_seq', 'records', 'digest', 'packed_hash')}"
        " AND OLD.gone IS NULL AND NEW.packed = ''::bytea AND EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.gone"
        f" AND kind = 'retention') THEN RETURN NEW; END IF; {_GROWS}"
    ),
}
"""PostgreSQL: name of each function and its body."""
HOOKS = {
    "leaf_update": ("leaf", "BEFORE UPDATE", "ROW", "leaf_moves"),
    "blob_update": ("blob", "BEFORE UPDATE", "ROW", "blob_moves"),
    "segment_insert": ("segment", "BEFORE INSERT", "ROW", "segment_at_end"),
    "segment_update": ("segment", "BEFORE UPDATE", "ROW", "segment_goes"),
    "segment_delete": ("segment", "BEFORE DELETE", "ROW", "only_grows"),
    "segment_truncate": ("segment", "BEFORE TRUNCATE", "STATEMENT", "only_grows"),
}
"""PostgreSQL: name of each trigger, its table, when it fires, for what, and its function."""


def mark(number: int) -> bytes:
    """What stands in a row whose bytes lie in this segment."""
    return MARK + str(number).encode()


def moved_to(content: object) -> int | None:
    """The number of the segment that has a row's bytes; None where they are in the row, or it is damaged."""
    if not isinstance(content, bytes) or content[:1] != MARK:
        return None
    digits = content[1:]
    return int(digits) if digits.isdigit() and len(digits) < 10 and digits[:1] != b"0" else None
