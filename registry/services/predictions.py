"""The prediction log: outcomes that arrive later, and batches sealed so that a changed row shows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import structlog
from django.db import transaction

from audit import log
from audit.actors import Actor
from audit.events import plain
from audit.watch.findings import Finding
from registry import actors, events, records
from registry.errors import Invalid, NotPermitted, Problem
from registry.models import Outcome, Prediction, PredictionBatch, Slot
from registry.permissions import require, roles
from registry.roles import Action

SEAL_ROWS = 10_000
logger = structlog.get_logger(__name__)


def require_caller(actor: Actor, slot: Slot) -> None:
    """Let only those pass who may ask the slot. Raises NotPermitted; Slot.DoesNotExist for who holds no role there."""
    try:
        require(actor, Action.PREDICT, slot.system)
    except NotPermitted as refusal:
        if not roles(actors.account(actor), slot.system):
            raise Slot.DoesNotExist(slot.key) from refusal
        raise


def record_outcomes(slot: Slot, outcomes: Sequence[dict[str, Any]], *, actor: Actor) -> int:
    """Store true labels as they arrive; a later one for the same prediction revises the earlier.

    Raises Slot.DoesNotExist for who holds no role there, NotPermitted, Invalid.
    """
    require_caller(actor, slot)
    wanted = {outcome["prediction"] for outcome in outcomes}
    known = set(Prediction.objects.filter(slot=slot, pk__in=wanted).values_list("pk", flat=True))
    problems = [
        Problem(f"/outcomes/{number}/prediction", "is not a prediction of this slot")
        for number, outcome in enumerate(outcomes)
        if outcome["prediction"] not in known
    ]
    if problems:
        raise Invalid("Some outcomes name no prediction of this slot; none was stored.", problems=problems[:20])
    rows = [Outcome(prediction_id=outcome["prediction"], value=outcome["value"]) for outcome in outcomes]
    return len(Outcome.objects.bulk_create(rows))


def seal(*, actor: Actor) -> list[PredictionBatch]:
    """Fix the predictions that no batch holds yet, one batch a slot. Records prediction_batch.sealed.

    A slot that cannot be sealed is logged and left for the next time; the others do not wait for it.
    """
    batches = []
    for slot in Slot.objects.filter(predictions__batch=None, predictions__isnull=False).distinct():
        try:
            batch = _seal(slot, actor)
        except Exception:
            logger.exception("Predictions could not be sealed.", slot=slot.key)
        else:
            batches += [batch] if batch else []
    return batches


def _seal(slot: Slot, actor: Actor) -> PredictionBatch | None:
    with transaction.atomic(durable=True):
        rows = list(
            Prediction.objects.select_for_update(skip_locked=True)
            .filter(slot=slot, batch=None)
            .order_by("id")[:SEAL_ROWS]
        )
        if not rows:
            return None
        batch = PredictionBatch.objects.create(slot=slot, row_count=len(rows), digest=digest(rows))
        Prediction.objects.filter(pk__in=[row.pk for row in rows]).update(batch=batch)
        event = events.PredictionsSealed(slot=slot.key, row_count=len(rows), digest=batch.digest)
        log.record(event, subject=batch, actor=actor)
    return batch


def changed_batches() -> Iterator[Finding]:
    """The sealed batches whose predictions are no longer what was sealed, for the log's self-check."""
    for batch in PredictionBatch.objects.order_by("id").iterator():
        rows = list(Prediction.objects.filter(batch=batch).order_by("id"))
        if len(rows) != batch.row_count:
            expected, actual = f"{batch.row_count} predictions", f"{len(rows)}"
            yield Finding("registry_prediction", f"of batch {batch.pk}", "", expected, actual)
        elif (found := digest(rows)) != batch.digest:
            expected, actual = f"rows with the root {batch.digest[:24]}…", f"rows with the root {found[:24]}…"
            yield Finding("registry_prediction", f"of batch {batch.pk}", "", expected, actual)


def digest(rows: Iterable[Prediction]) -> str:
    """The Merkle root over the predictions' own digests; one changed row changes it."""
    return records.merkle_root(records.digest(_record(row)) for row in rows)


def _record(row: Prediction) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "at": plain(row.at),
        "slot": str(row.slot_id),
        "slot_revision": row.slot_revision,
        "model_version": str(row.model_version_id),
        "arm": row.arm,
        "entity": row.entity,
        "features": plain(row.features),
        "attributes": plain(row.attributes),
        "score": plain(row.score),
        "decision": row.decision,
    }
