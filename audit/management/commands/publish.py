"""`manage.py publish`: publishes the log in a process of its own, where the sequencer runs with --without-publisher."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.outside import continuity, publisher
from audit.tlog.errors import TlogError


class Command(BaseCommand):
    requires_system_checks = ()  # they load every view, with libraries that this process never needs
    help = "Publish the log as files, with its witnesses' signatures, for as long as it runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="publish the newest head and stop")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        if once:
            self._once()
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        publisher.run(stop, doubt=threading.Event())

    def _once(self) -> None:
        try:
            done = publisher.publish()
        except (continuity.Broken, publisher.NotPublishable, TlogError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        if done.waiting:
            raise CommandError(f"Published up to {done.size}; the newest head waits for {done.waiting}.")
        self.stdout.write(f"Published up to {done.size}: {done.files} new files.")
