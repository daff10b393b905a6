"""The SQL that refuses silence: no commit changes a governed row without an event about its subject."""

from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.db import models
from pgtrigger import compiler

# Every name is written out: a search path or a temporary table of the session's own must not stand in for ours.
_FUNCTION = """
DECLARE
    unnamed text := CASE TG_OP WHEN 'DELETE' THEN OLD.{key}::text ELSE NEW.{key}::text END;
BEGIN
    LOOP
        -- Only an event puts its ticket into the pending set, and nobody but the sequencer takes it out.
        IF NOT EXISTS (
            SELECT FROM public.audit_pending
            WHERE xid = pg_current_xact_id() AND subject_type = '{subject}' AND subject_id = unnamed
        ) THEN
            -- Looked at last: it is the expensive question, and an audited change need not answer it.
            IF TG_OP = 'UPDATE' AND {unchanged} THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION 'Unaudited change: % of % for {subject} % has no event in its transaction.',
                TG_OP, TG_TABLE_NAME, unnamed
                USING ERRCODE = 'integrity_constraint_violation', HINT = 'Change governed rows through a service.';
        END IF;
        -- A part that moves from one whole to another changes both.
        EXIT WHEN TG_OP <> 'UPDATE' OR unnamed = OLD.{key}::text;
        unnamed := OLD.{key}::text;
    END LOOP;
    RETURN NULL;
END;
"""


class GuardSql(compiler.UpsertTriggerSql):
    """A trigger that fires whatever the session sets: pgtrigger's own asks a session variable whether to be quiet."""

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}() RETURNS TRIGGER LANGUAGE plpgsql AS $${func}$$;
            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid} {when} {operation} ON {table} {timing}
                FOR EACH {level} EXECUTE FUNCTION {execute};
            ALTER TABLE {table} ENABLE ALWAYS TRIGGER {pgid};
            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Guard(pgtrigger.Trigger):
    """A trigger in our own words."""

    def compile(self, model: Any) -> compiler.Trigger:
        """Raises TypeError for a float beside operational columns: see `_unchanged`."""
        floats = [field.name for field in model._meta.get_fields() if isinstance(field, models.FloatField)]
        if floats and getattr(self, "operational", None):
            raise TypeError(f"{model.__name__} has operational columns and the floats {floats}: keep them apart.")
        sql = GuardSql(
            pgid=self.get_pgid(model),
            func=self.render_func(model),
            table=model._meta.db_table,
            constraint="CONSTRAINT" if self.timing else "",
            when=self.when,
            operation=self.operation,
            timing=f"DEFERRABLE INITIALLY {self.timing}" if self.timing else "",
            level=self.level,
            execute=self.render_execute(model),
        )
        return compiler.Trigger(name=self.name, sql=sql)


class Audited(Guard):
    """Guards one table against silent changes.

    subject: the subject type that the event must name, e.g. ``promotion``.
    key: the column that holds the subject's id; ``id`` for the subject itself, a foreign key's column for its parts.
    operational: columns that may change without an event (progress, heartbeats); the row's digest leaves them out.
    withheld: columns whose values the log does not keep even sealed, such as a password's hash.
    person: the column with the id of the person whom the row is about; their values can be erased with them.
    """

    name = "audited"
    level = pgtrigger.Row
    when = pgtrigger.After
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
    timing = pgtrigger.Deferred

    def __init__(
        self,
        subject: str,
        *,
        key: str = "id",
        operational: Sequence[str] = (),
        withheld: Sequence[str] = (),
        person: str = "",
        **options: Any,
    ) -> None:
        self.subject, self.key, self.person = subject, key, person
        self.operational, self.withheld = tuple(operational), tuple(withheld)
        func = _FUNCTION.format(subject=subject, key=key, unchanged=_unchanged(self.operational))
        super().__init__(func=func, declare=None, **options)


def _unchanged(operational: Sequence[str]) -> str:
    """Byte by byte where it can be: in how many digits a float is written, as JSON too, is the session's choice."""
    if not operational:
        return "NOT (OLD *<> NEW)"
    columns = "ARRAY[" + ", ".join(f"'{column}'" for column in operational) + "]::text[]"
    return f"(to_jsonb(OLD) - {columns}) = (to_jsonb(NEW) - {columns})"


class NotEmptied(Guard):
    """TRUNCATE fires no row triggers, so it is refused outright."""

    name = "not_emptied"
    level = pgtrigger.Statement
    when = pgtrigger.Before
    operation = pgtrigger.Truncate
    func = """
    BEGIN
        RAISE EXCEPTION 'A governed table cannot be emptied: TRUNCATE of % is refused.', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END;
    """


def governed(subject: str, **options: Any) -> list[pgtrigger.Trigger]:
    """What a governed model puts into its ``Meta.triggers``; the arguments are those of `Audited`."""
    return [Audited(subject, **options), NotEmptied()]


def of(model: type[models.Model]) -> Audited:
    """The guard of a governed model. Raises LookupError where there is none."""
    for trigger in getattr(model._meta, "triggers", ()):
        if isinstance(trigger, Audited):
            return trigger
    raise LookupError(f"{model.__name__} is not governed: its Meta.triggers has no guard.Audited.")
