"""What the log holds about a row, as tests ask it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction

from audit import guard, rows
from audit.database import grants
from audit.models import Event
from audit.sealed import sealing
from audit.signing import sequencer
from audit.tlog import entry, note
from audit.tree import entries as log_entries
from audit.watch import rows as watch
from audit.watch.said import Said
from tests import databases


def entries(subject: models.Model) -> list[dict[str, Any]]:
    """The entries about a row, newest first, decoded and checked as the verifier does."""
    about = Event.objects.filter(subject_type=guard.of(type(subject)).subject, subject_id=str(subject.pk))
    return [entry.parse(bytes(event.leaf or b"")) for event in about]


def newest(subject: models.Model) -> dict[str, Any]:
    return entries(subject)[0]


def names(subject: models.Model) -> list[str]:
    """The names of the events about a row, oldest first."""
    return [one["event"] for one in reversed(entries(subject))]


def sealed(subject: models.Model) -> dict[str, Any]:
    """What the newest entry about a row only commits to."""
    event = Event.objects.filter(subject_type=guard.of(type(subject)).subject, subject_id=str(subject.pk))[0]
    return {one.field: one.value for one in sealing.opened([event]) if "/" not in one.field}


def changes(subject: models.Model, *, first: bool = False) -> dict[str, dict[str, Any]]:
    """What the newest (or the first) event about a row says about its columns, opened."""
    about = Event.objects.filter(subject_type=guard.of(type(subject)).subject, subject_id=str(subject.pk))
    found: dict[str, dict[str, Any]] = {}
    for one in sealing.opened([about.earliest("ticket") if first else about[0]]):
        label, *place = one.field.rsplit(".", 2)
        if label == rows.label(subject):
            found.setdefault(place[0], {})[place[1]] = one.value
    return found


def fresh(row: models.Model) -> Any:
    """The row as the database has it."""
    return type(row)._default_manager.get(pk=row.pk)


def sequence() -> None:
    """Give every event its place in the tree; from then on a change needs an event of its own."""
    connection.check_constraints()
    place(sequencer.log_signer(settings.LOG_ORIGIN), origin=settings.LOG_ORIGIN)


def place(signer: note.Signer, **options: Any) -> sequencer.Batch:
    """`sequencer.sequence`, in the role that may do it."""
    with databases.acting_as(grants.SEQUENCER):
        return sequencer.sequence(signer, **options)


def refusal_of(change: Callable[[], object]) -> str:
    """What the guards say to a change at its commit; the change is undone either way."""
    try:
        with transaction.atomic():
            change()
            connection.check_constraints()
            transaction.set_rollback(True)
    except IntegrityError as error:
        return str(error)
    return ""


def last_digests() -> dict[str, str]:
    """For every row that an entry names the digest in the last one, and for all parts of a subject theirs together."""
    said = _said()
    parts = {f"{table}/* of {about}": digest for (_, about, table), (digest, _) in said.parts.items()}
    return {label: digest for label, (digest, _) in said.rows.items()} | parts


def stored_digests() -> dict[str, str]:
    """The same from the database alone: of each governed row, but for parts that the log only knows together."""
    said, found = _said(), dict[str, str]()
    for model in watch.governed():
        parts = watch.Parts(said, model)
        for row in model._base_manager.all():
            digest = rows.digest(row)
            if not parts.take(row, digest) or rows.label(row) in said.rows:
                found[rows.label(row)] = digest
        found |= {f"{parts.table}/* of {about}": root for about, root in parts.roots().items()}
    return found


def governed() -> list[type[models.Model]]:
    """Every model with a guard."""
    return watch.governed()


def _said() -> Said:
    events = Event.objects.order_by("ticket")
    return watch.last_digests((None, entry.parse(raw)) for raw in log_entries.raw(events))
