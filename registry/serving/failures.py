"""Requests that got no answer: kept with their cause, so that a monitor of the service sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from registry.errors import Invalid
from registry.models import FailedRequest, Slot

Cause = FailedRequest.Cause
LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request before anything answers it."""

    slot: Slot
    row_count: int
    request: str

    def failed(self, cause: str, detail: str, *, version: UUID | None = None) -> FailedRequest:
        """Keep it. Durable, so that nobody calls it where the refusal that follows would take it back."""
        with transaction.atomic(durable=True):
            return FailedRequest.objects.create(
                at=timezone.now(),
                slot=self.slot,
                model_version_id=version,
                cause=cause,
                detail=detail[:LONGEST_DETAIL],
                row_count=self.row_count,
                request=self.request,
            )


def misfit(refusal: Invalid, schema: Sequence[Mapping[str, Any]] = ()) -> str:
    """Why, and at which columns of the schema; what the caller wrote, names of its own among it, is left out."""
    pointed = {problem.pointer.partition("/features/")[2] for problem in refusal.problems}
    names = [column["name"] for column in schema if column["name"] in pointed]
    return f"{refusal.detail} At: {', '.join(names)}." if names else refusal.detail
