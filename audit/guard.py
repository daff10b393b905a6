"""The SQL that refuses silence: no commit changes a governed row without an event about its subject."""

from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.db import models

_FUNCTION = """
DECLARE
    subject text;
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(OLD) - {operational}) = (to_jsonb(NEW) - {operational}) THEN
        RETURN NULL;
    END IF;
    subject := CASE WHEN TG_OP = 'DELETE' THEN OLD.{key} ELSE NEW.{key} END;
    IF NOT EXISTS (
        SELECT FROM audit_pending
        WHERE xid = pg_current_xact_id() AND subject_type = '{subject}' AND subject_id = subject
    ) THEN
        RAISE EXCEPTION 'Unaudited change: % of % for {subject} % has no event in its transaction.',
            TG_OP, TG_TABLE_NAME, subject
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'Change governed rows through a service.';
    END IF;
    RETURN NULL;
END;
"""


class Audited(pgtrigger.Trigger):
    """Guards one table: put it into the model's ``Meta.triggers``.

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


def of(model: type[models.Model]) -> Audited:
    """The guard of a governed model. Raises LookupError where there is none."""
    for trigger in getattr(model._meta, "triggers", ()):
        if isinstance(trigger, Audited):
            return trigger
    raise LookupError(f"{model.__name__} is not governed: its Meta.triggers has no guard.Audited.")
