"""Explanations: why a version answers as it does, in general or for one decision."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from mlops_client.nouns import jobs
from mlops_client.nouns.base import Collection
from mlops_client.nouns.models import ModelVersion, ModelVersions
from mlops_client.nouns.slots import Prediction


@dataclass(kw_only=True, repr=False)
class Explanation(jobs.Job):
    """`content` is what was found, once it has succeeded; `digest` commits to it."""

    PATH = "/api/v1/explanations"
    NOUN: ClassVar[str] = "explanation"
    SHOWN = ("id", "kind", "state", "progress_percent", "progress_message", "failure")

    model_version: str
    kind: str
    prediction: str | None = None
    seed: int = 0
    digest: str = ""
    content: Any = field(default=None, repr=False)

    def replay(self) -> Self:
        """Ask a worker to make it again; follow what is returned, `data["same"]` says whether the same came out."""
        return self.read(self.session.post(f"/api/v1/explanations/{self.id}/replay"), self.session)


class Explanations(Collection[Explanation]):
    RECORD = Explanation

    def request(
        self,
        version: ModelVersion | str,
        *,
        kind: str = "global",
        prediction: Prediction | str | None = None,
        settings: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> Explanation:
        """Ask why; returns at once. kind: global, or of a prediction: decision or counterfactual."""
        body = {
            "model_version": ModelVersions(self._session).get(version).id,
            "kind": kind,
            "prediction": prediction.id if isinstance(prediction, Prediction) else prediction,
            "settings": settings,
            "seed": seed,
        }
        return self._post("/api/v1/explanations", body)
