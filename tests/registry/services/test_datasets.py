"""Datasets and the versions that deliveries become."""

import hashlib
import io
from pathlib import Path

import pytest

from audit import rows
from registry import artifacts
from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted
from registry.models import Artifact, Dataset, DatasetVersion, EvidenceItem, EvidenceSet, Ingestion
from registry.roles import Role
from registry.services import datasets, jobs
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def test_register_records_contract_and_sensitive_columns() -> None:
    system = factories.system()
    dataset = datasets.register(
        system,
        name="census",
        licence="CC0-1.0",
        sensitive_columns=["SEX"],
        contract={"columns": {"AGEP": {"max": 99.5}}},
        actor=acting(system.owner),
    )
    told = recorded.newest(dataset)
    assert (told["event"], told["data"]) == (
        "dataset.registered",
        {
            "name": "census",
            "system": str(system.pk),
            "contract": dataset.contract_digest,
            "sensitive_columns": ["SEX"],
        },
    )
    assert told["row"] == rows.digest(recorded.fresh(dataset))


def test_register_under_a_taken_name_is_refused() -> None:
    taken = factories.dataset()
    with pytest.raises(AlreadyExists):
        datasets.register(taken.system, name=taken.name, licence="x", actor=acting(taken.system.owner))
    assert Dataset.objects.filter(name=taken.name).count() == 1


def test_register_without_a_licence_is_refused() -> None:
    system = factories.system()
    with pytest.raises(Invalid) as refused:
        datasets.register(system, name="census", licence="", actor=acting(system.owner))
    assert [problem.pointer for problem in refused.value.problems] == ["/licence"]


def test_register_by_somebody_of_another_system_is_refused() -> None:
    stranger = factories.person(Role.ENGINEER, system=factories.system())
    with pytest.raises(NotPermitted):
        datasets.register(factories.system(), name="census", licence="x", actor=acting(stranger))


def test_ingest_keeps_the_file_under_its_digest_and_waits_for_a_worker() -> None:
    ingestion = factories.ingestion()
    source = ingestion.source
    assert source is not None
    told = recorded.newest(ingestion)
    assert (told["event"], told["data"]) == (
        "ingestion.requested",
        {"dataset": str(ingestion.dataset_id), "source": source.digest},
    )
    assert recorded.changes(ingestion)["source_name"] == {"new": "people.csv"}
    assert hashlib.sha256(artifacts.read(source.digest)).hexdigest() == source.digest
    assert (ingestion.state, ingestion.requested_by) == ("queued", ingestion.dataset.system.owner)


def test_ingest_of_the_same_bytes_keeps_one_artifact() -> None:
    dataset = factories.dataset()
    first, second = factories.ingestion(dataset), factories.ingestion(dataset)
    assert first.source is not None
    assert first.source == second.source
    assert recorded.names(first.source) == ["artifact.stored"]


def test_ingest_of_more_bytes_than_the_limit_keeps_nothing(settings: object) -> None:
    settings.UPLOAD_MAX_BYTES = 10  # type: ignore[attr-defined]
    dataset = factories.dataset()
    with pytest.raises(Invalid, match="larger than 10 bytes"):
        datasets.ingest(
            dataset,
            source=io.BytesIO(b"x" * 11),
            name="big.csv",
            format="csv",
            media_type="text/csv",
            actor=acting(dataset.system.owner),
        )
    assert not Artifact.objects.filter(digest=hashlib.sha256(b"x" * 11).hexdigest()).exists()


def test_complete_fixes_the_rows_with_the_contracts_verdict_as_evidence() -> None:
    version = factories.dataset_version()
    told = recorded.newest(version)
    assert (told["event"], told["data"]) == (
        "dataset_version.created",
        {
            "dataset": str(version.dataset_id),
            "number": 1,
            "digest": version.digest,
            "row_count": 40,
            "contract_verdict": "pass",
        },
    )
    evidence = EvidenceSet.objects.get(dataset_version=version)
    item = EvidenceItem.objects.get(set=evidence)
    assert (item.kind, item.n, item.fields["verdict"]) == ("contract_check", 40, "pass")
    assert evidence.dataset_digest == version.digest == hashlib.sha256(artifacts.read(version.digest)).hexdigest()


def test_complete_records_the_end_of_the_ingestion() -> None:
    version = factories.dataset_version()
    assert recorded.names(version.ingestion) == [
        "ingestion.requested",
        "ingestion.started",
        "ingestion.succeeded",
    ]
    assert recorded.newest(version.ingestion)["data"] == {"dataset_version": str(version.pk)}


def test_complete_of_an_ingestion_that_nobody_claimed_is_refused() -> None:
    ingestion = factories.ingestion()
    result = datasets.Ingested(b"", 0, [], {}, "pass", [])
    with pytest.raises(Conflict, match="The ingestion is queued"):
        datasets.complete(ingestion, result=result, actor=factories.bootstrap())
    assert not DatasetVersion.objects.filter(dataset=ingestion.dataset).exists()


def test_complete_by_a_worker_whose_job_was_taken_over_is_refused() -> None:
    job = jobs.claim(Ingestion, str(factories.ingestion().pk), actor=factories.bootstrap())
    assert job is not None
    Ingestion.objects.filter(pk=job.pk).update(attempts=2)
    with pytest.raises(Conflict, match="cannot be completed"):
        datasets.complete(job, result=datasets.Ingested(b"", 0, [], {}, "pass", []), actor=factories.bootstrap())
    assert not DatasetVersion.objects.filter(dataset=job.dataset).exists()


def test_complete_numbers_the_versions_of_each_dataset() -> None:
    dataset = factories.dataset()
    numbers = [factories.dataset_version(dataset, rows=count).number for count in (10, 20, 30)]
    assert numbers == [1, 2, 3]


def test_register_keeps_the_purpose_of_personal_columns() -> None:
    dataset = factories.dataset(purpose="To answer complaints.", personal_columns=["mail"])
    changes = recorded.changes(dataset)
    assert (changes["purpose"], changes["personal_columns"]) == ({"new": "To answer complaints."}, {"new": ["mail"]})


def test_register_of_personal_columns_without_a_purpose_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        factories.dataset(personal_columns=["mail"])
    assert [problem.pointer for problem in refused.value.problems] == ["/purpose"]


def test_complete_takes_a_file_that_is_larger_than_an_upload_may_be(settings: object, tmp_path: Path) -> None:
    waiting = jobs.claim(Ingestion, str(factories.ingestion().pk), actor=factories.bootstrap())
    assert waiting is not None
    settings.UPLOAD_MAX_BYTES = 10  # type: ignore[attr-defined]
    (tmp_path / "rows.parquet").write_bytes(factories.parquet(3))
    result = datasets.Ingested(tmp_path / "rows.parquet", 3, [], {}, "pass", [])
    version = datasets.complete(waiting, result=result, actor=factories.bootstrap())
    assert version.digest == hashlib.sha256((tmp_path / "rows.parquet").read_bytes()).hexdigest()
