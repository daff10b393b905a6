"""`manage.py sequencer`: sequences the log until it is told to stop."""

import signal
import threading
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from audit import sequencer

logger = structlog.get_logger(__name__)


class Command(BaseCommand):
    """A second one may stand by: the advisory lock lets one work at a time."""

    requires_system_checks = ()  # they load every view, with libraries that this process never needs
    help = "Give committed events their place in the tree and sign the tree's head, for as long as it runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="sequence what is pending and stop")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        signer = sequencer.log_signer(settings.LOG_ORIGIN)
        logger.info("sequencer started", origin=settings.LOG_ORIGIN, key=signer.vkey)
        while not stop.is_set():
            placed = self._round(signer)
            if once and placed < sequencer.BATCH:
                return
            if placed < sequencer.BATCH:
                stop.wait(settings.MERGE_DELAY_MS / 1000)

    def _round(self, signer: Any) -> int:
        try:
            batch = sequencer.sequence(signer, origin=settings.LOG_ORIGIN)
        except (OperationalError, InterfaceError) as error:
            # PostgreSQL is restarting: nothing was signed, and the next round begins with a new connection.
            logger.warning("sequencer waits for the database", error=str(error))
            connection.close()
            return 0
        if batch.events:
            logger.info("sequenced", events=batch.events, size=batch.size)
        return batch.events
