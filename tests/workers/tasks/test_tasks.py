"""Tasks run by hand: each turns a queued row into its result once, and a refusal into words."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mlops_server.demo import census
from registry.models import DatasetVersion, Evaluation, EvidenceItem, Ingestion, ModelVersion, TrainingRun, User
from registry.models.base import Job
from registry.roles import Role
from registry.services import datasets, evaluations, runs, systems
from tests import factories, recorded
from tests.factories import acting
from workers.tasks import evaluation, ingestion, training

pytestmark = pytest.mark.django_db


@pytest.fixture
def engineer() -> User:
    return factories.person(Role.ENGINEER)


def delivered(engineer: User, data: bytes, *, format: str = "csv", contract: dict[str, Any] | None = None) -> Ingestion:
    """A delivery that a worker has handled."""
    system = factories.system(engineer)
    dataset = datasets.register(
        system,
        name="acs",
        licence="Public domain",
        sensitive_columns=census.SENSITIVE,
        contract=census.CONTRACT if contract is None else contract,
        actor=acting(engineer),
    )
    queued = datasets.ingest(
        dataset, source=io.BytesIO(data), name="a.csv", format=format, media_type="text/csv", actor=acting(engineer)
    )
    ingestion.ingest(str(queued.pk))
    queued.refresh_from_db()
    return queued


def trained(engineer: User, data: DatasetVersion, **changes: Any) -> TrainingRun:
    """A run that a worker has handled."""
    recipe = {
        "task": "binary_classification",
        "label": census.LABEL,
        "features": census.FEATURES,
        "estimator": {"name": "logistic_regression"},
        "cross_validation": {"folds": 2},
        **changes,
    }
    model = systems.register_model(data.dataset.system, name=factories.name("model"), actor=acting(engineer))
    run = runs.request(model, dataset_version=data, recipe=recipe, seed=3, actor=acting(engineer))
    training.train(str(run.pk))
    run.refresh_from_db()
    return run


def measured(engineer: User, version: ModelVersion, *, against: ModelVersion | None = None) -> Evaluation:
    """An evaluation that a worker has handled."""
    queued = evaluations.request(
        version, dataset_version=version.dataset_version, against=against, actor=acting(engineer)
    )
    evaluation.evaluate(str(queued.pk))
    queued.refresh_from_db()
    return queued


def test_ingest_makes_a_version_with_its_contract_as_evidence(engineer: User) -> None:
    done = delivered(engineer, census.delivery(2015))
    item = EvidenceItem.objects.get(kind="contract_check")
    assert (done.state, done.failure, done.progress_percent) == ("succeeded", "", 100)
    assert (done.version.row_count, done.version.contract_verdict) == (5000, "pass")
    assert item.fields["verdict"] == "pass"
    assert recorded.names(done) == ["ingestion.requested", "ingestion.started", "ingestion.succeeded"]


def test_ingest_of_broken_file_fails_in_words_and_keeps_no_version(engineer: User) -> None:
    done = delivered(engineer, b"\x89PNG not a table", format="parquet")
    assert done.state == "failed"
    assert "Parquet" in done.failure
    assert DatasetVersion.objects.count() == 0


def test_ingest_of_data_that_breaks_its_contract_is_kept_but_not_trained_on(engineer: User) -> None:
    done = delivered(engineer, census.delivery(2015), contract={"columns": {"AGEP": {"maximum": 50}}})
    assert done.version.contract_verdict == "fail"
    with pytest.raises(Exception, match="broke its data contract"):
        trained(engineer, done.version)


def test_same_message_twice_does_the_work_once(engineer: User) -> None:
    done = delivered(engineer, census.delivery(2015))
    ingestion.ingest(str(done.pk))
    assert DatasetVersion.objects.count() == 1


def test_silent_job_is_taken_over(engineer: User) -> None:
    done = delivered(engineer, b"", format="csv")
    Ingestion.objects.filter(pk=done.pk).update(
        state=Job.State.RUNNING, heartbeat_at=timezone.now() - timedelta(hours=1), attempts=1
    )
    ingestion.ingest(str(done.pk))
    done.refresh_from_db()
    assert (done.state, done.attempts) == ("failed", 2)


def test_train_and_evaluate_the_census(engineer: User) -> None:
    data = delivered(engineer, census.delivery(2015)).version
    first, second = trained(engineer, data), trained(engineer, data)
    measured(engineer, first.version)
    compared = measured(engineer, second.version, against=first.version)
    difference = EvidenceItem.objects.get(set__evaluation=compared, kind="comparison", metric="roc_auc")
    auc = EvidenceItem.objects.get(set__evaluation=compared, kind="evaluation", metric="roc_auc")
    groups = set(EvidenceItem.objects.filter(metric="impact_ratio").values_list("attribute", flat=True))
    assert (first.state, first.failure) == ("succeeded", "")
    assert first.version.artifact_digest == second.version.artifact_digest  # the same seed, the same bytes
    assert (difference.value, difference.fields["paired"]) == (0.0, True)
    figures = [0.82, auc.low or 0.0, auc.value or 0.0, auc.high or 0.0, 0.92]
    assert (auc.n, figures) == (1500, sorted(figures))
    assert groups == {"SEX", "RAC1P", "SEX+RAC1P"}


def test_train_on_unknown_column_fails_in_words(engineer: User) -> None:
    data = delivered(engineer, census.delivery(2015)).version
    run = trained(engineer, data, features={"SALARY": "numeric"})
    assert (run.state, ModelVersion.objects.count()) == ("failed", 0)
    assert "SALARY" in run.failure


def test_sensitive_column_as_feature_is_refused(engineer: User) -> None:
    data = delivered(engineer, census.delivery(2015)).version
    with pytest.raises(Exception, match="Sensitive columns are never features: SEX"):
        trained(engineer, data, features={"AGEP": "numeric", "SEX": "categorical"})
