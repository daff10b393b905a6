"""Show the demo's accounts and their passwords again."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

HINT = "To sign a decision as one of them you also need a one-time code: `make code WHO=viktor` prints it."


class Command(BaseCommand):
    help = "Show the accounts that the demo made on this machine, with their passwords."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        accounts = read(settings.VAR_DIR)
        if accounts:
            self.stdout.write("\n".join([*table(accounts), "", HINT]))
        else:
            self.stdout.write("There are no accounts yet: the demo makes them, and `make run` starts it.")


def read(var: Path) -> list[dict[str, str]]:
    """The accounts in `credentials.json`, one object each; none before the demo has run."""
    path = var / "credentials.json"
    accounts: list[dict[str, str]] = json.loads(path.read_text()) if path.exists() else []
    return accounts


def table(accounts: list[dict[str, str]]) -> list[str]:
    """Lines of left-aligned columns, the keys of the first account on top, without what only `manage.py code` uses."""
    columns = [column for column in accounts[0] if column != "secret"]
    rows = [columns, *([account.get(column, "") for column in columns] for account in accounts)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
