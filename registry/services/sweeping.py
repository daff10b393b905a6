"""Rounds over rows that are due: each row in a transaction of its own, and one that fails stops no other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError
from django.db.models import QuerySet

from registry.errors import RegistryError

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows changed, and how many could not be done this time."""

    done: int = 0
    failed: int = 0


def each(rows: QuerySet[Any], work: Callable[[Any], bool]) -> Swept:
    """Do the work for each row by its key, oldest first.

    The work locks the row, skips it where somebody else holds it or it is no longer due, and says whether it did
    something: so two rounds at once do everything once. A row that fails is named and left for the next round.
    """
    done = failed = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        try:
            done += work(pk)
        except (RegistryError, DatabaseError) as error:
            failed += 1
            logger.error("row not done", table=rows.model._meta.db_table, row=str(pk), error=repr(error))
    return Swept(done, failed)
