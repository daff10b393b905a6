"""What a check reads: the slot's recent predictions, as arrays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import OuterRef, QuerySet, Subquery

from registry.models import Outcome, Prediction, Slot

Column = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """The predictions of one slot over a time span, the newest last; labels are None until they arrive."""

    since: datetime | None
    until: datetime
    rows: list[Prediction]

    @property
    def scores(self) -> Column:
        """Probabilities, float64."""
        return np.array([row.score for row in self.rows], dtype=np.float64)

    @property
    def decisions(self) -> Column:
        """0 or 1, int64."""
        return np.array([row.decision for row in self.rows], dtype=np.int64)

    @property
    def labels(self) -> Column:
        """0 or 1, int64; call it on a window of labelled rows only."""
        return np.array([row.label for row in self.rows], dtype=np.int64)  # type: ignore[attr-defined]

    def features(self, names: list[str]) -> dict[str, Column]:
        """One float64 array a feature, NaN where missing."""
        return {
            name: np.array([_number(row.features.get(name)) for row in self.rows], dtype=np.float64) for name in names
        }

    def attributes(self, names: list[str]) -> dict[str, Column]:
        """One object array an attribute, None where it was not given."""
        return {name: np.array([row.attributes.get(name) for row in self.rows], dtype=object) for name in names}


def recent(slot: Slot, *, until: datetime, rows: int, labelled: bool = False) -> Window:
    """The newest predictions up to a moment, at most `rows`; with `labelled`, only those whose outcome is known."""
    newest = Outcome.objects.filter(prediction=OuterRef("pk")).order_by("-id").values("value")[:1]
    found: QuerySet[Prediction] = Prediction.objects.filter(slot=slot, at__lte=until).annotate(label=Subquery(newest))
    if labelled:
        found = found.filter(outcomes__isnull=False).distinct()
    taken = list(found.order_by("-at", "-id")[:rows])[::-1]
    return Window(since=taken[0].at if taken else None, until=until, rows=taken)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
