"""What the sequencer does beside sequencing: it names the verifier that packs carry, and fixes subjects' histories."""

import time

import structlog
from django.db import transaction

from audit import actors, log
from audit.disclosure import histories
from audit.log_events import VerifierPublished
from audit.models import Event
from audit.signing import rotation
from audit.tlog import canonical, onefile

logger = structlog.get_logger(__name__)


def publish_verifier() -> None:
    """Put the digest of this version's one-file verifier on record, once: packs prove the file they carry by that."""
    digest = onefile.digest().hex()
    newest = Event.objects.filter(event=VerifierPublished.event_name).first()
    if newest is not None and newest.leaf is not None and _digest(bytes(newest.leaf)) == digest:
        return
    with transaction.atomic():
        subject = log.Subject("log", rotation.origin())
        log.record(VerifierPublished(digest=digest), subject=subject, actor=actors.system("sequencer"))


class Histories:
    """Fixes the histories of subjects where enough has happened, and then rests: its work grows with the subjects."""

    #: Of the sequencer's time it takes a twentieth at most.
    REST = 20

    def __init__(self) -> None:
        self._rests_until = 0.0

    def see_to(self) -> None:
        """A table that somebody changed is said, and stops no signature."""
        began = time.monotonic()
        try:
            if began >= self._rests_until and histories.due():
                histories.fix(actor=actors.system("sequencer"))
                self._rests_until = time.monotonic() + self.REST * (time.monotonic() - began)
        except histories.HistoriesMismatch as problem:
            logger.error("histories are not fixed", problem=str(problem))


def _digest(leaf: bytes) -> object:
    entry = canonical.decode(leaf)
    data = entry.get("data") if isinstance(entry, dict) else None
    return data.get("digest") if isinstance(data, dict) else None
