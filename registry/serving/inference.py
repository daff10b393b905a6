"""Predictions: answered from what a slot serves, and logged before the answer is given."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from audit.actors import Actor
from registry.errors import Invalid, NothingServes, Problem
from registry.models import Prediction
from registry.services import predictions
from registry.serving import decoding, routing, snapshot
from registry.serving.snapshot import Loaded, Snapshot

MAX_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the model's features, whom it is about (for sticky routing), and what only fairness may see."""

    features: dict[str, Any]
    entity: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


def predict(key: str, rows: Sequence[Row], *, actor: Actor) -> list[Prediction]:
    """Answer rows from a slot. Every answer is stored before it is returned.

    Raises Slot.DoesNotExist, also for who holds no role there, NotPermitted, NothingServes where no version with a
    valid approval stands there, Invalid; also for rows that the version answers with no finite number.
    """
    if not 1 <= len(rows) <= MAX_ROWS:
        raise Invalid(f"Send between 1 and {MAX_ROWS} rows.", problems=[Problem("/rows", f"has {len(rows)}")])
    current = snapshot.of(key)
    predictions.require_caller(actor, current.slot)
    decoding.check_attributes(row.attributes for row in rows)
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
    ordered = _in_order(answers, arms)
    _check(ordered)
    Prediction.objects.bulk_create(answers)
    return ordered


def _score(current: Snapshot, loaded: Loaded, arm: str, rows: Sequence[Row], actor: Actor) -> list[Prediction]:
    if not rows:
        return []
    started = time.perf_counter_ns()
    scores, decisions = loaded.answer([row.features for row in rows])
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
            score=score,
            decision=None if decision is None else int(decision),
            latency_us=latency_us,
            request=actor.request,
        )
        for row, score, decision in zip(
            rows, scores.tolist(), [None] * len(rows) if decisions is None else decisions.tolist(), strict=True
        )
    ]


def _check(answers: Sequence[Prediction]) -> None:
    """Refuse rows whose answer is no number: neither the log nor a decision could be built on it. Raises Invalid."""
    without = [number for number, answer in enumerate(answers) if not math.isfinite(answer.score)]
    if without:
        raise Invalid(
            "The version has no answer to some rows; none was stored.",
            remedy="Send what is missing in them, or leave them out. A version that is served should answer every row.",
            problems=[
                Problem(f"/rows/{number}", "is answered with no finite number")
                for number in without[: decoding.MAX_PROBLEMS]
            ],
        )


def _in_order(answers: Sequence[Prediction], arms: Sequence[str]) -> list[Prediction]:
    """The answers in the order of the request's rows."""
    by_arm = {arm: iter([answer for answer in answers if answer.arm == arm]) for arm in set(arms)}
    return [next(by_arm[arm]) for arm in arms]
