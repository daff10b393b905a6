"""Whether an approval holds: one test for each thing that can be wrong with it behind the application's back."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import log
from registry import events
from registry.errors import Stale
from registry.models import Dataset, Decision, EvidenceItem, GateResult, ModelVersion, PolicyVersion, PromotionRequest
from registry.services.approvals import approvals
from registry.services.decisions import promotions
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


@pytest.fixture
def promotion(house: House) -> PromotionRequest:
    return houses.approved(house)


def problem(promotion: PromotionRequest) -> str | None:
    return approvals.problem(recorded.fresh(promotion))


def change(promotion: PromotionRequest, **values: Any) -> None:
    PromotionRequest.objects.filter(pk=promotion.pk).update(**values)


def test_approval_with_every_signature_holds(promotion: PromotionRequest) -> None:
    assert problem(promotion) is None


def test_request_that_is_not_approved_does_not_hold(house: House) -> None:
    assert problem(houses.validated(house)) == "The promotion is in review, not approved."


def test_state_set_by_hand_does_not_hold(house: House) -> None:
    request = houses.submitted(house)
    change(request, state="approved", approval="approved", valid_until=timezone.now() + timedelta(days=1))
    assert problem(request) == "Signatures that the policy asks for are missing."


def test_expired_approval_does_not_hold(promotion: PromotionRequest) -> None:
    change(promotion, valid_until=timezone.now())
    assert problem(promotion) == "The approval has expired; it needs a new review."


def test_another_artifact_does_not_hold(promotion: PromotionRequest) -> None:
    ModelVersion.objects.filter(pk=promotion.model_version_id).update(artifact_digest="0" * 64)
    assert problem(promotion) == "The artifact is not the one that was approved."


def test_another_policy_text_does_not_hold(promotion: PromotionRequest) -> None:
    document = promotion.policy.document
    document["gates"][1]["require"]["value"] = 0.1
    PolicyVersion.objects.filter(pk=promotion.policy_id).update(document=document)
    assert problem(promotion) == "The policy is not the one that was approved."


def test_other_evidence_does_not_hold(promotion: PromotionRequest) -> None:
    change(promotion, evidence_digests=[])
    assert problem(promotion) == "The evidence is not the one that was approved."


def test_another_gate_result_does_not_hold(promotion: PromotionRequest) -> None:
    GateResult.objects.filter(promotion=promotion, gate="perf.auc.floor").update(low=0.99)
    assert problem(promotion) == "The record is not the one that was approved."


@pytest.mark.parametrize(
    "values",
    [
        {"signature": "0" * 128},
        {"public_key": "0" * 64},
        {"verdict": "reject"},
        {"role": "dpo"},
        {"meaning": "glance"},
        {"printed_name": "Somebody Else"},
        {"signed_at": timezone.now() - timedelta(days=30)},
        {"signed_digest": "0" * 64},
        {"statement": {}},
    ],
    ids=lambda values: next(iter(values)),
)
def test_signature_that_was_changed_does_not_hold(promotion: PromotionRequest, values: dict[str, Any]) -> None:
    Decision.objects.filter(pk=promotion.decisions.all()[0].pk).update(**values)
    assert problem(promotion) == "A signature on the request does not verify."


def test_signature_of_another_request_does_not_count(house: House, promotion: PromotionRequest) -> None:
    other = houses.submitted(house)
    promotion.decisions.update(promotion=other)
    change(other, state="approved", approval="approved", valid_until=timezone.now() + timedelta(days=1))
    assert problem(other) == "A signature on the request does not verify."


def test_require_valid_says_what_to_do(promotion: PromotionRequest) -> None:
    change(promotion, valid_until=timezone.now())
    with pytest.raises(Stale) as refused:
        approvals.require_valid(recorded.fresh(promotion))
    assert refused.value.remedy == "Submit a new promotion request for this version."


def test_approval_with_a_later_end_than_its_signatures_give_does_not_hold(promotion: PromotionRequest) -> None:
    change(promotion, valid_until=timezone.now() + timedelta(days=36_500))
    assert problem(promotion) == "The end of the approval is not the one that its last signature gives."


def test_approval_whose_figures_were_rewritten_does_not_hold(promotion: PromotionRequest) -> None:
    items = EvidenceItem.objects.filter(set__model_version=promotion.model_version)
    items.update(value=0.1)  # behind the application's back, the stored digests left as they were
    assert problem(promotion) == "The evidence is not the one that was approved."


def test_approval_whose_version_was_trained_by_a_signer_does_not_hold(promotion: PromotionRequest) -> None:
    signer = promotion.decisions.all()[0].signer
    ModelVersion.objects.filter(pk=promotion.model_version_id).update(trained_by=signer)
    assert problem(promotion) == "The record is not the one that was approved."


@pytest.mark.parametrize(
    ("approval", "told"),
    [("suspended", "Suspended"), ("revoked", "Revoked"), ("expired", "Expired"), ("none", "None")],
)
def test_approval_that_ended_does_not_hold(promotion: PromotionRequest, approval: str, told: str) -> None:
    change(promotion, approval=approval, approval_reason="Because.")
    assert problem(promotion) == f"The approval is {told}. Because."


def test_approval_of_a_retired_version_does_not_hold(promotion: PromotionRequest) -> None:
    ModelVersion.objects.filter(pk=promotion.model_version_id).update(lifecycle="retired")
    assert problem(promotion) == f"{promotion.model_version} is retired."


@pytest.mark.parametrize(("days", "held"), [(13, True), (15, False)])
def test_approval_whose_grounds_moved_holds_for_its_grace(promotion: PromotionRequest, days: int, held: bool) -> None:
    change(promotion, stale_since=timezone.now() - timedelta(days=days))
    assert (problem(promotion) is None) is held


def test_approval_of_another_round_does_not_hold(promotion: PromotionRequest) -> None:
    change(promotion, round=2)
    assert problem(promotion) == "The record is not the one that was approved."


def test_approval_by_who_put_it_forward_does_not_hold(house: House, promotion: PromotionRequest) -> None:
    event = events.PromotionDrafted(model_version="", slot="", policy="", change_class="initial")
    log.record(event, subject=promotion, actor=acting(house.validator))
    assert problem(promotion) == "Somebody who had a part in the version, or is no person, has signed."


def test_problem_takes_as_many_queries_whatever_the_evidence_and_the_rounds(house: House) -> None:
    small = houses.approved(house)
    request = houses.sent_back(house)
    factories.evidence_set(request.model_version, auc=0.9)
    request = promotions.resubmit(request, reason="Measured.", actor=acting(house.engineer))
    large = houses.signed(
        houses.signed(request, house.validator, meaning="independent_validation"), house.reviewer, meaning="review"
    )
    assert count(small) == count(large)


def count(promotion: PromotionRequest) -> int:
    row = recorded.fresh(promotion)
    with CaptureQueriesContext(connection) as captured:
        assert approvals.problem(row) is None
    return len(captured)


def test_approval_outlives_evidence_that_finds_the_very_same(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    factories.evidence_set(promotion.model_version, auc=0.85)
    assert problem(promotion) is None


def test_approval_whose_trainer_was_swapped_before_it_was_signed_does_not_hold(house: House) -> None:
    request = houses.submitted(house)
    ModelVersion.objects.filter(pk=request.model_version_id).update(trained_by=house.operator)
    request = houses.signed(recorded.fresh(request), house.validator, meaning="independent_validation")
    request = houses.signed(request, house.reviewer, meaning="review")
    assert problem(request) == "The record is not the one that was approved."


def test_approval_whose_labeller_was_taken_away_does_not_hold(promotion: PromotionRequest) -> None:
    Dataset.objects.update(labelled_by=promotion.author)
    assert problem(promotion) == "The record is not the one that was approved."
