"""`manage.py check_slots`: does everything that serves hold what it takes? A breach is stopped and is an incident."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from audit import actors
from registry.models import Slot
from registry.services.slots import assigning, invariant


class Command(BaseCommand):
    """Ends with 0 where all is well, 1 with breaches, 3 where a slot could not be looked at."""

    requires_system_checks = ()
    help = "Check what every slot serves: approvals, digests, signatures, bytes. Acts on a breach, as each night."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in _findings():
            self.stdout.write(line)
        found = invariant.check(actor=actors.system("check_slots"))
        self.stdout.write(f"{Slot.objects.count()} slots: {found.done} in breach, {found.failed} not looked at")
        sys.exit(1 if found.done else 3 if found.failed else 0)


def _findings() -> list[str]:
    """What is wrong, in words, before it is acted on."""
    rows = [row for slot in Slot.objects.order_by("key") if (row := assigning.current(slot)) is not None]
    return [f"{row.slot} {arm}: {finding}" for row in rows for arm, finding in invariant.breaches(row).items()]
