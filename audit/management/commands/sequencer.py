"""`manage.py sequencer`: sequences the log until it is told to stop, and publishes it beside that."""

import signal
import threading
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection

from audit.management import standing
from audit.outside import complaints, continuity, publisher
from audit.signing import keys, rotation, sequencer
from audit.tlog import note
from audit.tlog.errors import TlogError
from audit.tree import entries

logger = structlog.get_logger(__name__)

AWAY = (OperationalError, InterfaceError)
REFUSALS = (
    entries.ArchiveUnreadable,
    continuity.Broken,
    keys.KeyMissing,
    keys.KeyUnusable,
    sequencer.TreeMismatch,
    TlogError,
)
LONGEST_WAIT_SECONDS = 10.0
REFUSED_SECONDS = 10.0
#: How often the outside is compared where another process publishes.
DOUBT_SECONDS = 60.0


class Command(BaseCommand):
    """A second one may stand by: the advisory lock lets one work at a time."""

    requires_system_checks = ()  # they load every view, with libraries that this process never needs
    help = "Give committed events their place in the tree and sign the tree's head, for as long as it runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="sequence what is pending and stop")
        parser.add_argument("--without-publisher", action="store_true", help="another process runs `manage.py publish`")

    def handle(self, *args: Any, once: bool = False, without_publisher: bool = False, **options: Any) -> None:
        rounds = Rounds()
        if once:
            _sequence_pending(rounds)
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        beside = threading.Thread(target=_doubt if without_publisher else publisher.run, args=(stop, rounds.doubt))
        beside.daemon = True  # may be killed at any line; a witness that is slow does not hold the end
        beside.start()
        while not stop.is_set():
            stop.wait(rounds.work())
        beside.join(settings.WITNESS_TIMEOUT_SECONDS)


class Rounds:
    """One round after the other; while there is doubt, the outside is asked before the next signature."""

    def __init__(self) -> None:
        self.doubt = threading.Event()
        self.doubt.set()
        self._signers: list[note.Signer] = []
        self._without_place: set[int] = set()
        self._histories = standing.Histories()
        self._revision = -1
        self._wait = settings.MERGE_DELAY_MS / 1000
        self._trouble = complaints.Complaints(logger)

    def work(self) -> float:
        """Sequence once; returns how many seconds to wait before the next round. What is wrong is said once."""
        try:
            placed = self.sequence()
        except AWAY as problem:
            # Nothing was signed. It may come back as a restored backup, so the outside is asked again.
            self._trouble.say("the sequencer waits for the database", problem, warning=True)
            self.doubt.set()
            connection.close()
            self._wait = min(LONGEST_WAIT_SECONDS, 2 * self._wait)
            return self._wait
        except (*REFUSALS, OSError) as problem:
            self._trouble.say("the sequencer signs nothing", problem)
            self.doubt.set()
            return REFUSED_SECONDS
        self._trouble.end("the sequencer works again")
        self._wait = settings.MERGE_DELAY_MS / 1000
        return 0.0 if placed == sequencer.BATCH else self._wait

    def sequence(self) -> int:
        """How many events it placed. Raises continuity.Broken and KeyMissing before anything is signed."""
        if self.doubt.is_set():
            continuity.check()
            self.doubt.clear()
        if not self._signers or rotation.revision() != self._revision:
            self._load()
        try:
            batch = sequencer.sequence(
                *self._signers, origin=self._signers[0].verifier.name, but_for=self._without_place
            )
        except rotation.Stale:
            self._load()
            return 0
        except sequencer.EntryMismatch as problem:
            # It stays pending and so in the backlog's figure, and the self-check names it; the others go on.
            logger.error("an event gets no place", problem=str(problem))
            self._without_place.add(problem.ticket)
            return sequencer.BATCH
        if batch.events:
            logger.info("sequenced", events=batch.events, size=batch.size)
            if batch.events < sequencer.BATCH:  # who waits for a place comes first
                self._histories.see_to()
        return batch.events

    def _load(self) -> None:
        rotation.open_log()
        self._revision, self._signers = rotation.revision(), rotation.signers()
        vkeys = [signer.vkey for signer in self._signers]
        standing.publish_verifier()
        logger.info("the sequencer signs", origin=self._signers[0].verifier.name, keys=vkeys)


def _sequence_pending(rounds: Rounds) -> None:
    try:
        while rounds.sequence() == sequencer.BATCH:
            pass
    except REFUSALS as problem:
        raise CommandError(str(problem)) from problem


def _doubt(stop: threading.Event, doubt: threading.Event) -> None:
    while not stop.wait(DOUBT_SECONDS):
        doubt.set()
