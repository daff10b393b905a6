"""Predictions: answered from a slot and logged before the answer, joined with outcomes, sealed in batches."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import plain
from registry import events, records
from registry.errors import Invalid, NothingServes, Problem
from registry.models import Outcome, Prediction, PredictionBatch, Slot
from registry.permissions import require
from registry.roles import Action
from registry.serving import decoding, routing, snapshot
from registry.serving.snapshot import Loaded, Snapshot

MAX_ROWS = 1_000
SEAL_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the model's features, whom it is about (for sticky routing), and what only fairness may see."""

    features: dict[str, Any]
    entity: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


def predict(key: str, rows: Sequence[Row], *, actor: Actor) -> list[Prediction]:
    """Answer rows from a slot. Every answer is stored before it is returned.

    Raises Slot.DoesNotExist, NotPermitted, NothingServes where no version with a valid approval stands there, Invalid.
    """
    if not 1 <= len(rows) <= MAX_ROWS:
        raise Invalid(f"Send between 1 and {MAX_ROWS} rows.", problems=[Problem("/rows", f"has {len(rows)}")])
    current = snapshot.of(key)
    require(actor, Action.PREDICT, current.slot.system)
    if current.champion is None:
        raise NothingServes(f"No version with a valid approval serves in {key}.", remedy="Promote one, through review.")
    arms = [routing.arm(current.salt, row.entity, current.canary_percent) for row in rows]
    answers = [
        made
        for arm, loaded in (("champion", current.champion), ("canary", current.canary))
        if loaded is not None
        for made in _score(
            current, loaded, arm, [row for row, taken in zip(rows, arms, strict=True) if taken == arm], actor
        )
    ]
    Prediction.objects.bulk_create(answers)
    return _in_order(answers, arms)


def record_outcomes(slot: Slot, outcomes: Sequence[dict[str, Any]], *, actor: Actor) -> int:
    """Store true labels as they arrive; a later one for the same prediction revises the earlier. Raises Invalid."""
    require(actor, Action.PREDICT, slot.system)
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
    """Fix the predictions that no batch holds yet, one batch a slot. Records prediction_batch.sealed."""
    batches = []
    for slot in Slot.objects.filter(predictions__batch=None, predictions__isnull=False).distinct():
        with transaction.atomic(durable=True):
            rows = list(
                Prediction.objects.select_for_update(skip_locked=True)
                .filter(slot=slot, batch=None)
                .order_by("id")[:SEAL_ROWS]
            )
            if not rows:
                continue
            batch = PredictionBatch.objects.create(slot=slot, row_count=len(rows), digest=digest(rows))
            Prediction.objects.filter(pk__in=[row.pk for row in rows]).update(batch=batch)
            event = events.PredictionsSealed(slot=slot.key, row_count=len(rows), digest=batch.digest)
            log.record(event, subject=batch, actor=actor)
            batches.append(batch)
    return batches


def digest(rows: Iterable[Prediction]) -> str:
    """The Merkle root over the predictions' own digests; one changed row changes it."""
    return records.merkle_root(records.digest(_record(row)) for row in rows)


def _score(current: Snapshot, loaded: Loaded, arm: str, rows: Sequence[Row], actor: Actor) -> list[Prediction]:
    if not rows:
        return []
    started = time.perf_counter_ns()
    scores = loaded.score(decoding.matrix([row.features for row in rows], loaded.schema)).astype(np.float64)
    latency_us = (time.perf_counter_ns() - started) // 1000
    now = timezone.now()
    return [
        Prediction(
            at=now,
            slot=current.slot,
            slot_revision=current.revision,
            model_version_id=loaded.version,
            arm=arm,
            entity=row.entity,
            features=row.features,
            attributes=row.attributes,
            score=float(score),
            decision=int(score >= loaded.threshold),
            latency_us=latency_us,
            request=actor.request,
        )
        for row, score in zip(rows, scores, strict=True)
    ]


def _in_order(answers: Sequence[Prediction], arms: Sequence[str]) -> list[Prediction]:
    """The answers in the order of the request's rows."""
    by_arm = {arm: iter([answer for answer in answers if answer.arm == arm]) for arm in set(arms)}
    return [next(by_arm[arm]) for arm in arms]


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
