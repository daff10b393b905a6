"""Break-glass: opened by somebody with no part in the version, over by itself, reviewed by somebody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import rows
from registry import artifacts
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted, SignatureRejected
from registry.models import Emergency, ModelVersion, PeriodicReview, PromotionRequest, User
from registry.roles import Role
from registry.services import people
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from registry.services.decisions import promotions
from registry.services.slots import (
    assigning,
    emergencies,
    expiry,
    reviewing,
    rollback,
    rollouts,
    warrants,
    withdrawals,
)
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def opened(house: House, version: ModelVersion, *, by: User | None = None, **changes: Any) -> Emergency:
    person = by or house.operator
    credentials = changes.pop("credentials", None) or factories.credentials(person)
    return emergencies.open(
        changes.get("slot", house.slot),
        version=version,
        reason="Nothing answers.",
        credentials=credentials,
        actor=acting(person),
    )


def reviewed(house: House, emergency: Emergency) -> None:
    """Ended, and found right by somebody else."""
    review = PeriodicReview.objects.get(emergency=emergency)
    reviewing.complete(
        review,
        outcome="continue",
        reason="It had to be.",
        credentials=factories.credentials(house.validator),
        revision=review.revision,
        actor=acting(house.validator),
    )
    emergencies.end(emergency, reason="Mended.", revision=emergency.revision, actor=acting(house.operator))


def suspended(house: House) -> PromotionRequest:
    """The champion's approval, which a person suspended."""
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    return withdrawals.suspend(
        promotion,
        reason="It harms.",
        credentials=factories.credentials(house.operator),
        revision=recorded.fresh(promotion).revision,
        actor=acting(house.operator),
    )


def over(promotion: PromotionRequest) -> None:
    """The approval's end has come."""
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=timezone.now())
    assert expiry.expire_due(actor=factories.bootstrap()).done == 1


def refused(house: House) -> tuple[str, dict[str, Any]]:
    told = recorded.newest(house.slot)
    return told["event"], told["data"]


def test_open_lets_a_version_without_an_approval_serve_for_a_day(house: House) -> None:
    version = houses.measured(house)
    emergency = opened(house, version)
    serving = assigning.current(house.slot)
    assert serving is not None
    assert (serving.champion, serving.champion_emergency, serving.champion_promotion) == (version, emergency, None)
    assert (serving.cause, emergency.ends_at - emergency.opened_at) == ("emergency", timedelta(hours=24))
    assert warrants.problem(emergency) is None


def test_open_is_on_record_with_its_signature_and_its_review(house: House) -> None:
    emergency = opened(house, houses.measured(house))
    told, review = recorded.newest(emergency), PeriodicReview.objects.get(emergency=emergency)
    assert (told["event"], told["data"]["record"]) == ("emergency.opened", emergency.record_digest)
    assert told["row"] == rows.digest(recorded.fresh(emergency))
    assert recorded.sealed(emergency) == {"reason": "Nothing answers."}
    assert (review.cause, review.state, review.lapses_at) == (
        "emergency",
        "due",
        emergency.opened_at + timedelta(hours=72),
    )


def test_open_takes_a_running_canary_out(house: House) -> None:
    houses.champion(house)
    canary = houses.executed(house).canary_promotion
    opened(house, houses.measured(house))
    assert recorded.fresh(canary).state == "rolled_back"  # type: ignore[arg-type]


def test_open_without_the_role_is_refused_and_on_record(house: House) -> None:
    with pytest.raises(NotPermitted):
        opened(house, houses.measured(house), by=house.validator)
    assert refused(house) == ("emergency.refused", {"rule": "NotPermitted"})
    assert not Emergency.objects.exists()


def test_open_by_who_trained_the_version_is_refused_and_on_record(house: House) -> None:
    people.grant(house.engineer, Role.OPERATOR, actor=factories.bootstrap(), system=house.system)
    with pytest.raises(DutyConflict, match="trained this version"):
        opened(house, houses.measured(house), by=house.engineer)
    assert refused(house) == ("emergency.refused", {"rule": "DutyConflict"})


def test_open_by_who_may_have_been_behind_a_service_account_is_refused(house: House) -> None:
    machine = factories.person(Role.ENGINEER, system=house.system, kind=User.Kind.SERVICE)
    version = houses.measured(house)
    ModelVersion.objects.filter(pk=version.pk).update(trained_by=machine)
    both = factories.person(Role.OPERATOR, Role.ENGINEER, system=house.system, team="both")
    with pytest.raises(DutyConflict, match="behind the service account"):
        opened(house, recorded.fresh(version), by=both)


def test_open_by_who_asked_for_the_version_is_refused(house: House) -> None:
    request = houses.submitted(house)
    owner = factories.person(Role.OPERATOR, Role.OWNER, system=house.system, team="owners")
    PromotionRequest.objects.filter(pk=request.pk).update(author=owner)
    with pytest.raises(DutyConflict, match="wrote this request"):
        opened(house, request.model_version, by=owner)


def test_open_with_a_wrong_password_is_refused_and_on_record(house: House) -> None:
    credentials = factories.credentials(house.operator, password="wrong")
    with pytest.raises(SignatureRejected):
        opened(house, houses.measured(house), credentials=credentials)
    assert refused(house) == ("emergency.refused", {"rule": "SignatureRejected"})


def test_open_of_another_systems_version_is_refused(house: House) -> None:
    with pytest.raises(Invalid, match="another system"):
        opened(house, houses.measured(houses.build()))


def test_open_of_a_retired_version_is_refused(house: House) -> None:
    version = houses.measured(house)
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle="retired")
    with pytest.raises(Conflict, match="is retired"):
        opened(house, recorded.fresh(version))


def test_open_of_a_version_that_was_retired_since_it_was_read_is_refused_and_on_record(house: House) -> None:
    version = houses.measured(house)
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle="retired")
    assert version.lifecycle == "registered"
    with pytest.raises(Conflict, match="is retired"):
        opened(house, version)
    assert refused(house)[0] == "emergency.refused"


def test_open_of_a_version_that_was_rejected_here_is_refused(house: House) -> None:
    request = houses.signed(
        houses.submitted(house), house.validator, meaning="independent_validation", verdict="reject"
    )
    with pytest.raises(Conflict, match=f"was rejected for {house.slot}"):
        opened(house, request.model_version)


@pytest.mark.parametrize("place", ["the same slot", "another slot"])
def test_open_of_the_bytes_of_a_rejected_version_is_refused(house: House, place: str) -> None:
    first, twin = (factories.version(house.model, data=house.data, bias=-77.0) for _ in range(2))
    factories.evidence_set(first, auc=0.85)
    request = promotions.submit(
        first, slot=house.slot, policy=house.policy, reason="It is due.", actor=acting(house.engineer)
    )
    houses.signed(request, house.validator, meaning="independent_validation", verdict="reject")
    slot = house.slot if place == "the same slot" else factories.slot(house.system, called="production.second")
    with pytest.raises(Conflict, match=f"was rejected for {house.slot}"):
        opened(house, twin, slot=slot)


def test_open_of_a_version_that_was_suspended_when_its_approval_ended_is_refused(house: House) -> None:
    promotion = suspended(house)
    over(promotion)
    with pytest.raises(Conflict, match=r"was suspended for .* when its approval ended"):
        opened(house, promotion.model_version)


def test_open_of_a_version_that_was_resumed_before_its_approval_ended_serves(house: House) -> None:
    promotion = suspended(house)
    withdrawals.resume(
        promotion,
        reason="It was another one.",
        credentials=factories.credentials(house.reviewer),
        revision=promotion.revision,
        actor=acting(house.reviewer),
    )
    over(promotion)
    assert opened(house, promotion.model_version).state == "active"


def test_open_of_a_version_with_an_unsettled_finding_is_refused_and_on_record(house: House) -> None:
    version = houses.measured(house)
    findings.raise_(version, Wrong("critical", "A leak", "The label is in a column."), actor=acting(house.validator))
    with pytest.raises(Conflict, match=r"are not settled \(Critical: A leak\)"):
        opened(house, version)
    assert refused(house) == ("emergency.refused", {"rule": "Conflict"})


def test_open_for_what_serves_by_an_approval_is_refused(house: House) -> None:
    version = houses.champion(house).champion
    assert version is not None
    with pytest.raises(Conflict, match="serves here by an approval"):
        opened(house, version)


def test_open_for_the_same_artifact_within_a_week_is_refused_whatever_the_review_said(house: House) -> None:
    reviewed(house, emergency := opened(house, houses.measured(house)))
    with pytest.raises(Conflict, match="within the last 7 days"):
        opened(house, emergency.model_version)
    assert refused(house) == ("emergency.refused", {"rule": "Conflict"})


def test_open_for_the_same_artifact_after_a_week_serves(house: House) -> None:
    reviewed(house, emergency := opened(house, houses.measured(house)))
    Emergency.objects.filter(pk=emergency.pk).update(opened_at=emergency.opened_at - emergencies.APART)
    assert opened(house, emergency.model_version).state == "active"


def test_open_for_another_artifact_after_the_review_serves(house: House) -> None:
    reviewed(house, opened(house, houses.measured(house)))
    assert opened(house, houses.measured(house)).state == "active"


def test_open_of_an_artifact_that_changed_in_the_store_is_refused(house: House) -> None:
    version = houses.measured(house)
    store, root = artifacts._store()
    store.pipe_file(artifacts._path(root, version.artifact_digest), b"another model")
    with pytest.raises(Conflict, match="is not what was registered"):
        opened(house, version)


def test_open_again_before_the_review_is_refused(house: House) -> None:
    emergency = opened(house, houses.measured(house))
    emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    with pytest.raises(Conflict, match="has not been reviewed"):
        opened(house, houses.measured(house))


def test_end_brings_the_last_valid_champion_back(house: House) -> None:
    first = houses.champion(house)
    emergency = opened(house, houses.measured(house))
    back = emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    told = recorded.newest(emergency)
    assert (back.champion, back.cause) == (first.champion, "emergency_ended")
    assert (told["event"], told["data"]) == ("emergency.ended", {"cause": "a person ended it"})
    assert recorded.fresh(emergency).state == "ended"


def test_end_brings_back_who_was_displaced_within_its_grace(house: House) -> None:
    first = houses.champion(house)
    assert first.champion is not None
    emergency = opened(house, houses.measured(house))
    factories.evidence_set(first.champion, auc=0.86)
    back = emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    assert back.champion == first.champion
    assert PeriodicReview.objects.get(cause="stale").promotion == first.champion_promotion


def test_end_with_nobody_to_go_back_to_leaves_the_slot_empty(house: House) -> None:
    emergency = opened(house, houses.measured(house))
    back = emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    assert (back.champion, back.champion_emergency) == (None, None)


def test_end_twice_is_refused_and_on_record(house: House) -> None:
    emergency = opened(house, houses.measured(house))
    emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    with pytest.raises(Conflict, match="over already"):
        emergencies.end(emergency, reason="Again.", revision=2, actor=acting(house.operator))
    assert refused(house) == ("emergency.refused", {"rule": "Conflict"})


def test_rollback_of_a_break_glass_ends_it(house: House) -> None:
    first = houses.champion(house)
    emergency = opened(house, houses.measured(house))
    back = rollback.roll_back(house.slot, actor=acting(house.operator), reason="Worse.")
    assert (back.champion, recorded.fresh(emergency).state) == (first.champion, "ended")


def test_execute_during_a_break_glass_takes_the_slot_and_ends_it(house: House) -> None:
    emergency = opened(house, houses.measured(house))
    promotion = houses.approved(house)
    taken = rollouts.execute(promotion, actor=acting(house.operator))
    assert (taken.champion_promotion, taken.champion_emergency, taken.cause) == (promotion, None, "promoted")
    assert recorded.newest(emergency)["data"] == {"cause": "an approved version took the slot"}


def test_execute_during_a_break_glass_starts_a_canary_beside_whom_it_displaced(house: House) -> None:
    first = houses.champion(house)
    emergency, promotion = opened(house, houses.measured(house)), houses.approved(house)
    taken = rollouts.execute(promotion, actor=acting(house.operator))
    assert (taken.champion_promotion, taken.champion_emergency) == (first.champion_promotion, None)
    assert (taken.canary_promotion, taken.canary_percent, taken.cause) == (promotion, 10, "canary_started")
    assert recorded.fresh(emergency).state == "ended"


def test_execute_of_what_serves_by_break_glass_starts_a_canary(house: House) -> None:
    first = houses.champion(house)
    version = houses.measured(house)
    opened(house, version)
    taken = rollouts.execute(houses.approved_again(house, version), actor=acting(house.operator))
    assert (taken.champion, taken.canary, taken.canary_percent) == (first.champion, version, 10)


def test_break_glass_makes_no_request_stale(house: House) -> None:
    houses.champion(house)
    waiting = houses.submitted(house)
    opened(house, houses.measured(house))
    assert recorded.fresh(waiting).state == "in_review"


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"artifact_digest": "0" * 64}, "The artifact is not the one of the break-glass."),
        ({"reason": "Something else."}, "The signature on the break-glass does not verify."),
        ({"record_digest": "0" * 64}, "The record of the break-glass has changed."),
        ({"state": "ended"}, "The break-glass is over."),
    ],
)
def test_changed_break_glass_lets_nothing_serve(house: House, change: dict[str, str], finding: str) -> None:
    emergency = opened(house, houses.measured(house))
    Emergency.objects.filter(pk=emergency.pk).update(**change)
    assert warrants.problem(recorded.fresh(emergency)) == finding
