"""What a slot serves: brought in by canary steps, taken back to the last valid holder, told for any moment."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from audit import rows
from registry.errors import Conflict, NotPermitted, RegistryError, RevisionMismatch, Stale
from registry.models import ModelVersion, PromotionRequest, Rollout, Slot, SlotAssignment, User
from registry.roles import Role
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from registry.services.slots import assigning, rollback, rollouts, withdrawals
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def execute(house: House, promotion: PromotionRequest) -> SlotAssignment:
    return rollouts.execute(promotion, actor=acting(house.operator), reason="Reviewed.")


def roll_back(house: House) -> SlotAssignment:
    return rollback.roll_back(house.slot, actor=acting(house.operator), reason="It drifts.")


def expire(promotion: PromotionRequest | None) -> None:
    assert promotion is not None
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=timezone.now())


def running(house: House) -> Rollout:
    return Rollout.objects.get(slot=house.slot, state="running")


def found_wrong(house: House, promotion: PromotionRequest | None) -> None:
    assert promotion is not None
    wrong = Wrong("critical", "A leak", "The label is in a column.")
    findings.raise_(promotion.model_version, wrong, actor=acting(house.validator))


def changed(step: Callable[..., PromotionRequest], serving: SlotAssignment, by: User) -> None:
    """An approval suspended or resumed."""
    promotion = recorded.fresh(serving.champion_promotion)  # type: ignore[arg-type]
    step(
        promotion,
        reason="It is as it is.",
        credentials=factories.credentials(by),
        revision=promotion.revision,
        actor=acting(by),
    )


def assert_execution_refused(house: House, promotion: PromotionRequest, error: type[RegistryError]) -> RegistryError:
    """Raised, on record, and the slot is as it was."""
    before = Slot.objects.get(pk=house.slot.pk).revision
    with pytest.raises(error) as refused:
        execute(house, promotion)
    told = recorded.newest(promotion)
    assert (told["event"], told["data"]) == ("rollout.refused", {"rule": error.__name__})
    assert told["row"] == rows.digest(recorded.fresh(promotion))
    assert Slot.objects.get(pk=house.slot.pk).revision == before
    return refused.value


def test_execute_into_an_empty_slot_serves_at_once(house: House) -> None:
    promotion = houses.approved(house)
    assignment = execute(house, promotion)
    told = recorded.newest(house.slot)
    assert told["event"] == "slot.assigned"
    assert told["data"] == {
        "revision": 1,
        "cause": "promoted",
        "champion": str(promotion.model_version_id),
        "champion_promotion": str(promotion.pk),
        "champion_emergency": None,
        "canary": None,
        "canary_promotion": None,
        "canary_percent": 0,
    }
    assert told["row"] == rows.digest(recorded.fresh(house.slot))
    assert told["rows"] == {rows.label(assignment): rows.digest(recorded.fresh(assignment))}


def test_execute_into_an_empty_slot_completes_rollout_and_promotion(house: House) -> None:
    promotion = houses.approved(house)
    execute(house, promotion)
    rollout = Rollout.objects.get(promotion=promotion)
    assert (rollout.state, rollout.steps, recorded.names(rollout)) == (
        "promoted",
        [100],
        ["rollout.started", "rollout.promoted"],
    )
    told = recorded.newest(promotion)
    assert (told["event"], told["data"]) == (
        "promotion.completed",
        {"slot": house.slot.key, "slot_revision": 1},
    )
    assert recorded.fresh(promotion).state == "completed"


def test_execute_into_a_taken_slot_starts_a_canary(house: House) -> None:
    first = houses.champion(house)
    second = houses.executed(house)
    assert (second.cause, second.canary_percent, second.champion) == ("canary_started", 10, first.champion)
    assert second.canary == running(house).promotion.model_version
    assert recorded.newest(running(house))["data"]["steps"] == [10, 50, 100]


def test_advance_takes_every_step_until_the_canary_is_champion(house: House) -> None:
    houses.champion(house)
    started = houses.executed(house)
    rollout = running(house)
    half = houses.advanced(house, started)
    whole = houses.advanced(house, half)
    assert [(one.cause, one.canary_percent, one.revision) for one in (started, half, whole)] == [
        ("canary_started", 10, 2),
        ("canary_advanced", 50, 3),
        ("promoted", 0, 4),
    ]
    assert (whole.champion, whole.canary) == (started.canary, None)
    assert recorded.names(rollout) == ["rollout.started", "rollout.advanced", "rollout.promoted"]
    assert recorded.newest(rollout)["row"] == rows.digest(recorded.fresh(rollout))


def test_advance_of_an_old_revision_is_refused_and_on_record(house: House) -> None:
    houses.champion(house)
    started = houses.executed(house)
    rollout = running(house)
    houses.advanced(house, started)
    with pytest.raises(RevisionMismatch):
        rollouts.advance(rollout, revision=1, actor=acting(house.operator))
    assert recorded.newest(rollout.promotion)["data"] == {"rule": "RevisionMismatch"}
    assert running(house).step == 1


def test_advance_of_a_finished_rollout_is_refused(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    rollout = Rollout.objects.get(promotion=promotion)
    with pytest.raises(Conflict, match=r"The rollout is Promoted; it cannot advance."):
        rollouts.advance(rollout, revision=rollout.revision, actor=acting(house.operator))


def test_advance_by_an_engineer_is_refused_and_on_record(house: House) -> None:
    houses.champion(house)
    houses.executed(house)
    rollout = running(house)
    with pytest.raises(NotPermitted):
        rollouts.advance(rollout, revision=1, actor=acting(house.engineer))
    assert recorded.newest(rollout.promotion)["data"] == {"rule": "NotPermitted"}


@pytest.mark.parametrize("step", [0, 1])
def test_advance_over_a_champion_whose_approval_has_just_ended_is_refused_and_on_record(
    house: House, step: int
) -> None:
    champion = houses.champion(house).champion_promotion
    houses.executed(house)
    Rollout.objects.filter(state="running").update(step=step)
    PromotionRequest.objects.filter(pk=champion.pk).update(valid_until=timezone.now())  # type: ignore[union-attr]
    rollout = running(house)
    with pytest.raises(Conflict, match="the canary goes out with it"):
        rollouts.advance(rollout, revision=rollout.revision, actor=acting(house.operator))
    assert recorded.newest(rollout.promotion)["data"] == {"rule": "Conflict"}


def test_execute_of_a_version_with_a_new_finding_is_refused_and_on_record(house: House) -> None:
    approved = houses.approved(house)
    found_wrong(house, approved)
    with pytest.raises(Conflict, match="Findings about the version are not settled"):
        rollouts.execute(approved, actor=acting(house.operator))
    assert (recorded.newest(approved)["event"], assigning.current(house.slot)) == ("rollout.refused", None)


def test_advance_of_a_version_with_a_new_finding_is_refused_and_its_canary_goes_on(house: House) -> None:
    houses.champion(house)
    started = houses.executed(house)
    found_wrong(house, started.canary_promotion)
    with pytest.raises(Conflict, match="Findings about the version are not settled"):
        houses.advanced(house, started)
    assert assigning.current(house.slot) == started


def test_execute_beside_a_champion_that_serves_again_by_its_resumed_approval_starts_a_canary(house: House) -> None:
    first = houses.champion(house)
    changed(withdrawals.suspend, first, by=house.operator)
    approved = houses.approved(house)
    changed(withdrawals.resume, first, by=house.reviewer)
    started = rollouts.execute(approved, actor=acting(house.operator))
    assert (started.champion, started.canary, started.canary_percent) == (first.champion, approved.model_version, 10)


def test_execute_while_another_rollout_runs_is_refused(house: House) -> None:
    houses.champion(house)
    houses.executed(house)
    assert_execution_refused(house, houses.approved(house), Conflict)


def test_execute_of_a_request_in_review_is_refused(house: House) -> None:
    assert_execution_refused(house, houses.validated(house), Stale)


def test_execute_of_a_completed_promotion_is_refused(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    assert_execution_refused(house, promotion, Conflict)


def test_execute_of_an_expired_approval_is_refused(house: House) -> None:
    promotion = houses.approved(house)
    expire(promotion)
    error = assert_execution_refused(house, promotion, Stale)
    assert error.detail == "The approval has expired; it needs a new review."


def test_execute_of_a_changed_artifact_is_refused(house: House) -> None:
    promotion = houses.approved(house)
    ModelVersion.objects.filter(pk=promotion.model_version_id).update(artifact_digest="0" * 64)
    assert_execution_refused(house, promotion, Stale)


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.VALIDATOR, Role.PLATFORM_ADMIN])
def test_execute_by_somebody_who_is_no_operator_is_refused(house: House, role: Role) -> None:
    promotion = houses.approved(house)
    with pytest.raises(NotPermitted):
        rollouts.execute(promotion, actor=acting(factories.person(role)))
    assert recorded.newest(promotion)["data"] == {"rule": "NotPermitted"}


def test_execute_by_a_superuser_is_refused(house: House) -> None:
    root = factories.person()
    root.is_superuser = True
    with pytest.raises(NotPermitted):
        rollouts.execute(houses.approved(house), actor=acting(root))
    assert not SlotAssignment.objects.filter(slot=house.slot).exists()


def test_execute_over_an_expired_champion_serves_at_once(house: House) -> None:
    expire(houses.champion(house).champion_promotion)
    assignment = houses.executed(house)
    assert (assignment.cause, assignment.canary) == ("promoted", None)


def test_canary_is_executing_until_it_is_champion(house: House) -> None:
    houses.champion(house)
    started = houses.executed(house)
    promotion, states = started.canary_promotion, []
    assert promotion is not None
    states.append(recorded.fresh(promotion).state)
    houses.advanced(house, houses.advanced(house, started))
    states.append(recorded.fresh(promotion).state)
    assert states == ["executing", "completed"]
    assert "promotion.executing" in recorded.names(promotion)


def test_renewal_needs_no_canary_and_takes_the_older_approvals_place(house: House) -> None:
    first = houses.champion(house)
    assert first.champion is not None
    renewed = houses.renewed(house, first.champion)
    old = recorded.fresh(first.champion_promotion)  # type: ignore[arg-type]
    assert (renewed.cause, renewed.champion, renewed.canary) == ("renewed", first.champion, None)
    assert (old.state, old.approval) == ("completed", "expired")
    assert "promotion.superseded" in recorded.names(old)


def test_executions_at_the_same_time_one_wins(live_database: str) -> None:
    house = houses.build()
    promotions, outcomes = [houses.approved(house) for _ in range(3)], list[str]()

    def run(promotion: PromotionRequest) -> None:
        try:
            outcomes.append(execute(house, promotion).cause)
        except RegistryError as error:
            outcomes.append(type(error).__name__)
        connection.close()

    threads = [threading.Thread(target=run, args=[one]) for one in promotions for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(outcomes)[-1], set(outcomes)) == ("promoted", {"promoted", "Stale", "Conflict"})
    assert outcomes.count("promoted") == SlotAssignment.objects.filter(slot=house.slot).count() == 1
