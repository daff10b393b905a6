"""Datasets, and the versions that deliveries become."""

import io
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, jobs, records
from registry.errors import Invalid, Problem
from registry.models import AISystem, Dataset, DatasetVersion, Ingestion, User
from registry.permissions import require
from registry.roles import Action
from registry.services import artifacts, evidence, rows, sources
from registry.services.jobs import TASKS, finish, held
from registry.services.lineage import subjects


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a worker made of a delivery: a canonical Parquet file, what it looks like, and the contract's verdict.

    personal: the columns that look like personal data, found in so many scanned rows.
    """

    parquet: bytes | Path
    row_count: int
    schema: list[dict[str, Any]]
    profile: dict[str, Any]
    contract_verdict: str
    violations: list[dict[str, Any]]
    media: str = DatasetVersion.Media.TABLE
    personal: list[dict[str, Any]] = field(default_factory=list)
    scanned_rows: int = 0

    def opened(self) -> AbstractContextManager[IO[bytes]]:
        """The file to read from."""
        return self.parquet.open("rb") if isinstance(self.parquet, Path) else io.BytesIO(self.parquet)


def register(
    system: AISystem,
    *,
    name: str,
    licence: str,
    actor: Actor,
    description: str = "",
    sensitive_columns: list[str] | None = None,
    contract: dict[str, Any] | None = None,
    subject_column: str = "",
    labelled_by: User | None = None,
    purpose: str = "",
    personal_columns: list[str] | None = None,
) -> Dataset:
    """Open a dataset with its licence, sensitive columns and contract. Records dataset.registered.

    subject_column: tells one person from another, so that it can be said which models learned from whom.
    labelled_by: who leads the labelling; they do not approve what learned from it.
    purpose, personal_columns: why personal data are held, and where; without them a delivery that seems to hold some is
    refused. Raises Invalid, AlreadyExists, NotPermitted.
    The contract must already have been read by workers.ingestion.contracts, which knows its grammar.
    """
    require(actor, Action.REGISTER, system)
    contract_digest = records.digest(records.without_floats(contract or {}))
    dataset = Dataset(
        system=system,
        name=name,
        licence=licence,
        description=description,
        sensitive_columns=sensitive_columns or [],
        contract=contract or {},
        contract_digest=contract_digest,
        subject_column=subject_column,
        labelled_by=labelled_by,
        purpose=purpose,
        personal_columns=personal_columns or [],
    )
    rows.check(dataset)
    if dataset.personal_columns and not purpose.strip():
        raise Invalid(
            "Personal columns are declared without a purpose.",
            remedy="Say what the personal data are held for, or leave the columns out.",
            problems=[Problem("/purpose", "is missing")],
        )
    with transaction.atomic(durable=True):
        rows.insert(dataset)
        event = events.DatasetRegistered(
            name=name, system=str(system.pk), contract=contract_digest, sensitive_columns=dataset.sensitive_columns
        )
        log.record(event, subject=dataset, actor=actor)
    return dataset


def ingest(dataset: Dataset, *, source: IO[bytes], name: str, format: str, media_type: str, actor: Actor) -> Ingestion:
    """Keep a delivered file and ask a worker to make a version of it. Records ingestion.requested."""
    account = require(actor, Action.REGISTER, dataset.system)
    with transaction.atomic(durable=True):
        artifact = artifacts.store(source, media_type=media_type, actor=actor)
        ingestion = Ingestion.objects.create(
            dataset=dataset,
            source=artifact,
            source_name=name,
            format=format,
            requested_by=account,
            request=actor.request,
        )
        event = events.IngestionRequested(dataset=str(dataset.pk), source=artifact.digest)
        log.record(event, subject=ingestion, actor=actor)
        jobs.enqueue(TASKS[Ingestion], ingestion.pk, request=actor.request)
    return ingestion


def complete(
    ingestion: Ingestion, *, result: Ingested, actor: Actor, position: dict[str, Any] | None = None
) -> DatasetVersion:
    """Fix the rows as the dataset's next version, with the contract's verdict and personal data found as evidence.

    Where the dataset names a column for people, everybody in the rows is marked; where a worker read them from a
    source, that has then been read up to the position; all in the same transaction.
    Records dataset_version.created, evidence_set.recorded and ingestion.succeeded. Raises Conflict where the ingestion
    has ended or is another worker's by now, Invalid, Stale.
    """
    with transaction.atomic(durable=True):
        dataset = Dataset.objects.select_for_update().get(pk=ingestion.dataset_id)
        ingestion = held(ingestion)
        subjects.check(dataset, result.schema)
        version = _version(dataset, ingestion, result, actor=actor)
        subjects.mark(version, parquet=result.parquet)
        _record_version(version, actor=actor)
        evidence.contract_check(
            version,
            violations=result.violations,
            personal=result.personal,
            scanned_rows=result.scanned_rows,
            actor=actor,
        )
        if ingestion.data_source_id is not None:
            sources.advance(ingestion, position=position or {}, actor=actor)
        finish(ingestion)
        log.record(events.IngestionSucceeded(dataset_version=str(version.pk)), subject=ingestion, actor=actor)
    return version


def _version(dataset: Dataset, ingestion: Ingestion, result: Ingested, *, actor: Actor) -> DatasetVersion:
    with result.opened() as file:
        # The canonical file of what was let in may be larger than what was let in.
        limit = 2 * max(settings.UPLOAD_MAX_BYTES, settings.SOURCE_MAX_BYTES)
        media_type = "application/vnd.apache.parquet"
        artifact = artifacts.store(file, media_type=media_type, actor=actor, limit_bytes=limit)
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.versions.count() + 1,
        ingestion=ingestion,
        artifact=artifact,
        digest=artifact.digest,
        row_count=result.row_count,
        media=result.media,
        schema=result.schema,
        profile=result.profile,
        contract_digest=dataset.contract_digest,
        contract_verdict=result.contract_verdict,
        uploaded_by=ingestion.requested_by,
    )


def _record_version(version: DatasetVersion, *, actor: Actor) -> None:
    event = events.DatasetVersionCreated(
        dataset=str(version.dataset_id),
        number=version.number,
        digest=version.digest,
        row_count=version.row_count,
        contract_verdict=version.contract_verdict,
    )
    log.record(event, subject=version, actor=actor)
