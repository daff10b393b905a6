"""Waivers: asked for, signed by two, in force for a while; every refusal is on record, and no forged row counts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import log, rows
from audit.models import Governed
from registry import events
from registry.errors import (
    AlreadyExists,
    Conflict,
    DutyConflict,
    Invalid,
    NotPermitted,
    RegistryError,
    RevisionMismatch,
    SignatureRejected,
    Stale,
)
from registry.models import GateResult, PromotionRequest, Signature, User, Waiver
from registry.roles import Role
from registry.services import people, sweeping
from registry.services.approvals import approvals, dual_control
from registry.services.decisions import promotions, waivers
from registry.services.decisions.waivers import Asked
from registry.services.signing import Credentials
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

GATE = "perf.auc.floor"


@pytest.fixture
def house(db: None) -> House:
    return houses.build(gates=houses.waivable_gates(needs=["rationale", "compensating_control"]))


@pytest.fixture
def officer(house: House) -> User:
    return factories.person(Role.RISK_OFFICER, system=house.system, team="risk")


@pytest.fixture
def blocked(house: House) -> PromotionRequest:
    return houses.submitted(house, auc=0.81)


def ask(request: PromotionRequest, by: User, *, gate: str = GATE, **changes: Any) -> Waiver:
    given = {
        "rationale": "The figure misses the floor by a hair.",
        "compensating_control": "A person decides below 0.6.",
        "expires_at": timezone.now() + timedelta(days=30),
    }
    return waivers.request(request, gate=gate, asked=Asked(**{**given, **changes}), actor=acting(by))


@pytest.fixture
def asked(house: House, blocked: PromotionRequest) -> Waiver:
    return ask(blocked, house.engineer)


def sign(waiver: Waiver, by: User, **changes: Any) -> Waiver:
    given = {
        "reason": "The control covers it.",
        "credentials": factories.credentials(by),
        "revision": waiver.revision,
        "actor": acting(by),
    }
    return waivers.sign(waiver, **{**given, **changes})


def revoke(waiver: Waiver, by: User, **changes: Any) -> Waiver:
    given = {
        "reason": "The control does not work.",
        "credentials": factories.credentials(by),
        "revision": waiver.revision,
        "actor": acting(by),
    }
    return waivers.revoke(waiver, **{**given, **changes})


def granted(waiver: Waiver, officer: User, house: House) -> Waiver:
    return sign(sign(waiver, officer), house.reviewer)


def approved(waiver: Waiver, house: House) -> PromotionRequest:
    """The request whose gate was waived, with the signatures of its chain."""
    request = recorded.fresh(waiver.promotion)
    reviewer = factories.person(Role.COMPLIANCE_REVIEWER, system=house.system, team="second compliance")
    request = houses.signed(request, house.validator, meaning="independent_validation")
    return houses.signed(request, reviewer, meaning="review")


def pass_time(waiver: Waiver) -> None:
    """As if its time were over; the signatures are about another end then, and that is no matter here."""
    Waiver.objects.filter(pk=waiver.pk).update(expires_at=timezone.now())


def smuggle(row: Governed) -> None:
    """Store a row as whoever has the application's database role could, with an event that the guards accept."""
    row.save(force_insert=True)
    log.record(events.WaiverRefused(), subject=row, actor=factories.bootstrap())


def assert_refused(waiver: Waiver, error: type[RegistryError], step: Callable[[], object]) -> RegistryError:
    """The refusal is raised and on record, and the waiver is as it was."""
    before, made = rows.digest(recorded.fresh(waiver)), Signature.objects.filter(subject_type="waiver").count()
    with pytest.raises(error) as refused:
        step()
    told = recorded.newest(waiver)
    assert (told["event"], told["data"]) == ("waiver.signature_refused", {"rule": error.__name__})
    assert recorded.sealed(waiver) == {"detail": refused.value.detail}
    assert told["row"] == rows.digest(recorded.fresh(waiver)) == before
    assert Signature.objects.filter(subject_type="waiver").count() == made
    return refused.value


# Asking
def test_request_is_bound_to_artifact_and_policy(house: House, blocked: PromotionRequest, asked: Waiver) -> None:
    assert (asked.state, asked.artifact_digest, asked.policy_digest, asked.requested_by) == (
        "requested",
        blocked.artifact_digest,
        blocked.policy_digest,
        house.engineer,
    )
    told = recorded.newest(asked)
    assert (told["event"], told["data"]["gate"], told["data"]["record"]) == (
        "waiver.requested",
        GATE,
        asked.record_digest,
    )


def test_request_without_the_role_is_refused(house: House, blocked: PromotionRequest) -> None:
    with pytest.raises(NotPermitted):
        ask(blocked, house.reviewer)


def test_request_for_a_gate_that_does_not_block_is_refused(house: House, blocked: PromotionRequest) -> None:
    with pytest.raises(Conflict, match=r"data\.contract does not block"):
        ask(blocked, house.engineer, gate="data.contract")


def test_request_for_a_gate_that_is_none_is_refused(house: House, blocked: PromotionRequest) -> None:
    with pytest.raises(Invalid):
        ask(blocked, house.engineer, gate="nothing")


def test_request_for_a_request_in_review_is_refused(house: House) -> None:
    with pytest.raises(Conflict, match="in review"):
        ask(houses.submitted(house), house.engineer)


def test_request_for_a_gate_that_may_not_be_waived_is_refused(db: None) -> None:
    strict = houses.build()
    with pytest.raises(Conflict, match="does not let"):
        ask(houses.submitted(strict, auc=0.7), strict.engineer)


@pytest.mark.parametrize("days", [-1, 91])
def test_request_for_no_time_or_too_long_is_refused(house: House, blocked: PromotionRequest, days: int) -> None:
    with pytest.raises(Invalid) as refused:
        ask(blocked, house.engineer, expires_at=timezone.now() + timedelta(days=days))
    assert [problem.pointer for problem in refused.value.problems] == ["/expires_at"]


@pytest.mark.parametrize("field", ["rationale", "compensating_control"])
def test_request_that_says_nothing_is_refused(house: House, blocked: PromotionRequest, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(blocked, house.engineer, **{field: "  "})
    assert [problem.pointer for problem in refused.value.problems] == [f"/{field}"]


def test_request_beside_an_open_one_is_refused(house: House, blocked: PromotionRequest, asked: Waiver) -> None:
    with pytest.raises(AlreadyExists):
        ask(blocked, house.engineer)


# Signing
def test_first_signature_asks_for_the_second(asked: Waiver, officer: User) -> None:
    signed = sign(asked, officer)
    (made,) = dual_control.grants(signed)
    assert (signed.state, signed.granted_at, dual_control.stands(signed)) == ("countersign", None, False)
    assert (made.role, made.meaning, made.signed_digest) == ("risk_officer", "waiver", asked.record_digest)
    assert recorded.newest(asked)["data"]["state"] == "countersign"
    assert recorded.fresh(asked.promotion).state == "blocked"


def test_second_signature_sets_the_gate_aside(house: House, asked: Waiver, officer: User) -> None:
    active = granted(asked, officer, house)
    request = recorded.fresh(asked.promotion)
    answers = {row.gate: (row.verdict, row.waiver) for row in approvals.gates_of(request)}
    assert (active.state, dual_control.stands(active)) == ("active", True)
    assert (request.state, request.round) == ("in_review", 2)
    assert answers == {"data.contract": ("pass", None), GATE: ("waived", active)}


def test_request_with_a_waived_gate_is_approved_on_it(house: House, asked: Waiver, officer: User) -> None:
    request = approved(granted(asked, officer, house), house)
    assert (request.approval, approvals.problem(recorded.fresh(request))) == ("approved", None)


def test_first_signature_by_a_role_that_the_policy_does_not_name_is_refused(house: House, asked: Waiver) -> None:
    assert_refused(asked, NotPermitted, lambda: sign(asked, house.reviewer))


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.OWNER])
def test_second_signature_by_who_does_not_sign_is_refused(
    house: House, asked: Waiver, officer: User, role: Role
) -> None:
    first, other = sign(asked, officer), factories.person(role, system=house.system, team="x")
    assert_refused(first, NotPermitted, lambda: sign(first, other))


def test_second_signature_by_the_same_person_is_refused(house: House, asked: Waiver, officer: User) -> None:
    people.grant(officer, Role.VALIDATOR, actor=factories.bootstrap(), system=house.system)
    first = sign(asked, officer)
    assert_refused(first, DutyConflict, lambda: sign(first, officer))


def test_signature_by_who_asked_is_refused(house: House, blocked: PromotionRequest) -> None:
    both = factories.person(Role.OWNER, Role.RISK_OFFICER, system=house.system, team="risk")
    waiver = ask(blocked, both)
    assert_refused(waiver, DutyConflict, lambda: sign(waiver, both))


def test_signature_by_the_author_of_the_request_is_refused(house: House, blocked: PromotionRequest) -> None:
    owner = factories.person(Role.OWNER, system=house.system)
    people.grant(house.engineer, Role.RISK_OFFICER, actor=factories.bootstrap(), system=house.system)
    waiver = ask(blocked, owner)
    assert_refused(waiver, DutyConflict, lambda: sign(waiver, house.engineer))


def test_signature_in_a_role_for_another_system_is_refused(house: House, asked: Waiver) -> None:
    stranger = factories.person(Role.RISK_OFFICER, system=factories.system(), team="risk")
    assert_refused(asked, NotPermitted, lambda: sign(asked, stranger))


def test_signature_by_a_service_account_is_refused(house: House, asked: Waiver) -> None:
    service = factories.person(kind=User.Kind.SERVICE, team="robots")
    assert_refused(asked, NotPermitted, lambda: sign(asked, service))


def test_signature_with_a_wrong_password_is_refused(asked: Waiver, officer: User) -> None:
    wrong = Credentials(password="guess", code="000000")
    assert_refused(asked, SignatureRejected, lambda: sign(asked, officer, credentials=wrong))


def test_signature_on_an_old_revision_is_refused(house: House, asked: Waiver, officer: User) -> None:
    sign(asked, officer)
    assert_refused(asked, RevisionMismatch, lambda: sign(asked, house.reviewer))


def test_signature_on_a_waiver_that_has_ended_is_refused(house: House, asked: Waiver, officer: User) -> None:
    ended = waivers.refuse(asked, reason="No.", revision=1, actor=acting(house.reviewer))
    assert_refused(ended, Conflict, lambda: sign(ended, officer))


def test_signature_after_its_end_is_refused(asked: Waiver, officer: User) -> None:
    pass_time(asked)
    assert_refused(asked, Invalid, lambda: sign(asked, officer))


def test_signature_after_the_request_bound_something_else_is_refused(asked: Waiver, officer: User) -> None:
    PromotionRequest.objects.filter(pk=asked.promotion_id).update(policy_digest="0" * 64)
    assert_refused(asked, Stale, lambda: sign(asked, officer))


def test_signature_after_the_request_was_withdrawn_is_refused(house: House, asked: Waiver, officer: User) -> None:
    promotions.withdraw(asked.promotion, reason="Later.", actor=acting(house.engineer))
    assert_refused(asked, Conflict, lambda: sign(asked, officer))


def test_second_signature_on_a_first_that_does_not_verify_is_refused(
    house: House, asked: Waiver, officer: User
) -> None:
    first = sign(asked, officer)
    Signature.objects.filter(subject_id=asked.pk).update(reason="Something else.")
    assert_refused(first, Conflict, lambda: sign(first, house.reviewer))


# Refusing
@pytest.mark.parametrize("who", ["engineer", "reviewer"])
def test_refuse_by_who_asked_or_who_could_sign_ends_it(house: House, asked: Waiver, who: str) -> None:
    refused = waivers.refuse(asked, reason="No.", revision=1, actor=acting(getattr(house, who)))
    assert (refused.state, refused.ended_at is not None) == ("refused", True)
    assert recorded.newest(asked)["event"] == "waiver.refused"


def test_refuse_by_somebody_else_is_refused(house: House, asked: Waiver) -> None:
    step: Callable[[], object] = lambda: waivers.refuse(  # noqa: E731
        asked, reason="No.", revision=1, actor=acting(house.operator)
    )
    assert_refused(asked, NotPermitted, step)


def test_refused_gate_can_be_asked_for_again(house: House, blocked: PromotionRequest, asked: Waiver) -> None:
    waivers.refuse(asked, reason="No.", revision=1, actor=acting(house.reviewer))
    assert ask(blocked, house.engineer).state == "requested"


# The end
def test_revoke_suspends_what_was_approved_on_it(house: House, asked: Waiver, officer: User) -> None:
    active = granted(asked, officer, house)
    request = approved(active, house)
    revoked = revoke(active, house.validator)
    stored = recorded.fresh(request)
    assert (revoked.state, dual_control.stands(revoked)) == ("revoked", False)
    assert (stored.approval, stored.approval_reason) == ("suspended", f"The waiver of {GATE} was revoked.")
    assert recorded.names(asked)[-1] == "waiver.revoked"


def test_revoke_blocks_a_request_in_review_again(house: House, asked: Waiver, officer: User) -> None:
    revoke(granted(asked, officer, house), house.reviewer)
    assert recorded.fresh(asked.promotion).state == "blocked"


def test_revoke_without_the_role_is_refused(house: House, asked: Waiver, officer: User) -> None:
    active = granted(asked, officer, house)
    assert_refused(active, NotPermitted, lambda: revoke(active, house.operator))


def test_revoke_of_one_that_is_not_active_is_refused(asked: Waiver, officer: User) -> None:
    assert_refused(asked, Conflict, lambda: revoke(asked, officer))


def test_expire_due_suspends_what_was_approved_on_it(house: House, asked: Waiver, officer: User) -> None:
    active = granted(asked, officer, house)
    request = approved(active, house)
    pass_time(active)
    assert waivers.expire_due(actor=factories.bootstrap()) == sweeping.Swept(done=1)
    stored = recorded.fresh(request)
    assert (recorded.fresh(asked).state, stored.approval) == ("expired", "suspended")
    assert recorded.newest(asked)["data"] == {"was": "active"}


def test_expire_due_ends_one_that_was_never_signed(asked: Waiver) -> None:
    pass_time(asked)
    assert waivers.expire_due(actor=factories.bootstrap()) == sweeping.Swept(done=1)
    assert (recorded.fresh(asked).state, recorded.fresh(asked.promotion).state) == ("expired", "blocked")


def test_expire_due_leaves_the_others(house: House, asked: Waiver) -> None:
    assert waivers.expire_due(actor=factories.bootstrap()) == sweeping.Swept()


def test_approval_does_not_hold_past_the_end_of_its_waiver_before_any_round(
    house: House, asked: Waiver, officer: User
) -> None:
    request = approved(granted(asked, officer, house), house)
    pass_time(asked)
    assert approvals.problem(recorded.fresh(request)) == f"The waiver of the gate {GATE} no longer holds."


def test_waiver_counts_in_a_new_round_under_the_same_policy(house: House, asked: Waiver, officer: User) -> None:
    granted(asked, officer, house)
    request = promotions.rerun(asked.promotion, actor=factories.bootstrap())
    assert (request.state, request.round) == ("in_review", 3)


# Forgery
def test_row_inserted_by_hand_does_not_count(house: House, blocked: PromotionRequest) -> None:
    forged = Waiver(
        promotion=blocked,
        gate=GATE,
        artifact_digest=blocked.artifact_digest,
        policy_digest=blocked.policy_digest,
        rationale="x",
        compensating_control="y",
        requested_by=house.engineer,
        expires_at=timezone.now() + timedelta(days=30),
        granted_at=timezone.now(),
        state="active",
    )
    smuggle(forged)
    assert (dual_control.stands(forged), dual_control.in_force(blocked)) == (False, ())
    assert promotions.rerun(blocked, actor=acting(house.engineer)).state == "blocked"


def test_row_set_active_after_one_signature_does_not_count(asked: Waiver, officer: User) -> None:
    sign(asked, officer)
    Waiver.objects.update(state="active", granted_at=timezone.now())
    assert dual_control.stands(recorded.fresh(asked)) is False


def test_first_signature_copied_under_another_name_does_not_count(house: House, asked: Waiver, officer: User) -> None:
    sign(asked, officer)
    copy = Signature.objects.get(subject_id=asked.pk)
    copy.pk, copy.signer, copy._state.adding = factories.system().pk, house.reviewer, True
    smuggle(copy)
    Waiver.objects.update(state="active", granted_at=copy.signed_at)
    assert dual_control.stands(recorded.fresh(asked)) is False


@pytest.mark.parametrize(
    "changes",
    [
        {"gate": "data.contract"},
        {"rationale": "Because."},
        {"compensating_control": "None."},
        {"expires_at": timezone.now() + timedelta(days=3000)},
        {"granted_at": timezone.now() - timedelta(days=30)},
        {"artifact_digest": "0" * 64},
        {"state": "requested"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_waiver_that_was_changed_by_hand_does_not_count(
    house: House, asked: Waiver, officer: User, changes: dict[str, Any]
) -> None:
    granted(asked, officer, house)
    Waiver.objects.filter(pk=asked.pk).update(**changes)
    assert dual_control.stands(recorded.fresh(asked)) is False


def test_waiver_whose_revocation_was_undone_by_hand_does_not_count(house: House, asked: Waiver, officer: User) -> None:
    revoke(granted(asked, officer, house), officer)
    Waiver.objects.filter(pk=asked.pk).update(state="active", ended_at=None)
    assert dual_control.stands(recorded.fresh(asked)) is False


def test_waiver_of_one_request_does_not_serve_another(house: House, asked: Waiver, officer: User) -> None:
    active = granted(asked, officer, house)
    other = houses.submitted(house, auc=0.81)
    Waiver.objects.filter(pk=active.pk).update(promotion=other, artifact_digest=other.artifact_digest)
    assert dual_control.in_force(other) == ()


def test_gate_that_claims_a_waiver_of_nobody_does_not_carry_an_approval(
    house: House, asked: Waiver, officer: User
) -> None:
    request = approved(granted(asked, officer, house), house)
    Signature.objects.filter(subject_id=asked.pk).update(signature="0" * 128)
    assert GateResult.objects.filter(waiver=asked).count() == 1
    assert approvals.problem(recorded.fresh(request)) == f"The waiver of the gate {GATE} no longer holds."


def test_every_row_is_on_record_as_it_is_stored(house: House, asked: Waiver, officer: User) -> None:
    revoke(granted(asked, officer, house), officer)
    recorded.sequence()
    assert recorded.stored_digests() == recorded.last_digests()


def test_waiver_does_not_cover_a_worse_figure_of_a_later_round(house: House, asked: Waiver, officer: User) -> None:
    request = recorded.fresh(granted(asked, officer, house).promotion)
    request = houses.signed(request, house.validator, meaning="independent_validation", verdict="request_changes")
    factories.evidence_set(request.model_version, auc=0.52)
    request = promotions.resubmit(request, reason="Measured again.", actor=acting(house.engineer))
    answer = request.gates.get(round=request.round, gate=GATE)
    assert (request.state, answer.verdict, answer.waiver) == ("blocked", "fail", None)
    assert "the answer was inconclusive when it was signed" in answer.reason
