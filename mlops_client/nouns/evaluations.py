"""Evaluations of versions, and the figures that they found."""

from dataclasses import dataclass
from typing import Any, ClassVar

from mlops_client.nouns import jobs
from mlops_client.nouns.base import Collection, Record, Rows, identity
from mlops_client.nouns.datasets import DatasetVersion, DatasetVersions
from mlops_client.nouns.models import ModelVersion, ModelVersions


@dataclass(kw_only=True, repr=False)
class Figure(Record):
    """A value with its interval and n, or a verdict; evidence, never changed."""

    PATH = "/api/v1/evidence"
    SHOWN = ("kind", "metric", "attribute", "group", "value", "low", "high", "n", "method")
    LISTED = ("kind", "metric", "of", "figure", "n")

    set: str
    kind: str
    metric: str
    split: str
    attribute: str
    group: str
    against: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float | None
    n: int | None
    method: str
    fields: dict[str, Any]

    @property
    def of(self) -> str:
        """Whom it is about, as in ``SEX 2``; empty for everybody."""
        return f"{self.attribute} {self.group}".strip()

    @property
    def figure(self) -> str:
        """As in ``0.812 [0.801, 0.823]``."""
        return interval(self)

    def __str__(self) -> str:
        return f"{interval(self)}, n = {self.n:,}" if self.n else interval(self)


def interval(figure: Figure) -> str:
    """As in ``0.812 [0.801, 0.823]``."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.4g}"
    return f"{figure.value:.4g} [{figure.low:.4g}, {figure.high:.4g}]"


@dataclass(kw_only=True, repr=False)
class Evaluation(jobs.Job):
    PATH = "/api/v1/evaluations"
    NOUN: ClassVar[str] = "evaluation"
    SHOWN = ("id", "state", "split", "progress_percent", "progress_message", "failure")

    model_version: str
    dataset_version: str
    split: str
    against: str | None = None
    seed: int = 0
    evidence_set: str | None = None

    def figures(self, **filters: Any) -> Rows[Figure]:
        """What it found: filter by kind, metric, attribute, group."""
        return Rows(Figure, self.session, "/api/v1/evidence", {"evaluation": self.id, **filters})


class Evaluations(Collection[Evaluation]):
    RECORD = Evaluation

    def request(
        self,
        version: ModelVersion | str,
        *,
        data: DatasetVersion | str | None = None,
        split: str | None = None,
        against: ModelVersion | str | None = None,
        seed: int = 0,
        settings: dict[str, Any] | None = None,
    ) -> Evaluation:
        """Ask a worker to measure a version; returns at once.

        data: on what; without it on the rows that the run held out. against: measured on the same rows, differences
        are paired. split: holdout or all; all by default where data is given that is not the version's own.
        settings: what to measure beside performance and fairness; docs/evaluation.md says what they may hold.
        """
        versions = ModelVersions(self._session)
        version = versions.get(version)
        chosen = DatasetVersions(self._session).get(data).id if data else version.dataset_version
        body = {
            "model_version": version.id,
            "dataset_version": chosen,
            "split": split or ("holdout" if chosen == version.dataset_version else "all"),
            "against": identity(versions.get(against)) if against else None,
            "seed": seed,
            "settings": settings,
        }
        return self._post("/api/v1/evaluations", body)
