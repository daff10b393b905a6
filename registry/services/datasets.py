"""Datasets, and the versions that deliveries become."""

from dataclasses import dataclass
from typing import IO, Any

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, jobs, records
from registry.errors import Conflict
from registry.models import AISystem, Dataset, DatasetVersion, Ingestion, User
from registry.models.base import Job
from registry.permissions import require
from registry.roles import Action
from registry.services import artifacts, evidence, rows
from registry.services.jobs import TASKS, finish
from registry.services.lineage import subjects


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a worker made of a delivery: canonical Parquet bytes, what they look like, and the contract's verdict."""

    parquet: bytes
    row_count: int
    schema: list[dict[str, Any]]
    profile: dict[str, Any]
    contract_verdict: str
    violations: list[dict[str, Any]]


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
) -> Dataset:
    """Open a dataset with its licence, sensitive columns and contract. Records dataset.registered.

    subject_column: tells one person from another, so that it can be said which models learned from whom.
    labelled_by: who leads the labelling; they do not approve what learned from it.
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
    )
    rows.check(dataset)
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


def complete(ingestion: Ingestion, *, result: Ingested, actor: Actor) -> DatasetVersion:
    """Fix the rows as the dataset's next version, with the contract's verdict as evidence.

    Where the dataset names a column for people, everybody in the rows is marked, in the same transaction.
    Records dataset_version.created, evidence_set.recorded and ingestion.succeeded. Raises Conflict, Invalid.
    """
    with transaction.atomic(durable=True):
        dataset = Dataset.objects.select_for_update().get(pk=ingestion.dataset_id)
        ingestion = Ingestion.objects.select_for_update().get(pk=ingestion.pk)
        if ingestion.state != Job.State.RUNNING:
            raise Conflict(f"The ingestion is {ingestion.state}; it cannot be completed.")
        subjects.check(dataset, result.schema)
        artifact = artifacts.store(result.parquet, media_type="application/vnd.apache.parquet", actor=actor)
        version = DatasetVersion.objects.create(
            dataset=dataset,
            number=dataset.versions.count() + 1,
            ingestion=ingestion,
            artifact=artifact,
            digest=artifact.digest,
            row_count=result.row_count,
            schema=result.schema,
            profile=result.profile,
            contract_digest=dataset.contract_digest,
            contract_verdict=result.contract_verdict,
            uploaded_by=ingestion.requested_by,
        )
        subjects.mark(version, parquet=result.parquet)
        _record_version(version, actor=actor)
        evidence.contract_check(version, violations=result.violations, actor=actor)
        finish(ingestion)
        log.record(events.IngestionSucceeded(dataset_version=str(version.pk)), subject=ingestion, actor=actor)
    return version


def _record_version(version: DatasetVersion, *, actor: Actor) -> None:
    event = events.DatasetVersionCreated(
        dataset=str(version.dataset_id),
        number=version.number,
        digest=version.digest,
        row_count=version.row_count,
        contract_verdict=version.contract_verdict,
    )
    log.record(event, subject=version, actor=actor)
