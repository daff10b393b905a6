"""Rows of the reference as they would have been logged, and a reference that has not seen them.

The rows are split at random: one half is compared with, looks draw from the other. So no look meets rows of its own
reference; that the reference is half as large makes false alarms rather more frequent than live.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
import pyarrow as pa
from django.utils import timezone

from monitoring.measures import profiles
from monitoring.measures.profiles import Profile
from monitoring.models import Monitor
from monitoring.services import columns
from monitoring.services.calibrations import MOST_ROWS
from monitoring.services.profiles import Answers, Column, Missing, References
from registry.models import ModelVersion, Prediction

Kind = Monitor.Kind
Rows = list[Prediction]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Pool:
    """Rows to draw looks from, what is known of their truth, and what they are compared with."""

    rows: Rows
    truths: dict[UUID, float]
    references: References


@dataclass(frozen=True, eq=False)
class Half(References):
    """A reference of rows at hand; of models and contracts it has nothing."""

    profile: Profile | None = None
    known: dict[str, Column] | None = None
    answered: Answers | None = None

    def inputs(self, version: ModelVersion) -> Profile:
        return _there(self.profile)

    def rows(self, version: ModelVersion) -> dict[str, Column]:
        return _there(self.known)

    def answers(self, version: ModelVersion) -> Answers:
        return _there(self.answered)


def of_inputs(version: ModelVersion, references: References) -> Pool:
    """Rows of the version's data; nothing is known of their answers. Raises Missing."""
    table = references.table(version, MOST_ROWS)
    first, second = _halves(table.num_rows)
    known = columns.of_table(table.take(first), version.input_schema)
    profile = profiles.make(known, columns.kinds(version.input_schema))
    rows = [_row(version, features=features) for features in _sent(table.take(second))]
    return Pool(rows, {}, Half(references.actor, profile=profile, known=known))


def of_answers(version: ModelVersion, references: References) -> Pool:
    """The version's answers on rows held out, with their truth. Raises Missing."""
    answers = references.answers(version)
    first, second = _halves(min(len(answers), MOST_ROWS))
    known = Answers(answers.score[first], answers.decision[first], answers.truth[first])
    decides = version.task != ModelVersion.Task.REGRESSION
    rows = [
        _row(version, score=float(answers.score[at]), decision=int(answers.decision[at]) if decides else None)
        for at in second.tolist()
    ]
    truths = {row.pk: float(answers.truth[at]) for row, at in zip(rows, second.tolist(), strict=True)}
    return Pool(rows, truths, Half(references.actor, answered=known))


def _there(found: Found | None) -> Found:
    if found is None:
        raise Missing("Nothing of the kind is replayed.")
    return found


def _halves(rows: int) -> tuple[Column, Column]:
    order = np.random.default_rng(0).permutation(rows)
    return order[: rows // 2], order[rows // 2 :]


def _row(version: ModelVersion, **logged: Any) -> Prediction:
    """A row that is in no table; each is a request of its own."""
    row = Prediction(at=timezone.now(), model_version=version, **{"features": {}, "score": 0.0, **logged})
    row.request = str(row.pk)
    return row


def _sent(table: pa.Table) -> list[dict[str, Any]]:
    """Features as a caller sends them: days and moments as text."""
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]
