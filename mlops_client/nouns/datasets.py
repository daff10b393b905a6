"""Datasets, deliveries into them, and the versions they became."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from mlops_client import bars, delivering, parcels
from mlops_client.nouns import jobs
from mlops_client.nouns.base import Collection, Named, Record, Rows, identity, no_version, numbered
from mlops_client.nouns.systems import System, Systems


@dataclass(kw_only=True, repr=False)
class DatasetVersion(Record):
    PATH = "/api/v1/dataset-versions"
    SHOWN = ("name", "row_count", "contract_verdict", "digest", "created_at", "id")
    LISTED = ("name", "row_count", "contract_verdict", "created_at", "id")

    name: str
    dataset: str
    number: int
    digest: str
    row_count: int
    contract_verdict: str
    created_at: datetime
    schema: Any = field(default=None, repr=False)
    profile: Any = field(default=None, repr=False)

    def violations(self) -> list[dict[str, Any]]:
        """What of the contract it breaks: column, rule, severity, how many rows, and masked examples."""
        checks = self.session.rows("/api/v1/evidence", dataset_version=self.id, kind="contract_check")
        return [one for check in checks for one in check["fields"].get("violations", [])]


@dataclass(kw_only=True, repr=False)
class Ingestion(jobs.Job):
    """A delivery and how far its worker has come."""

    PATH = "/api/v1/ingestions"
    NOUN: ClassVar[str] = "ingestion"
    SHOWN = ("id", "source_name", "state", "progress_percent", "progress_message", "failure", "created_at")
    LISTED = ("id", "source_name", "state", "failure", "created_at")

    dataset: str
    source_name: str
    format: str
    dataset_version: str | None = None

    @property
    def version(self) -> DatasetVersion:
        """What the delivery became. Raises Unusable before it has succeeded."""
        return DatasetVersion.read(
            jobs.made(self.session, DatasetVersion.PATH, self, name="dataset_version"), self.session
        )


@dataclass(kw_only=True, repr=False)
class Dataset(Record):
    PATH = "/api/v1/datasets"
    SHOWN = ("name", "description", "licence", "sensitive_columns", "created_at", "id")
    LISTED = ("name", "sensitive_columns", "created_at", "id")

    system: str
    name: str
    description: str = ""
    licence: str
    sensitive_columns: list[str]
    contract: dict[str, Any] = field(default_factory=dict)
    created_at: datetime

    def versions(self) -> Rows[DatasetVersion]:
        """Newest first."""
        return DatasetVersions(self.session).all(dataset=self)

    def deliver(self, rows: Any, *, format: str | None = None, show: bool | bars.Bar = True) -> Ingestion:
        """Send rows; a worker makes the dataset's next version of them. Returns once they have arrived.

        rows: a file's path, a pandas or polars DataFrame, a pyarrow Table, or a list of dicts. A lost connection is
        taken up where it broke. Raises Unusable, ClientError.
        """
        with parcels.opened(rows, name=self.name, format=format) as parcel:
            return Ingestion.read(delivering.send(self.session, self.id, parcel, show=show), self.session)

    def push(self, rows: Any, *, format: str | None = None, show: bool | bars.Bar = True) -> DatasetVersion:
        """Deliver rows and wait until they are a version. Raises JobFailed where no version can be made of them.

        A version that breaks the contract is made too, and nothing can be trained on it: ask its ``violations()``.
        """
        return self.deliver(rows, format=format, show=show).follow(show=show).version


class DatasetVersions(Collection[DatasetVersion]):
    """By id, ``name@number``, or the bare name of a dataset for its newest version."""

    RECORD = DatasetVersion

    def _named(self, name: str) -> DatasetVersion:
        name, number = numbered(name)
        dataset = Datasets(self._session).get(name)
        found = self.all(dataset=dataset, number=number).first()
        if found is None:
            newest = self.all(dataset=dataset).first()
            raise no_version(name, number, newest.number if newest else None)
        return found


class Datasets(Named[Dataset]):
    RECORD = Dataset

    def register(
        self,
        system: System | str,
        name: str,
        *,
        licence: str,
        sensitive_columns: list[str] | None = None,
        contract: dict[str, Any] | None = None,
        **more: Any,
    ) -> Dataset:
        """Open a dataset in a system; every version will be held to the contract.

        more: description, purpose, personal_columns, subject_column, labelled_by, as in the API.
        """
        body = {
            "system": identity(Systems(self._session).get(system)),
            "name": name,
            "licence": licence,
            "sensitive_columns": sensitive_columns,
            "contract": contract,
            **more,
        }
        return self._post("/api/v1/datasets", body)
