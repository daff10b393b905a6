"""Signatures on a promotion: what one changes, and every rule between a person and a signature."""

from datetime import timedelta
from typing import Any

import pytest

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
from registry.models import Decision, PromotionRequest, User
from registry.roles import Role
from registry.services import evidence, people, promotions
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def decide(request: PromotionRequest, by: User, **changes: Any) -> PromotionRequest:
    given = {
        "verdict": "approve",
        "meaning": "independent_validation",
        "reason": "The figures hold.",
        "password": factories.PASSWORD,
        "revision": request.revision,
        "actor": acting(by),
    }
    return promotions.decide(request, **{**given, **changes})


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
        "record": request.record_digest,
        "signature": records.digest(records.signature(decision)),
        "state": "in_review",
    }
    assert told["rows"] == {rows.label(decision): rows.digest(decision)}
    assert told["row"] == rows.digest(recorded.fresh(request))


def test_decide_makes_a_signature_that_verifies_on_the_stored_statement_only(house: House) -> None:
    decision = Decision.objects.get(promotion=houses.validated(house))
    signature = signatures.Signature(public_key=decision.public_key, signature=decision.signature)
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
    assert_refused(houses.submitted(house), SignatureRejected, house.validator, password="guess")


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
    house.validator.is_active = False
    assert_refused(houses.submitted(house), NotPermitted, house.validator)


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
