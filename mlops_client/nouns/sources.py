"""Sources: places that a dataset's versions are read from, on a schedule or on request."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from mlops_client.nouns.base import Named, Record, Rows, identity
from mlops_client.nouns.datasets import Dataset, Datasets, Ingestion


@dataclass(kw_only=True, repr=False)
class DataSource(Record):
    """A place that a dataset's versions are read from: what, how often, how far. It holds no credential."""

    PATH = "/api/v1/sources"
    SHOWN = ("name", "kind", "state", "interval_seconds", "settings", "secrets", "position", "due_at", "id")
    LISTED = ("name", "kind", "state", "interval_seconds", "due_at", "id")

    dataset: str
    name: str
    kind: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    interval_seconds: int | None
    state: str
    position: Any
    due_at: datetime | None
    revision: int
    created_at: datetime

    def read_now(self) -> Ingestion:
        """Ask a worker to read what is new; follow what is returned. It has no version where nothing is new."""
        return Ingestion.read(self.session.post(f"/api/v1/sources/{self.id}/read"), self.session)

    def readings(self) -> Iterator[Ingestion]:
        """What was read so far, newest first; `failure` says why a reading failed."""
        ingestions = Rows(Ingestion, self.session, Ingestion.PATH, {"dataset": self.dataset})
        return (one for one in ingestions if one.data["data_source"] == self.id)

    def update(self, **changes: Any) -> Self:
        """Change it; ``start_over=True`` forgets how far it was read. Raises Conflict where somebody was quicker."""
        return self._became(self.session.patch(f"/api/v1/sources/{self.id}", changes, revision=self.revision))

    def pause(self) -> Self:
        """Read nothing for now."""
        return self._became(self.session.post(f"/api/v1/sources/{self.id}/pause"))

    def resume(self) -> Self:
        """Read again, from where it stopped."""
        return self._became(self.session.post(f"/api/v1/sources/{self.id}/resume"))

    def retire(self) -> Self:
        """Never read it again; its past stays."""
        return self._became(self.session.post(f"/api/v1/sources/{self.id}/retire"))


class DataSources(Named[DataSource]):
    RECORD = DataSource

    def register(
        self,
        dataset: Dataset | str,
        name: str,
        *,
        kind: str,
        settings: dict[str, Any],
        secrets: dict[str, str] | None = None,
        interval_seconds: int | None = None,
    ) -> DataSource:
        """Read a dataset's versions from files, a database, http or a stream; docs/data.md describes the settings.

        secrets: references, as in ``{"password": "env:NAME"}``, which only the worker resolves. interval_seconds: how
        often it is read by itself; on request only without it.
        """
        body = {
            "dataset": identity(Datasets(self._session).get(dataset)),
            "name": name,
            "kind": kind,
            "settings": settings,
            "secrets": secrets,
            "interval_seconds": interval_seconds,
        }
        return self._post("/api/v1/sources", body)
