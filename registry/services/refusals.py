"""A refusal is on record before it is raised: the shape of every step that a person may be refused."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.events import Event
from audit.models import Governed
from registry.errors import RegistryError
from registry.services import signing
from registry.services.signing import Credentials, Signer

Row = TypeVar("Row", bound=Governed)
Work: TypeAlias = Callable[[Row], None]


def recorded(lock: Callable[[], Row], work: Work[Row], *, refused: Callable[[str], Event], actor: Actor) -> Row:
    """Lock a row, do the work, and commit; a refusal undoes the work, is recorded about the row, then raised.

    lock: reads the row, and what must stand still with it. refused: the event that names the rule.
    """
    refusal: RegistryError | None = None
    with transaction.atomic(durable=True):
        row = lock()
        try:
            with transaction.atomic():
                work(row)
        except RegistryError as error:
            refusal = error
            row = lock()  # As it is stored: what the work did to it in memory never happened.
            event = refused(type(error).__name__)
            log.record(event, subject=row, actor=actor, sealed={"detail": error.detail})
    if refusal:
        raise refusal
    return row


@sensitive_variables("credentials")
def proven(actor: Actor, credentials: Credentials) -> Callable[[], Signer]:
    """Check the person before any lock is taken; the answer gives the signer or raises why there is none."""
    try:
        signer = signing.prove(actor, credentials)
    except RegistryError as error:
        refusal = error
    else:
        return lambda: signer

    def refuse() -> Signer:
        raise refusal

    return refuse
