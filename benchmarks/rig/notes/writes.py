"""One write of each variant, as a service would do it: in one transaction, told who and why where the peer can know."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import NamedTuple
from uuid import uuid4

import pghistory
from auditlog.context import set_actor
from django.db import transaction
from simple_history.models import HistoricalRecords

from audit import log
from audit.actors import Actor
from benchmarks.rig.notes.models import (
    AuditlogNote,
    Note,
    NoteWritten,
    OurNote,
    PghistoryNote,
    PlainNote,
    SimpleHistoryNote,
)
from registry.models import User

WORDS = "What was decided here, and on what grounds. " * 4
OWN_ROWS = 100  # that one client goes round when it changes


class Client:
    """One user with a connection; the rows it has made, by model."""

    def __init__(self, account: User) -> None:
        self.account = account
        self.rows: dict[type[Note], Iterator[int]] = {}
        # Made before: the request's id is there with an audit log and without.
        self.requests = itertools.cycle([str(uuid4()) for _ in range(1_000)])

    def actor(self) -> Actor:
        return Actor(f"person:{self.account.pk}", request=next(self.requests), account=self.account)


class Variant(NamedTuple):
    """A model, what stands around each write of it, and what follows the save."""

    model: type[Note]
    request: Callable[[Client], contextlib.AbstractContextManager[object]] = lambda _: contextlib.nullcontext()
    record: Callable[[Note, Client], object] = lambda *_: None


@contextlib.contextmanager
def _simple_history(client: Client) -> Iterator[None]:
    """What its middleware does at a request."""
    HistoricalRecords.context.request = SimpleNamespace(user=client.account)
    try:
        yield
    finally:
        del HistoricalRecords.context.request


def _ours(row: Note, client: Client) -> None:
    log.record(NoteWritten(title=row.title, state=row.state), subject=row, actor=client.actor())


def _ours_with_reason(row: Note, client: Client) -> None:
    log.record(NoteWritten(title=row.title, state=row.state), subject=row, actor=client.actor(), reason=WORDS)


VARIANTS = {
    "plain": Variant(PlainNote),
    "ours": Variant(OurNote, record=_ours),
    "ours, with a reason": Variant(OurNote, record=_ours_with_reason),
    "django-simple-history": Variant(SimpleHistoryNote, _simple_history),
    "django-auditlog": Variant(AuditlogNote, lambda client: set_actor(client.account)),
    "django-pghistory, context": Variant(PghistoryNote, lambda client: pghistory.context(user=str(client.account.pk))),
}


def create(variant: Variant, client: Client) -> Note:
    """Insert one row of six columns."""
    with variant.request(client), transaction.atomic():
        row = variant.model(title=f"Note {uuid4()}", text=WORDS, changed_at=datetime.now(UTC))
        row.save()
        variant.record(row, client)
    return row


def update(variant: Variant, client: Client) -> None:
    """Read one of the client's rows with its lock, change three columns, save."""
    if variant.model not in client.rows:
        client.rows[variant.model] = itertools.cycle([create(variant, client).pk for _ in range(OWN_ROWS)])
    with variant.request(client), transaction.atomic():
        row = variant.model._default_manager.select_for_update().get(pk=next(client.rows[variant.model]))
        row.state = "final" if row.state == "draft" else "draft"
        row.amount += 1
        row.changed_at = datetime.now(UTC)
        row.save()
        variant.record(row, client)


OPERATIONS: dict[str, Callable[[Variant, Client], object]] = {"create": create, "update": update}
