"""What a look reads: the answers of one arm and one version of a slot that no evaluable look has read before."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from monitoring.models import Monitor, MonitorRun
from registry.models import FailedRequest, ModelVersion, Outcome, Prediction, Slot

Column = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Whose answers, and from after which moment up to which; from the first one on where `since` is None."""

    slot: Slot
    arm: str
    version: ModelVersion
    since: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """Predictions, the newest last; `truths` holds what turned out, by prediction, where it was asked for."""

    since: datetime | None
    until: datetime
    rows: list[Prediction]
    truths: Mapping[UUID, float] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.rows)

    @property
    def scores(self) -> Column:
        """Probabilities, of the predicted class where there are several, or the predicted numbers; float64."""
        return np.array([row.score for row in self.rows], dtype=np.float64)

    @property
    def decisions(self) -> Column:
        """The class's place, int64; call it on the answers of a classification only."""
        return np.array([row.decision for row in self.rows], dtype=np.int64)

    @property
    def labels(self) -> Column:
        """What turned out, float64; NaN where it has not."""
        return np.array([self.truths.get(row.pk, np.nan) for row in self.rows], dtype=np.float64)

    @property
    def features(self) -> list[dict[str, Any]]:
        """What was asked, row by row."""
        return [row.features for row in self.rows]

    def attributes(self, names: list[str]) -> dict[str, Column]:
        """One object array an attribute, None where it was not given."""
        return {name: np.array([row.attributes.get(name) for row in self.rows], dtype=object) for name in names}


@dataclass(frozen=True, slots=True)
class Read:
    """What is left of a window where its rows are elsewhere."""

    since: datetime | None
    until: datetime
    n: int


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests that were answered, by how long each took, and those that were not, by cause."""

    since: datetime | None
    until: datetime
    latencies_us: Column
    failures: Mapping[str, int]

    @property
    def n(self) -> int:
        return self.latencies_us.size + sum(self.failures.values())


def unread(monitor: Monitor, version: ModelVersion, until: datetime) -> Span:
    """What has come since the last look that could be evaluated, so that looks share no rows.

    A row whose moment lies before a look and which is committed after it is read by none: that loses a row and biases
    nothing.
    """
    looked = MonitorRun.objects.filter(monitor=monitor, model_version=version)
    evaluated = looked.exclude(verdict=MonitorRun.Verdict.NOT_EVALUABLE).order_by("-window_to")
    since = evaluated.values_list("window_to", flat=True).first()
    return Span(monitor.slot, monitor.arm, version, since, until)


def answered(span: Span, *, rows: int) -> Window:
    """The newest answers of the span, at most `rows`."""
    found = list(_within(_answers(span), span).order_by("-at", "-id")[:rows])[::-1]
    return Window(_first(found) or span.since, span.until, found)


def labelled(span: Span, *, rows: int) -> Window:
    """The answers whose truth first came in the span, however long ago they were given; a revised truth counts."""
    outcomes = _within(Outcome.objects.all(), span).filter(
        prediction__slot=span.slot, prediction__arm=span.arm, prediction__model_version=span.version
    )
    earlier = Outcome.objects.filter(prediction=OuterRef("prediction"), id__lt=OuterRef("id"))
    first = outcomes.filter(~Exists(earlier)).order_by("-at", "-id").values_list("prediction", flat=True)
    taken = list(first[:rows])
    found = list(_answers(span).filter(pk__in=taken).order_by("at", "id"))
    known = Outcome.objects.filter(prediction__in=taken, at__lte=span.until).order_by("id")
    # A later one takes the place of an earlier one.
    truths = dict(known.values_list("prediction", "value"))
    return Window(_first(found) or span.since, span.until, found, truths)


def requests(span: Span, *, rows: int) -> Requests:
    """The newest requests of the span, at most `rows` answered ones: all rows of one were answered together.

    A failed request whose version nobody knows counts for every version.
    """
    answers = _within(_answers(span), span).order_by("-at").values_list("at", "request", "latency_us").distinct()
    found = list(answers[:rows])
    since = found[-1][0] if len(found) == rows else span.since
    failed = _within(FailedRequest.objects.filter(slot=span.slot), replace(span, since=since))
    ours = failed.filter(Q(model_version=span.version) | Q(model_version=None)).order_by()
    failures = dict(ours.values_list("cause").annotate(count=Count("pk")))
    return Requests(since, span.until, np.array([latency for _, _, latency in found], np.int64), failures)


def unfit(slot: Slot, version: ModelVersion, window: Window) -> int:
    """Requests of the window's time that fitted no input schema; one whose version nobody knows counts for each."""
    failed = FailedRequest.objects.filter(slot=slot, cause=FailedRequest.Cause.INVALID, at__lte=window.until)
    if window.since is not None:
        failed = failed.filter(at__gte=window.since)
    return failed.filter(Q(model_version=version) | Q(model_version=None)).count()


def _answers(span: Span) -> QuerySet[Prediction]:
    return Prediction.objects.filter(slot=span.slot, arm=span.arm, model_version=span.version)


def _within(rows: QuerySet[Any], span: Span) -> QuerySet[Any]:
    found = rows.filter(at__lte=span.until)
    return found if span.since is None else found.filter(at__gt=span.since)


def _first(rows: list[Prediction]) -> datetime | None:
    return rows[0].at if rows else None
