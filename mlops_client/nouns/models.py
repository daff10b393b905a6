"""Model families and their versions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops_client.nouns.base import Collection, Named, Record, Rows, identity, no_version, numbered
from mlops_client.nouns.systems import System, Systems


@dataclass(kw_only=True, repr=False)
class ModelVersion(Record):
    PATH = "/api/v1/model-versions"
    SHOWN = ("name", "lifecycle", "artifact_digest", "threshold", "created_at", "id")
    LISTED = ("name", "lifecycle", "created_at", "id")

    name: str
    model: str
    number: int
    lifecycle: str
    run: str
    dataset_version: str
    artifact_digest: str
    format: str
    input_schema: Any = field(repr=False)
    output_schema: Any = field(repr=False)
    threshold: float
    approval: list[dict[str, Any]]
    deployment: list[dict[str, Any]]
    created_at: datetime

    def download(self) -> bytes:
        """The model's ONNX file."""
        return self.session.send("GET", f"/api/v1/model-versions/{self.id}/file").content


@dataclass(kw_only=True, repr=False)
class Model(Record):
    PATH = "/api/v1/models"
    SHOWN = ("name", "description", "created_at", "id")

    system: str
    name: str
    description: str = ""
    created_at: datetime

    def versions(self) -> Rows[ModelVersion]:
        """Newest first."""
        return ModelVersions(self.session).all(model=self)


class ModelVersions(Collection[ModelVersion]):
    """By id, ``name@number``, or the bare name of a model for its newest version."""

    RECORD = ModelVersion

    def _named(self, name: str) -> ModelVersion:
        name, number = numbered(name)
        model = Models(self._session).get(name)
        found = self.all(model=model, number=number).first()
        if found is None:
            newest = self.all(model=model).first()
            raise no_version(name, number, newest.number if newest else None)
        return found


class Models(Named[Model]):
    RECORD = Model

    def register(self, system: System | str, name: str, *, description: str = "") -> Model:
        """Open a model family in a system."""
        system = Systems(self._session).get(system)
        return self._post("/api/v1/models", {"system": identity(system), "name": name, "description": description})
