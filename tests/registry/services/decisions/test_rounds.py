"""Rounds of a request: a draft, gates run again, changes asked for and answered, time that runs out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import actors as system_actors
from audit import rows
from registry import records
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted, Stale
from registry.models import PromotionRequest
from registry.roles import Role
from registry.services import people
from registry.services.approvals import approvals
from registry.services.decisions import promotions
from registry.services.policies import replays
from registry.services.sweeping import Swept
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def draft(house: House) -> PromotionRequest:
    version, author = houses.measured(house), acting(house.engineer)
    return promotions.draft(version, slot=house.slot, policy=house.policy, reason="Soon.", actor=author)


def resubmitted(house: House, request: PromotionRequest) -> PromotionRequest:
    return promotions.resubmit(request, reason="Measured again.", actor=acting(house.engineer))


def mended(house: House, request: PromotionRequest) -> PromotionRequest:
    """A blocked request after better evidence, judged again."""
    factories.evidence_set(request.model_version, auc=0.9)
    return promotions.rerun(recorded.fresh(request), actor=acting(house.validator))


# Drafts
def test_draft_asks_nobody_and_freezes_no_evidence(house: House) -> None:
    request = draft(house)
    assert (request.state, request.evidence_root, request.gates.count(), request.tasks.count()) == ("draft", "", 0, 0)
    assert recorded.newest(request)["data"] == {
        "model_version": str(request.model_version_id),
        "slot": house.slot.key,
        "policy": house.policy.digest,
        "change_class": "initial",
    }


def test_submit_draft_lets_the_gates_answer(house: House) -> None:
    request = promotions.submit_draft(draft(house), actor=acting(house.engineer))
    assert (request.state, request.round, request.revision, request.tasks.count()) == ("in_review", 1, 2, 1)
    assert recorded.names(request) == ["promotion.drafted", "promotion.submitted"]
    assert recorded.sealed(request) == {"reason": "Soon."}


def test_submit_draft_of_another_author_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted, match="Only its author submits a request"):
        promotions.submit_draft(draft(house), actor=acting(factories.person(Role.ENGINEER)))


def test_submit_draft_twice_is_refused(house: House) -> None:
    request = promotions.submit_draft(draft(house), actor=acting(house.engineer))
    with pytest.raises(Conflict, match="cannot be put forward"):
        promotions.submit_draft(request, actor=acting(house.engineer))


def test_draft_under_a_policy_for_others_is_refused(house: House) -> None:
    other = houses.policy(applies_when={"field": "model.risk_tier", "in": ["minimal"]})
    version, author = houses.measured(house), acting(house.engineer)
    with pytest.raises(Invalid, match="does not apply"):
        promotions.draft(version, slot=house.slot, policy=other, reason="x", actor=author)


# The class of change
def test_first_version_is_an_initial_change(house: House) -> None:
    assert houses.submitted(house).change_class == "initial"


def test_version_of_the_same_recipe_and_data_is_a_change_of_recipe(house: House) -> None:
    houses.champion(house)
    request = houses.submitted(house)
    assert (request.change_class, request.context["request"]["change_class"]) == ("recipe", "recipe")


def test_version_on_other_data_is_a_change_of_data(house: House) -> None:
    houses.champion(house)
    data = factories.dataset_version(house.data.dataset, rows=50)
    version = factories.version(house.model, data=data)
    factories.evidence_set(version)
    author = acting(house.engineer)
    request = promotions.submit(version, slot=house.slot, policy=house.policy, reason="x", actor=author)
    assert request.change_class == "data"


def test_version_that_serves_is_renewed_and_compared_with_nothing(house: House) -> None:
    serving = houses.champion(house).champion_promotion
    assert serving is not None
    author = acting(house.engineer)
    request = promotions.submit(
        serving.model_version, slot=house.slot, policy=house.policy, reason="Once more.", actor=author
    )
    assert (request.change_class, request.champion_digest) == ("renewal", "")
    assert request.context["request"] == {
        "target_slot": house.slot.name,
        "has_champion": False,
        "change_class": "renewal",
    }
    assert houses.signed(request, house.validator, meaning="independent_validation").state == "in_review"


# Blocked, and judged again
def test_rerun_of_a_blocked_request_is_a_new_round_in_review(house: House) -> None:
    blocked = houses.submitted(house, auc=0.7)
    request = mended(house, blocked)
    assert (request.state, request.round, request.revision) == ("in_review", 2, 2)
    assert request.record_digest != blocked.record_digest
    assert [(gate.round, gate.verdict) for gate in request.gates.filter(gate="perf.auc.floor").order_by("round")] == [
        (1, "fail"),
        (2, "pass"),
    ]


def test_rerun_records_every_answer_and_the_new_digest(house: House) -> None:
    request = mended(house, houses.submitted(house, auc=0.7))
    told = recorded.newest(request)
    assert told["data"] == {
        "change_class": "initial",
        "round": 2,
        "record": request.record_digest,
        "policy": house.policy.digest,
        "evidence": request.evidence_root,
        "state": "in_review",
        "gates": {"data.contract": "pass", "perf.auc.floor": "pass"},
    }
    task, gates = request.tasks.get(), list(request.gates.all())
    assert told["rows"] == {"registry_gateresult/*": rows.parts_digest(gates), rows.label(task): rows.digest(task)}


def test_log_and_rows_agree_after_three_rounds(house: House) -> None:
    request = mended(house, houses.submitted(house, auc=0.7))
    houses.signed(request, house.validator, meaning="independent_validation", verdict="request_changes")
    resubmitted(house, request)
    assert recorded.stored_digests() == recorded.last_digests()


def test_rerun_that_still_blocks_stays_blocked(house: House) -> None:
    request = promotions.rerun(houses.submitted(house, auc=0.7), actor=acting(house.engineer))
    assert (request.state, request.round, request.tasks.count()) == ("blocked", 2, 0)


def test_rerun_by_a_person_in_review_is_refused(house: House) -> None:
    with pytest.raises(Conflict, match="cannot be judged again"):
        promotions.rerun(houses.validated(house), actor=acting(house.engineer))


def test_rerun_by_the_system_in_review_begins_a_round_and_a_task(house: House) -> None:
    request = promotions.rerun(houses.validated(house), actor=system_actors.system("waivers"))
    closed = [task.closed_at is not None for task in request.tasks.all()]
    assert (request.state, request.round, closed) == ("in_review", 2, [True, True, False])


def test_rerun_without_the_role_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        promotions.rerun(houses.submitted(house, auc=0.7), actor=acting(factories.person(Role.DPO)))


# Changes asked for, and answered
def test_requested_changes_send_the_request_back_to_its_author(house: House) -> None:
    request = houses.sent_back(house)
    assert (request.state, request.approval, request.due_at, request.decided_at) == (
        "changes_requested",
        "none",
        None,
        None,
    )
    assert [task.closed_at is not None for task in request.tasks.all()] == [True]


def test_evidence_that_answers_requested_changes_does_not_end_the_request(house: House) -> None:
    request = houses.sent_back(house)
    factories.evidence_set(request.model_version, auc=0.9)
    assert recorded.fresh(request).state == "changes_requested"


def test_resubmit_begins_a_round_in_which_earlier_decisions_are_void(house: House) -> None:
    request = resubmitted(house, houses.sent_back(house))
    assert (request.state, request.round, request.decisions.count()) == ("in_review", 2, 1)
    step = approvals.progress(request, request.decisions.all()).next_step
    assert step is not None
    assert step.role == "validator"
    assert (recorded.newest(request)["event"], recorded.sealed(request)) == (
        "promotion.resubmitted",
        {"reason": "Measured again."},
    )


def test_resubmit_writes_its_reason_into_the_thread(house: House) -> None:
    request = resubmitted(house, houses.sent_back(house))
    assert [(one.author, one.text) for one in request.comments.all()] == [(house.engineer, "Measured again.")]


def test_person_of_an_earlier_round_decides_anew_and_the_approval_holds(house: House) -> None:
    request = resubmitted(house, houses.sent_back(house))
    request = houses.signed(request, house.validator, meaning="independent_validation")
    request = houses.signed(request, house.reviewer, meaning="review")
    assert (request.state, approvals.problem(recorded.fresh(request))) == ("approved", None)


def test_signature_of_an_earlier_round_does_not_count_towards_an_approval(house: House) -> None:
    request = resubmitted(house, houses.sent_back(house))
    request = houses.signed(request, house.validator, meaning="independent_validation")
    request = houses.signed(request, house.reviewer, meaning="review")
    request.decisions.filter(round=2, role="validator").update(round=1, signer=factories.person())
    assert approvals.problem(recorded.fresh(request)) is not None


def test_resubmit_by_another_engineer_keeps_that_person_from_deciding(house: House) -> None:
    colleague = factories.person(Role.OWNER, Role.VALIDATOR, team="growth")
    request = promotions.resubmit(houses.sent_back(house), reason="For Ada.", actor=acting(colleague))
    with pytest.raises(DutyConflict, match="You put this request forward"):
        houses.signed(request, colleague, meaning="independent_validation")


def test_resubmit_takes_another_policy(house: House) -> None:
    other = houses.policy()
    request = houses.sent_back(house)
    factories.evidence_set(request.model_version, auc=0.9)  # a test older than the policy would not count
    request = promotions.resubmit(request, reason="Under the new policy.", actor=acting(house.engineer), policy=other)
    assert (request.policy, request.policy_digest, request.state) == (other, other.digest, "in_review")


def test_resubmit_of_a_request_in_review_is_refused(house: House) -> None:
    with pytest.raises(Conflict, match="cannot be put forward again"):
        resubmitted(house, houses.submitted(house))


def test_record_digest_binds_round_change_class_and_gates_of_the_round(house: House) -> None:
    request = recorded.fresh(resubmitted(house, houses.sent_back(house)))
    document = records.promotion(request, list(request.gates.all()))
    assert records.digest(document) == request.record_digest
    assert (document["round"], document["change_class"], len(document["gates"])) == (2, "initial", 2)  # type: ignore[arg-type]
    assert document["waivers"] == []


# Time
def lapsing() -> House:
    return houses.build(approval={**houses.policy_document("x")["approval"], "lapses_after": "P30D"})


def run_out(request: PromotionRequest) -> None:
    PromotionRequest.objects.filter(pk=request.pk).update(lapses_at=timezone.now() - timedelta(minutes=1))


@pytest.mark.django_db
def test_request_lapses_when_its_time_is_over() -> None:
    house = lapsing()
    request = houses.validated(house)
    assert request.lapses_at is not None
    run_out(request)
    assert promotions.lapse_due(actor=system_actors.system("beat")) == Swept(done=1)
    lapsed = recorded.fresh(request)
    assert (lapsed.state, lapsed.due_at, recorded.newest(request)["event"]) == ("lapsed", None, "promotion.lapsed")
    assert [task.closed_at is not None for task in request.tasks.all()] == [True, True]


@pytest.mark.django_db
def test_approved_request_never_lapses() -> None:
    house = lapsing()
    run_out(houses.approved(house))
    assert promotions.lapse_due(actor=system_actors.system("beat")) == Swept()


def test_request_without_a_limit_in_its_policy_waits(house: House) -> None:
    assert houses.submitted(house).lapses_at is None
    assert promotions.lapse_due(actor=system_actors.system("beat")) == Swept()


def test_withdraw_of_a_blocked_request_closes_nothing_and_is_on_record(house: House) -> None:
    request = promotions.withdraw(houses.submitted(house, auc=0.7), actor=acting(house.engineer), reason="No.")
    assert (request.state, recorded.newest(request)["event"]) == ("withdrawn", "promotion.withdrawn")


def test_grant_of_a_signing_role_to_the_author_changes_nothing(house: House) -> None:
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap())
    with pytest.raises(DutyConflict):
        houses.signed(houses.submitted(house), house.engineer, meaning="independent_validation")


def test_submit_under_a_policy_that_another_comes_before_is_refused(house: House) -> None:
    strict = houses.policy(precedence=1)
    with pytest.raises(Invalid, match=f"{strict} applies to this request too, and comes first") as refused:
        houses.submitted(house)
    assert refused.value.remedy == f"Name the policy {strict}."


def test_resubmit_under_a_policy_that_another_comes_before_is_refused(house: House) -> None:
    request = houses.sent_back(house)
    houses.policy(precedence=1)
    with pytest.raises(Invalid, match="comes first"):
        resubmitted(house, request)


def test_signature_is_refused_once_another_policy_comes_before_the_request_s_own(house: House) -> None:
    request = houses.submitted(house)
    strict = houses.policy(precedence=1)
    with pytest.raises(Stale, match=f"{strict} applies to this request too, and comes first"):
        houses.signed(request, house.validator, meaning="independent_validation")


def test_renewal_under_a_policy_that_another_comes_before_is_refused(house: House) -> None:
    serving = houses.champion(house)
    assert serving.champion is not None
    houses.policy(precedence=1)
    with pytest.raises(Invalid, match="comes first"):
        houses.renewed(house, serving.champion)


def test_submit_beside_a_higher_policy_for_other_systems_is_let_through(house: House) -> None:
    houses.policy(precedence=1, applies_when={"field": "model.risk_tier", "in": ["minimal"]})
    assert houses.submitted(house).headline == "2 gates pass."


def test_submit_beside_a_policy_of_the_same_precedence_tells_the_signers(house: House) -> None:
    other = houses.policy()
    request = houses.submitted(house)
    assert request.headline == f"2 gates pass.\nApplies as well and was not asked: {other}."
    assert replays.replay(recorded.fresh(request)).differences == ()


def test_submit_of_an_artifact_that_was_rejected_tells_the_signers(house: House) -> None:
    first = houses.signed(houses.submitted(house), house.validator, meaning="independent_validation", verdict="reject")
    request = promotions.submit(
        first.model_version, slot=house.slot, policy=house.policy, reason="Again.", actor=acting(house.engineer)
    )
    told = f"The same artifact was rejected for this slot before (request {first.pk})."
    assert request.headline == f"2 gates pass.\n{told}"
