"""The triggers that keep the log's tables growing: their exact text in each dialect, and what a store has of it.

They refuse UPDATE, DELETE and an INSERT that would replace or go anywhere but to the end (PostgreSQL: TRUNCATE, too).
What they let pass is bytes that leave for a sealed segment (`adapters.store.moving`). They stop mistakes; what somebody
does who drops them is found by `adapters.verifying.verify`.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection

from adapters.store import moving
from adapters.store.migrating import keeps_checkpoints, keeps_segments
from adapters.store.tables import CHECKPOINT, LOG, SEGMENT

GROWING = ("leaf", "blob", "tree", "checkpoint")
"""Tables that only grow."""
_NAMES = {table.name for table in (*LOG, CHECKPOINT, SEGMENT)}


def _refusal(name: str, table: str, when: str, sentence: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{table}: {sentence}'); END"


_GROWING = {
    f"{table}_{verb}": _refusal(f"{table}_{verb}", table, f"{verb.upper()} ON {table}", "the log only grows")
    for table in GROWING
    for verb in ("update", "delete")
} | {
    # INSERT OR REPLACE deletes without firing a DELETE trigger, so an insert that would replace is refused itself.
    "leaf_insert": _refusal(
        "leaf_insert",
        "leaf",
        "INSERT ON leaf WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM leaf)"
        " OR EXISTS (SELECT 1 FROM leaf WHERE record_id = NEW.record_id)",
        "a record goes to the end, once",
    ),
    "blob_insert": _refusal(
        "blob_insert",
        "blob",
        "INSERT ON blob WHEN EXISTS (SELECT 1 FROM blob WHERE digest = NEW.digest)",
        "a digest is stored once",
    ),
    "tree_insert": _refusal(
        "tree_insert",
        "tree",
        "INSERT ON tree WHEN NEW.size IS NOT (SELECT coalesce(max(size), 0) + 1 FROM tree)",
        "a root goes to the end, once",
    ),
    "checkpoint_insert": _refusal(
        "checkpoint_insert",
        "checkpoint",
        "INSERT ON checkpoint WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM checkpoint)",
        "a checkpoint goes to the end, once",
    ),
}
TRIGGERS = _GROWING | {
    name: _refusal(name, table, when, sentence) for name, (table, when, sentence) in moving.SQLITE.items()
}
"""SQLite: name of each trigger and its exact text, as the file keeps it."""

_BODY = "BEGIN RAISE EXCEPTION '%: the log only grows', TG_TABLE_NAME; END"
FUNCTIONS = {
    "only_grows": _BODY,
    "leaf_at_end": (
        "BEGIN IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq) + 1, 0) FROM leaf) THEN"
        " RAISE EXCEPTION 'leaf: a record goes to the end, once'; END IF; RETURN NEW; END"
    ),
    "tree_at_end": (
        "BEGIN IF NEW.size IS DISTINCT FROM (SELECT coalesce(max(size), 0) + 1 FROM tree) THEN"
        " RAISE EXCEPTION 'tree: a root goes to the end, once'; END IF; RETURN NEW; END"
    ),
    "checkpoint_at_end": (
        "BEGIN IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM checkpoint) THEN"
        " RAISE EXCEPTION 'checkpoint: a checkpoint goes to the end, once'; END IF; RETURN NEW; END"
    ),
    **moving.POSTGRESQL,
}
"""PostgreSQL: name of each trigger's function and its body. An INSERT that replaces there is an UPDATE, and refused."""
_WHEN = {
    "update": ("BEFORE UPDATE", "ROW", "only_grows"),
    "delete": ("BEFORE DELETE", "ROW", "only_grows"),
    "truncate": ("BEFORE TRUNCATE", "STATEMENT", "only_grows"),
}
_GROWING_HOOKS = {
    f"{table}_{verb}": (table, when, each, function)
    for table in GROWING
    for verb, (when, each, function) in _WHEN.items()
} | {
    "leaf_insert": ("leaf", "BEFORE INSERT", "ROW", "leaf_at_end"),
    "tree_insert": ("tree", "BEFORE INSERT", "ROW", "tree_at_end"),
    "checkpoint_insert": ("checkpoint", "BEFORE INSERT", "ROW", "checkpoint_at_end"),
}
HOOKS = _GROWING_HOOKS | moving.HOOKS
"""PostgreSQL: name of each trigger, its table, when it fires, for what, and its function."""


def expected(connection: Connection) -> dict[str, str]:
    """Name and text of every table (text empty), trigger and function that a store of this dialect has."""
    segments = keeps_segments(connection)
    every = _expected(connection, TRIGGERS if segments else _GROWING, HOOKS if segments else _GROWING_HOOKS)
    later = [*([] if keeps_checkpoints(connection) else [CHECKPOINT.name]), *([] if segments else _OF_SEGMENTS)]
    return {name: text for name, text in every.items() if not name.startswith(tuple(later))}


_OF_SEGMENTS = (SEGMENT.name, *moving.POSTGRESQL)
"""Beginnings of the names that a store of a version without segments has not."""


def _expected(
    connection: Connection, triggers: dict[str, str], hooks_: dict[str, tuple[str, str, str, str]]
) -> dict[str, str]:
    tables = dict.fromkeys(_NAMES, "")
    if connection.dialect.name == "sqlite":
        return {**tables, **triggers}
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    hooks = {
        name: f"CREATE TRIGGER {name} {when} ON {schema}.{table} FOR EACH {each} EXECUTE FUNCTION {function}() always"
        for name, (table, when, each, function) in hooks_.items()
    }
    return {**tables, **hooks, **{name: f"{body} {schema}" for name, body in FUNCTIONS.items()}}


def present(connection: Connection) -> dict[str, str]:
    """Name and text of those that the store has: to compare with `expected`, from which a table's text is left out."""
    if connection.dialect.name == "sqlite":
        names = {*_NAMES, *TRIGGERS}
        rows = connection.exec_driver_sql(
            "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'trigger')"
        )
        return {str(name): "" if kind == "table" else str(text) for name, kind, text in rows if name in names}
    names = {*_NAMES, *HOOKS, *FUNCTIONS}
    return {str(name): str(text) for name, text in connection.exec_driver_sql(_PRESENT) if name in names}


# A trigger that is disabled, and a function that runs with another search path, are not what was made.
_PRESENT = """
SELECT relname, '' FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
UNION ALL
SELECT tgname, replace(pg_get_triggerdef(t.oid), current_schema() || '.' || proname || '()', proname || '()')
  || CASE tgenabled WHEN 'A' THEN ' always' ELSE ' not always' END
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT proname, prosrc || ' ' || coalesce(replace(array_to_string(proconfig, ','), 'search_path=', ''), 'anywhere')
FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prolang =
  (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')
"""
