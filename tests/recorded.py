"""What the log holds about a row, as tests ask it."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction

from audit import guard, rows, sequencer
from audit.models import Event, Sealed
from audit.tlog import entry


def entries(subject: models.Model) -> list[dict[str, Any]]:
    """The entries about a row, newest first, decoded and checked as the verifier does."""
    about = Event.objects.filter(subject_type=guard.of(type(subject)).subject, subject_id=str(subject.pk))
    return [entry.parse(bytes(event.leaf)) for event in about]


def newest(subject: models.Model) -> dict[str, Any]:
    return entries(subject)[0]


def names(subject: models.Model) -> list[str]:
    """The names of the events about a row, oldest first."""
    return [one["event"] for one in reversed(entries(subject))]


def sealed(subject: models.Model) -> dict[str, str | None]:
    """What the newest entry about a row only commits to."""
    event = Event.objects.filter(subject_type=guard.of(type(subject)).subject, subject_id=str(subject.pk))[0]
    return dict(Sealed.objects.filter(ticket=event.ticket).values_list("field", "value"))


def fresh(row: models.Model) -> Any:
    """The row as the database has it."""
    return type(row)._default_manager.get(pk=row.pk)


def sequence() -> None:
    """Give every event its place in the tree; from then on a change needs an event of its own."""
    connection.check_constraints()
    sequencer.sequence(sequencer.log_signer(settings.LOG_ORIGIN), origin=settings.LOG_ORIGIN)


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
    """For every row that an entry names: the digest in the last one, under ``table/primary key``."""
    tables = {guard.of(model).subject: model._meta.db_table for model in governed() if guard.of(model).key == "id"}
    found: dict[str, str] = {}
    for event in Event.objects.order_by("ticket"):
        told: dict[str, Any] = entry.parse(bytes(event.leaf))
        found[f"{tables[event.subject_type]}/{event.subject_id}"] = told["row"]
        found |= told["rows"]
    return found


def stored_digests() -> dict[str, str]:
    """The digest of every governed row, computed from the database alone."""
    return {rows.label(row): rows.digest(row) for model in governed() for row in model._default_manager.all()}


def governed() -> list[type[models.Model]]:
    """Every model with a guard."""
    found = []
    for model in apps.get_models():
        if any(isinstance(trigger, guard.Audited) for trigger in getattr(model._meta, "triggers", ())):
            found.append(model)
    return found
