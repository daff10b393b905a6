"""The same five columns, one of them indexed: plain, ours, and as each peer's documentation sets it up."""

import pghistory
from auditlog.registry import auditlog
from django.db import models
from simple_history.models import HistoricalRecords

from audit import guard
from audit.events import Event
from audit.models import Governed


class NoteWritten(Event, name="note.written"):
    """A note was written or changed."""

    title: str
    state: str


class Note(models.Model):
    """What every variant stores."""

    title = models.CharField(max_length=80, db_index=True)
    state = models.CharField(max_length=12, default="draft")
    amount = models.IntegerField(default=0)
    text = models.TextField(default="")
    changed_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title


class PlainNote(Note):
    """Nobody watches."""


class OurNote(Governed, Note):
    """No commit changes it without an event."""

    class Meta:
        triggers = guard.governed("note")


class SimpleHistoryNote(Note):
    """django-simple-history."""

    history = HistoricalRecords()


class AuditlogNote(Note):
    """django-auditlog."""


@pghistory.track()
class PghistoryNote(Note):
    """django-pghistory."""


auditlog.register(AuditlogNote)
