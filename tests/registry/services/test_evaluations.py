"""Evaluations, the evidence they become, and the requests that new evidence makes stale."""

import pytest
from django.db import transaction

from audit import rows
from registry import records
from registry.errors import Conflict, Invalid, NotPermitted
from registry.models import Evaluation, EvidenceItem, EvidenceSet
from registry.roles import Role
from registry.services import evaluations, evidence, jobs
from tests import factories, houses, recorded
from tests.factories import acting


@pytest.mark.django_db
def test_request_records_what_shall_be_measured() -> None:
    evaluation = factories.evaluation()
    told = recorded.newest(evaluation)
    assert (told["event"], told["data"]) == (
        "evaluation.requested",
        {
            "model_version": str(evaluation.model_version_id),
            "dataset": evaluation.dataset_version.digest,
            "against": None,
        },
    )


@pytest.mark.django_db
def test_request_on_another_systems_data_is_refused() -> None:
    version, foreign = factories.version(), factories.dataset_version()
    with pytest.raises(Invalid, match=r"The dataset version belongs to another system."):
        evaluations.request(version, dataset_version=foreign, split="all", actor=acting(version.trained_by))


@pytest.mark.django_db
def test_request_of_the_holdout_of_other_data_is_refused() -> None:
    version = factories.version()
    other = factories.dataset_version(version.dataset_version.dataset, rows=50)
    with pytest.raises(Invalid, match="Only the version's own training data"):
        evaluations.request(version, dataset_version=other, actor=acting(version.trained_by))


@pytest.mark.django_db
def test_request_without_the_role_is_refused() -> None:
    version, caller = factories.version(), factories.person(Role.CALLER)
    with pytest.raises(NotPermitted):
        evaluations.request(version, dataset_version=version.dataset_version, actor=acting(caller))
    assert not Evaluation.objects.filter(model_version=version).exists()


@pytest.mark.django_db
def test_complete_fixes_the_figures_under_a_root() -> None:
    set_ = factories.evidence_set()
    items = list(EvidenceItem.objects.filter(set=set_))
    told = recorded.newest(set_)
    assert (told["event"], told["data"]) == (
        "evidence_set.recorded",
        {
            "artifact": set_.artifact_digest,
            "dataset": set_.dataset_digest,
            "root": set_.root,
            "items": 2,
        },
    )
    assert set_.root == records.merkle_root(records.digest(records.evidence_item(item, set_)) for item in items)
    assert [item.digest for item in items] == [records.digest(records.evidence_item(item, set_)) for item in items]


@pytest.mark.django_db
def test_complete_with_whole_numbers_and_negative_zero_gives_digests_that_hold() -> None:
    evaluation = factories.evaluation()
    Evaluation.objects.filter(pk=evaluation.pk).update(state="running")
    odd = EvidenceItem(kind="evaluation", metric="gap", value=1, low=-0.0, n=5, fields={"share": -0.0, "sum": 1e16})
    set_ = evaluations.complete(evaluation, items=[odd], actor=factories.bootstrap())
    stored = EvidenceItem.objects.get(set=set_)
    assert stored.digest == records.digest(records.evidence_item(stored, recorded.fresh(set_)))


@pytest.mark.django_db
def test_complete_of_an_evaluation_that_is_done_is_refused() -> None:
    set_ = factories.evidence_set()
    assert set_.evaluation is not None
    with pytest.raises(Conflict, match="The evaluation is succeeded"):
        evaluations.complete(set_.evaluation, items=factories.items(0.9), actor=factories.bootstrap())
    assert EvidenceSet.objects.filter(model_version=set_.model_version).count() == 1


@pytest.mark.django_db
def test_complete_by_a_worker_whose_job_was_taken_over_is_refused() -> None:
    job = jobs.claim(Evaluation, str(factories.evaluation().pk), actor=factories.bootstrap())
    assert job is not None
    Evaluation.objects.filter(pk=job.pk).update(attempts=2)
    with pytest.raises(Conflict, match="cannot be completed"):
        evaluations.complete(job, items=factories.items(0.9), actor=factories.bootstrap())
    assert not EvidenceSet.objects.filter(model_version=job.model_version).exists()


def test_complete_makes_the_versions_open_request_stale(house: houses.House) -> None:
    request = houses.validated(house)
    factories.evidence_set(request.model_version, auc=0.7)
    told = recorded.newest(request)
    assert (told["event"], told["data"]) == ("promotion.went_stale", {"cause": "new evidence"})
    stored = recorded.fresh(request)
    assert (stored.state, stored.revision) == ("stale", request.revision + 1)
    assert told["row"] == rows.digest(stored)


def test_complete_makes_an_approval_that_is_not_used_yet_stale(house: houses.House) -> None:
    request = houses.approved(house)
    factories.evidence_set(request.model_version, auc=0.7)
    assert recorded.fresh(request).state == "stale"


def test_complete_leaves_what_serves_as_it_is(house: houses.House) -> None:
    request = houses.champion(house).champion_promotion
    assert request is not None
    factories.evidence_set(request.model_version, auc=0.7)
    assert recorded.fresh(request).state == "completed"


def test_contract_check_belongs_to_the_data_and_to_no_model(house: houses.House) -> None:
    with transaction.atomic():
        set_ = evidence.contract_check(house.data, violations=[], actor=factories.bootstrap())
    assert (set_.model_version, set_.artifact_digest, set_.dataset_digest) == (None, "", house.data.digest)
    assert recorded.names(set_) == ["evidence_set.recorded"]
