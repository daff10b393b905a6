"""The prediction log: outcomes that arrive later, and batches sealed so that a changed row shows."""

import sys
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
from registry.models import ModelVersion, Outcome, Prediction, PredictionBatch, Slot
from registry.permissions import require, roles
from registry.roles import Action

SEAL_ROWS = 10_000
PROBLEMS_SHOWN = 20
LARGEST = sys.float_info.max
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
    """Store what turned out to be true as it arrives; a later one for the same prediction revises the earlier.

    Of a classification: one of the version's classes, 0 or 1 where it has two; kept as its place among them, as a
    decision is. Of a regression: a finite number. Raises Slot.DoesNotExist for who holds no role there, NotPermitted,
    Invalid naming every row that cannot be kept; then none is.
    """
    require_caller(actor, slot)
    wanted = {outcome["prediction"] for outcome in outcomes}
    versions = dict(Prediction.objects.filter(slot=slot, pk__in=wanted).values_list("pk", "model_version_id"))
    known = ModelVersion.objects.only("task", "output_schema").in_bulk(set(versions.values()))
    rows, problems = [], []
    for number, outcome in enumerate(outcomes):
        try:
            version = known[versions[outcome["prediction"]]]
            rows.append(Outcome(prediction_id=outcome["prediction"], value=truth(version, outcome["value"])))
        except KeyError:
            problems.append(Problem(f"/outcomes/{number}/prediction", "is not a prediction of this slot"))
        except ValueError as wrong:
            problems.append(Problem(f"/outcomes/{number}/value", str(wrong)))
    if problems:
        raise Invalid("Some outcomes cannot be kept; none was stored.", problems=problems[:PROBLEMS_SHOWN])
    return len(Outcome.objects.bulk_create(rows))


def truth(version: ModelVersion, value: object) -> float:
    """The number that is kept for what turned out. Raises ValueError saying what is wrong with it."""
    if version.task != ModelVersion.Task.REGRESSION:
        classes = classes_of(version)
        if isinstance(value, bool) or value not in classes:
            raise ValueError(f"is none of the version's {len(classes)} classes, such as {classes[0]!r}")
        return float(classes.index(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is {type(value).__name__}, not a number")
    if not -LARGEST <= value <= LARGEST:  # Not a number is not between them either.
        raise ValueError("is not finite")
    return float(value)


def classes_of(version: ModelVersion) -> list[Any]:
    """What a classification tells apart, in the order in which its decisions and outcomes count them."""
    declared = [entry["classes"] for entry in version.output_schema if entry.get("classes")]
    return list(declared[0]) if declared else [0, 1]


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
