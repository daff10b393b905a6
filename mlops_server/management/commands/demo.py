"""`manage.py demo`: tells the story once, against the running stack."""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlops_server.demo import accounts, proof, story
from mlops_server.demo.client import Client, Refused
from mlops_server.demo.console import Console
from mlops_server.management.commands import credentials


class Command(BaseCommand):
    """Refuses to run twice on the same data: the marker in VAR_DIR says that it is done."""

    help = "Run the demo against the stack at --url: real data, real workers, about two minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000")

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        marker = Path(settings.VAR_DIR) / "demo-done"
        if marker.exists():
            self.stdout.write("The demo has run here already; remove var/ to begin again.")
            return
        started = time.monotonic()
        pockets = accounts.ensure()
        self._await(url)
        console = Console(url, pockets)
        client = lru_cache(maxsize=None)(lambda who: Client(url, who, pockets[who].password))
        told = story.Story(people=client, console=console)
        try:
            for chapter in (*story.CHAPTERS, proof.export_and_verify, proof.verify_the_log):
                console.begin(str(chapter.__doc__))
                chapter(told)
        except Refused as refusal:
            raise CommandError(f"The demo was refused: {refusal}") from refusal
        console.table()
        self.stdout.write(credentials.HINT)
        self.stdout.write(f"The demo took {time.monotonic() - started:.0f} seconds.")
        marker.write_text("done\n")

    @staticmethod
    def _await(url: str) -> None:
        for _ in range(240):
            try:
                if httpx.get(f"{url}/readyz", timeout=5).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        raise CommandError(f"Nothing answers at {url}; start it with `make run`.")
