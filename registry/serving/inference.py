"""Predictions: answered from what a slot serves, and logged before the answer is given; so is why there is none."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils import timezone

from audit.actors import Actor
from audit.errors import Refusal
from registry.errors import Invalid, NothingServes, Problem
from registry.models import Prediction
from registry.services import predictions
from registry.serving import decoding, failures, routing, snapshot
from registry.serving.failures import Asked, Cause
from registry.serving.snapshot import Decisions, Loaded, Scores, Snapshot

MAX_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the model's features, whom it is about (for sticky routing), and what only fairness may see."""

    features: dict[str, Any]
    entity: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


def predict(key: str, rows: Sequence[Row], *, actor: Actor) -> list[Prediction]:
    """Answer rows from a slot. Every answer is stored before it is returned, and so is a request that gets none.

    Raises Slot.DoesNotExist, also for who holds no role there, NotPermitted, NothingServes where no version with a
    valid approval stands there, Invalid; also for rows that the version answers with no finite number. Rows that do
    not fit, rows without an answer and errors of the version are kept as FailedRequest.
    """
    current = snapshot.of(key)
    predictions.require_caller(actor, current.slot)
    asked = Asked(current.slot, len(rows), actor.request)
    _check_rows(rows, asked)
    if current.champion is None:
        raise NothingServes(f"No version with a valid approval serves in {key}.", remedy="Promote one, through review.")
    arms = [routing.arm(current.salt, row.entity, current.canary_percent) for row in rows]
    answers = [
        made
        for arm, loaded in (("champion", current.champion), ("canary", current.canary))
        if loaded is not None
        for made in _score(
            current, loaded, arm, [place for place, taken in enumerate(arms) if taken == arm], rows, asked
        )
    ]
    ordered = _in_order(answers, arms)
    _check_answers(ordered, asked)
    Prediction.objects.bulk_create(answers)
    return ordered


def _check_rows(rows: Sequence[Row], asked: Asked) -> None:
    """Refuse what no version could answer. Raises Invalid."""
    try:
        if not 1 <= len(rows) <= MAX_ROWS:
            raise Invalid(f"Send between 1 and {MAX_ROWS} rows.", problems=[Problem("/rows", f"has {len(rows)}")])
        decoding.check_attributes(row.attributes for row in rows)
    except Invalid as refusal:
        asked.failed(Cause.INVALID, failures.misfit(refusal))
        raise


def _score(
    current: Snapshot, loaded: Loaded, arm: str, places: Sequence[int], every: Sequence[Row], asked: Asked
) -> list[Prediction]:
    """The rows at these places of the request, answered by one arm."""
    if not places:
        return []
    rows = [every[place] for place in places]
    started = time.perf_counter_ns()
    scores, decisions = _answers(loaded, rows, places, asked)
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
            request=asked.request,
        )
        for row, score, decision in zip(
            rows, scores.tolist(), [None] * len(rows) if decisions is None else decisions.tolist(), strict=True
        )
    ]


def _answers(
    loaded: Loaded, rows: Sequence[Row], places: Sequence[int], asked: Asked
) -> tuple[Scores, Decisions | None]:
    """What the version answers; where it cannot, that is kept first and then raised."""
    try:
        return loaded.answer([row.features for row in rows])
    except Invalid as refusal:
        asked.failed(Cause.INVALID, failures.misfit(refusal, loaded.schema), version=loaded.version)
        refusal.problems = tuple(_in_request(problem, places) for problem in refusal.problems)
        raise
    except Refusal:
        raise
    except Exception as error:
        # Its words may quote what was sent; its kind does not.
        asked.failed(Cause.DEFECT, type(error).__name__, version=loaded.version)
        raise


def _in_request(problem: Problem, places: Sequence[int]) -> Problem:
    """The problem with its row's number in the request, of which the arm saw only some."""
    _, rows, number, *rest = problem.pointer.split("/")
    return replace(problem, pointer="/".join(["", rows, str(places[int(number)]), *rest]))


def _check_answers(answers: Sequence[Prediction], asked: Asked) -> None:
    """Refuse rows whose answer is no number: neither the log nor a decision could be built on it. Raises Invalid."""
    without = [number for number, answer in enumerate(answers) if not math.isfinite(answer.score)]
    if without:
        detail = f"{len(without)} of {len(answers)} rows are answered with no finite number."
        asked.failed(Cause.NO_ANSWER, detail, version=answers[without[0]].model_version_id)
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
