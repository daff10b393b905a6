"""The SQL that refuses silence: no commit changes a governed row without an event about its subject."""

from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.db import models

_FUNCTION = """
DECLARE
    subjects text[];
    unnamed text;
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(OLD) - {operational}) = (to_jsonb(NEW) - {operational}) THEN
        RETURN NULL;
    END IF;
    -- A part that moves from one whole to another changes both.
    subjects := CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[NEW.{key}::text]
        WHEN 'DELETE' THEN ARRAY[OLD.{key}::text]
        ELSE ARRAY[OLD.{key}::text, NEW.{key}::text]
    END;
    -- The event itself must be there: a row in the pending set alone is no event.
    SELECT subject INTO unnamed FROM unnest(subjects) AS subject WHERE NOT EXISTS (
        SELECT FROM audit_pending JOIN audit_event event USING (ticket)
        WHERE xid = pg_current_xact_id() AND event.subject_type = '{subject}' AND event.subject_id = subject
    ) LIMIT 1;
    IF unnamed IS NOT NULL THEN
        RAISE EXCEPTION 'Unaudited change: % of % for {subject} % has no event in its transaction.',
            TG_OP, TG_TABLE_NAME, unnamed
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'Change governed rows through a service.';
    END IF;
    RETURN NULL;
END;
"""


class Audited(pgtrigger.Trigger):
    """Guards one table against silent changes.

    subject: the subject type that the event must name, e.g. ``promotion``.
    key: the column that holds the subject's id; ``id`` for the subject itself, a foreign key's column for its parts.
    operational: columns that may change without an event (progress, heartbeats); the row's digest leaves them out.
    """

    name = "audited"
    level = pgtrigger.Row
    when = pgtrigger.After
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
    timing = pgtrigger.Deferred

    def __init__(self, subject: str, *, key: str = "id", operational: Sequence[str] = (), **options: Any) -> None:
        self.subject, self.key, self.operational = subject, key, tuple(operational)
        array = "ARRAY[" + ", ".join(f"'{column}'" for column in self.operational) + "]::text[]"
        func = _FUNCTION.format(subject=subject, key=key, operational=array)
        super().__init__(func=func, declare=None, **options)


class NotEmptied(pgtrigger.Trigger):
    """TRUNCATE fires no row triggers, so it is refused outright."""

    name = "not_emptied"
    level = pgtrigger.Statement
    when = pgtrigger.Before
    operation = pgtrigger.Truncate
    func = """
        RAISE EXCEPTION 'A governed table cannot be emptied: TRUNCATE of % is refused.', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    """


def governed(subject: str, *, key: str = "id", operational: Sequence[str] = ()) -> list[pgtrigger.Trigger]:
    """What a governed model puts into its ``Meta.triggers``; the arguments are those of `Audited`."""
    return [Audited(subject, key=key, operational=operational), NotEmptied()]


def of(model: type[models.Model]) -> Audited:
    """The guard of a governed model. Raises LookupError where there is none."""
    for trigger in getattr(model._meta, "triggers", ()):
        if isinstance(trigger, Audited):
            return trigger
    raise LookupError(f"{model.__name__} is not governed: its Meta.triggers has no guard.Audited.")
