"""Training runs: asked for, followed, stopped, and done again."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from mlops_client.nouns import jobs
from mlops_client.nouns.base import Collection, Rows, identity
from mlops_client.nouns.datasets import DatasetVersion, DatasetVersions
from mlops_client.nouns.models import Model, Models, ModelVersion

_SCORE = re.compile(r"cv_(.+)_mean")


@dataclass(kw_only=True, repr=False)
class Reproduction(jobs.Job):
    """A run done again: `verdict` is bit_identical, within_tolerance or different."""

    PATH = "/api/v1/reproductions"
    NOUN: ClassVar[str] = "reproduction"
    SHOWN = ("run", "state", "verdict", "first_difference", "failure", "id")

    run: str
    verdict: str = ""
    first_difference: Any = None


@dataclass(kw_only=True, repr=False)
class Run(jobs.Job):
    PATH = "/api/v1/runs"
    NOUN: ClassVar[str] = "run"
    SHOWN = ("id", "state", "progress_percent", "progress_message", "seed", "scores", "failure", "cancel_requested_at")
    LISTED = ("id", "state", "progress_percent", "progress_message", "seed", "created_at")

    model: str
    dataset_version: str
    seed: int
    recipe_digest: str
    metrics: dict[str, Any]
    model_version: str | None = None
    cancel_requested_at: datetime | None = None

    @property
    def scores(self) -> dict[str, float]:
        """What cross-validation found for the chosen candidate, each a mean over the folds; `metrics` has all."""
        means = ((_SCORE.fullmatch(name), value) for name, value in self.metrics.items())
        return {found[1]: value for found, value in means if found}

    @property
    def version(self) -> ModelVersion:
        """What the run registered. Raises Unusable before it has succeeded."""
        return ModelVersion.read(jobs.made(self.session, ModelVersion.PATH, self, name="model_version"), self.session)

    def reproduce(self) -> Reproduction:
        """Ask a worker to do it again and compare; follow what is returned."""
        return Reproduction.read(self.session.post(f"/api/v1/runs/{self.id}/reproduce"), self.session)

    def reproductions(self) -> Rows[Reproduction]:
        return Rows(Reproduction, self.session, "/api/v1/reproductions", {"run": self.id})


class Runs(Collection[Run]):
    RECORD = Run

    def train(
        self,
        model: Model | str,
        data: DatasetVersion | str,
        *,
        recipe: dict[str, Any],
        seed: int,
        limits: dict[str, Any] | None = None,
    ) -> Run:
        """Ask a worker to train a version of a model; returns at once. Raises Invalid where the recipe cannot be used.

        recipe: docs/training.md says what it may hold; limits: at most so many seconds, cpu_seconds, memory_bytes.
        """
        body = {
            "model": identity(Models(self._session).get(model)),
            "dataset_version": identity(DatasetVersions(self._session).get(data)),
            "recipe": recipe,
            "seed": seed,
            "limits": limits,
        }
        return self._post("/api/v1/runs", body)
