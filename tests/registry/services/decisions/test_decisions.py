"""Signatures on a promotion: what one changes, and every rule between a person and a signature."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import actors as audit_actors
from audit import rows
from registry import records, signatures
from registry.errors import (
    Conflict,
    DutyConflict,
    Invalid,
    NotPermitted,
    RegistryError,
    RevisionMismatch,
    SignatureRejected,
    Stale,
)
from registry.models import Dataset, Decision, Finding, PromotionRequest, User
from registry.roles import Role
from registry.services import evidence, people
from registry.services.approvals import approvals, findings
from registry.services.decisions import deciding, promotions
from registry.services.decisions.deciding import Said
from registry.services.documents import cards
from registry.services.signing import Credentials
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def decide(request: PromotionRequest, by: User, **changes: Any) -> PromotionRequest:
    given = {"credentials": factories.credentials(by), "revision": request.revision, "actor": acting(by)}
    words = {"verdict": "approve", "meaning": "independent_validation", "reason": "The figures hold."}
    said = Said(**{name: changes.pop(name, word) for name, word in words.items()}, **conditions(changes))
    return deciding.decide(request, said, **{**given, **changes})


def conditions(changes: dict[str, Any]) -> dict[str, Any]:
    return {"conditions": changes.pop("conditions")} if "conditions" in changes else {}


def assert_refused(request: PromotionRequest, error: type[RegistryError], by: User, **changes: Any) -> RegistryError:
    """The refusal is raised and on record, and nothing was signed."""
    signed = request.decisions.count()
    with pytest.raises(error) as refused:
        decide(request, by, **changes)
    told = recorded.newest(request)
    assert (told["event"], told["data"]) == ("promotion.decision_refused", {"rule": error.__name__})
    assert recorded.sealed(request) == {"detail": refused.value.detail}
    assert told["row"] == rows.digest(recorded.fresh(request))
    assert request.decisions.count() == signed
    return refused.value


def test_decide_signs_with_printed_name_time_and_meaning(house: House) -> None:
    request = houses.validated(house)
    decision = Decision.objects.get(promotion=request)
    told = recorded.newest(request)
    assert (decision.printed_name, decision.role, decision.meaning, decision.signed_digest) == (
        house.validator.full_name,
        "validator",
        "independent_validation",
        request.record_digest,
    )
    assert told["data"] == {
        "verdict": "approve",
        "role": "validator",
        "meaning": "independent_validation",
        "round": 1,
        "on_behalf_of": None,
        "conditions": 0,
        "record": request.record_digest,
        "signature": records.digest(records.signature(decision)),
        "state": "in_review",
    }
    assert told["rows"] == {rows.label(row): rows.digest(row) for row in [decision, *request.tasks.all()]}
    assert told["row"] == rows.digest(recorded.fresh(request))


def test_decide_makes_a_signature_that_verifies_on_the_stored_statement_only(house: House) -> None:
    decision = Decision.objects.get(promotion=houses.validated(house))
    signature = signatures.Signature(
        decision.public_key, decision.signature, decision.personal_key, decision.personal_signature
    )
    assert signatures.verify(decision.statement, signature)
    assert not signatures.verify({**decision.statement, "verdict": "reject"}, signature)


def test_decide_commits_to_the_reason_and_never_to_the_password(house: House) -> None:
    request = houses.validated(house)
    assert recorded.sealed(request) == {"reason": "The figures hold."}
    assert factories.PASSWORD not in str(recorded.entries(request))


def test_last_signature_approves_for_as_long_as_the_policy_says(house: House) -> None:
    request = houses.approved(house)
    assert (request.state, request.revision, request.due_at) == ("approved", 3, None)
    assert request.decided_at is not None
    assert request.valid_until is not None
    assert timedelta(days=365) <= request.valid_until - request.decided_at <= timedelta(days=366)
    assert recorded.newest(request)["data"]["state"] == "approved"


def test_rejection_ends_the_review(house: House) -> None:
    request = decide(houses.submitted(house), house.validator, verdict="reject", reason="Too few older people.")
    assert (request.state, recorded.newest(request)["data"]["verdict"]) == ("rejected", "reject")
    assert_refused(request, Conflict, house.reviewer, meaning="review")


def test_author_who_also_holds_the_role_is_refused(house: House) -> None:
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap())
    request = houses.submitted(house)
    error = assert_refused(request, DutyConflict, house.engineer)
    assert "You wrote this request" in error.detail


def test_trainer_who_did_not_write_the_request_is_refused(house: House) -> None:
    version = houses.measured(house)
    owner = factories.person(Role.OWNER)
    request = promotions.submit(version, slot=house.slot, policy=house.policy, reason="x", actor=acting(owner))
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap())
    error = assert_refused(request, DutyConflict, house.engineer)
    assert "You trained this version" in error.detail


def test_second_signature_of_the_same_person_is_refused(house: House) -> None:
    people.grant(house.validator, Role.COMPLIANCE_REVIEWER, actor=factories.bootstrap())
    error = assert_refused(houses.validated(house), DutyConflict, house.validator, meaning="review")
    assert "one person decides once" in error.detail


def test_validator_of_the_trainers_team_is_refused(house: House) -> None:
    colleague = factories.person(Role.VALIDATOR, team=house.engineer.team)
    error = assert_refused(houses.submitted(house), DutyConflict, colleague)
    assert "You are in the team of the person who trained this version" in error.detail


def test_wrong_password_is_refused(house: House) -> None:
    assert_refused(
        houses.submitted(house), SignatureRejected, house.validator, credentials=Credentials("guess", "000000")
    )


def test_person_with_another_signing_role_is_refused(house: House) -> None:
    error = assert_refused(houses.submitted(house), NotPermitted, house.reviewer)
    assert "The next signature is a validator's." in error.detail


def test_validator_of_another_system_is_refused(house: House) -> None:
    stranger = factories.person(Role.VALIDATOR, system=factories.system(), team="elsewhere")
    assert_refused(houses.submitted(house), NotPermitted, stranger)


def test_wrong_meaning_is_refused(house: House) -> None:
    assert_refused(houses.submitted(house), Invalid, house.validator, meaning="review")


def test_verdict_that_is_none_is_refused(house: House) -> None:
    assert_refused(houses.submitted(house), Invalid, house.validator, verdict="perhaps")


def test_old_revision_is_refused(house: House) -> None:
    assert_refused(houses.validated(house), RevisionMismatch, house.reviewer, meaning="review", revision=1)


def test_blocked_request_cannot_be_signed(house: House) -> None:
    assert_refused(houses.submitted(house, auc=0.7), Conflict, house.validator)


def test_superuser_without_the_role_is_refused(house: House) -> None:
    root = factories.person(team="root")
    root.is_superuser = True
    assert_refused(houses.submitted(house), NotPermitted, root)


def test_service_account_is_refused(house: House) -> None:
    service = factories.person(kind=User.Kind.SERVICE, team="robots")
    error = assert_refused(houses.submitted(house), NotPermitted, service)
    assert error.detail == "Only a person signs."


def test_part_of_the_system_is_refused(house: House) -> None:
    assert_refused(houses.submitted(house), NotPermitted, house.validator, actor=audit_actors.system("beat"))


def test_person_whose_account_was_closed_is_refused(house: House) -> None:
    proof = factories.credentials(house.validator)
    User.objects.filter(pk=house.validator.pk).update(is_active=False)
    assert_refused(houses.submitted(house), NotPermitted, house.validator, credentials=proof)


def test_evidence_that_moved_makes_the_request_stale(house: House) -> None:
    request = houses.validated(house)
    evidence.contract_check(house.data, violations=[], actor=factories.bootstrap())
    assert_refused(request, Stale, house.reviewer, meaning="review")
    stored = recorded.fresh(request)
    assert (stored.state, stored.revision) == ("stale", request.revision + 1)
    assert recorded.names(request)[-2:] == ["promotion.went_stale", "promotion.decision_refused"]


def test_database_takes_one_decision_of_a_person(house: House) -> None:
    decision = Decision.objects.get(promotion=houses.validated(house))
    decision.pk = None
    decision._state.adding = True
    assert "one_person_one_decision" in recorded.refusal_of(lambda: decision.save(force_insert=True))


# The other verdicts
def due(days: int) -> dict[str, Any]:
    return {"text": "Measure people over 60 again.", "due_at": timezone.now() + timedelta(days=days)}


def test_approval_with_conditions_binds_them_into_the_signature(house: House) -> None:
    request = decide(houses.submitted(house), house.validator, verdict="approve_with_conditions", conditions=[due(30)])
    decision = request.decisions.get()
    assert [(row.text, row.state) for row in decision.conditions.all()] == [("Measure people over 60 again.", "open")]
    assert decision.statement["conditions"] == records.conditions(decision.conditions.all())["conditions"]
    assert recorded.newest(request)["data"]["conditions"] == 1


def test_one_approval_with_conditions_makes_the_whole_conditional(house: House) -> None:
    request = decide(houses.submitted(house), house.validator, verdict="approve_with_conditions", conditions=[due(30)])
    request = decide(request, house.reviewer, meaning="review")
    assert (request.state, request.approval) == ("approved", "conditionally_approved")
    assert approvals.problem(recorded.fresh(request)) is None


def test_condition_that_was_rewritten_makes_the_approval_fall(house: House) -> None:
    request = decide(houses.submitted(house), house.validator, verdict="approve_with_conditions", conditions=[due(30)])
    request = decide(request, house.reviewer, meaning="review")
    request.conditions.update(text="Do nothing.")
    assert approvals.problem(recorded.fresh(request)) == "A signature on the request does not verify."


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "approve_with_conditions"},
        {"verdict": "approve", "conditions": [due(30)]},
        {"verdict": "approve_with_conditions", "conditions": [due(-1)]},
    ],
)
def test_conditions_that_do_not_fit_the_verdict_are_refused(house: House, changes: dict[str, Any]) -> None:
    assert_refused(houses.submitted(house), Invalid, house.validator, **changes)


def test_abstention_counts_for_nothing_and_the_person_has_decided(house: House) -> None:
    request = decide(houses.submitted(house), house.validator, verdict="abstain", reason="I know the author.")
    assert (request.state, request.revision, request.tasks.get().closed_at) == ("in_review", 2, None)
    assert_refused(request, DutyConflict, house.validator)
    other = factories.person(Role.VALIDATOR, team="second line")
    assert decide(request, other).decisions.count() == 2


def test_requested_changes_leave_nothing_to_decide(house: House) -> None:
    request = houses.sent_back(house)
    assert recorded.newest(request)["data"]["state"] == "changes_requested"
    assert_refused(request, Conflict, house.reviewer, meaning="review")


def test_rejection_closes_the_task_and_the_approval(house: House) -> None:
    request = decide(houses.validated(house), house.reviewer, meaning="review", verdict="reject")
    assert (request.approval, request.valid_until) == ("rejected", None)
    assert not request.tasks.filter(closed_at=None).exists()


@pytest.mark.django_db
def test_step_with_a_quorum_of_two_waits_for_two_persons() -> None:
    chain = [{"role": "validator", "quorum": 2, "meaning": "independent_validation"}]
    house = houses.build(approval={"chain": chain, "valid_for": "P12M"})
    request = decide(houses.submitted(house), house.validator)
    assert request.state == "in_review"
    assert decide(request, factories.person(Role.VALIDATOR, team="second line")).state == "approved"


# What is known to be wrong
def severe(house: House, request: PromotionRequest) -> Finding:
    wrong = findings.Wrong(severity="high", title="Older people are left out", detail="None above 80.")
    return findings.raise_(request.model_version, wrong, actor=acting(house.reviewer))


@pytest.mark.parametrize("verdict", ["approve", "approve_with_conditions"])
def test_unsettled_finding_keeps_everybody_from_approving(house: House, verdict: str) -> None:
    request = houses.submitted(house)
    severe(house, request)
    given = {"conditions": [due(30)]} if verdict == "approve_with_conditions" else {}
    error = assert_refused(request, Conflict, house.validator, verdict=verdict, **given)
    assert error.detail == "Findings about the version are not settled (High: Older people are left out)."


def test_unsettled_finding_lets_people_decide_otherwise(house: House) -> None:
    request = houses.submitted(house)
    severe(house, request)
    assert decide(request, house.validator, verdict="request_changes").state == "changes_requested"


# Who had a part
def test_author_of_the_newest_text_about_the_version_is_refused(house: House) -> None:
    people.grant(house.validator, Role.OWNER, actor=factories.bootstrap(), system=house.system)
    request = houses.submitted(house)
    cards.write(
        request.model_version,
        section="intended_use",
        text="To plan capacity.",
        reason="Asked for.",
        credentials=factories.credentials(house.validator),
        actor=acting(house.validator),
    )
    error = assert_refused(request, DutyConflict, house.validator)
    assert "You edited this version last" in error.detail


def test_text_written_after_the_signature_does_not_undo_it(house: House) -> None:
    people.grant(house.validator, Role.OWNER, actor=factories.bootstrap(), system=house.system)
    request = houses.approved(house)
    cards.write(
        request.model_version,
        section="intended_use",
        text="To plan capacity.",
        reason="Asked for.",
        credentials=factories.credentials(house.validator),
        actor=acting(house.validator),
    )
    assert approvals.problem(recorded.fresh(request)) is None


@pytest.mark.django_db
def test_who_led_the_labelling_is_refused_where_the_policy_says_so() -> None:
    rules = [{"not_same_person": ["dataset.labeller_lead", "any.approver"]}]
    house = houses.build(approval={**houses.policy_document("x")["approval"], "separation_of_duties": rules})
    Dataset.objects.filter(pk=house.data.dataset_id).update(labelled_by=house.validator)
    error = assert_refused(houses.submitted(house), DutyConflict, house.validator)
    assert "You led the labelling of its data" in error.detail


def test_who_could_never_decide_is_refused_before_state_and_password_are_looked_at(house: House) -> None:
    request = houses.approved(house)
    assert_refused(request, NotPermitted, house.operator, credentials=Credentials("guess", "000000"))
