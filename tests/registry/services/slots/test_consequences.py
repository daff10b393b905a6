"""What ends by the clock acts on its slot: approvals, reviews that nobody answered, break-glass."""

import threading
from collections.abc import Callable

from django.db import connection
from django.utils import timezone

from registry.models import Emergency, Incident, PeriodicReview, PromotionRequest, SlotAssignment
from registry.services import sweeping
from registry.services.approvals import reviews, standing
from registry.services.slots import assigning, consequences, emergencies, expiry
from tests import databases, factories, houses, recorded
from tests.factories import acting
from tests.houses import House

ACTOR = factories.bootstrap()
DONE, NOTHING = sweeping.Swept(done=1), sweeping.Swept()


def over(promotion: PromotionRequest | None) -> PromotionRequest:
    """The approval's end has come."""
    assert promotion is not None
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=timezone.now())
    return promotion


def serving(house: House) -> SlotAssignment:
    found = assigning.current(house.slot)
    assert found is not None
    return found


def opened(house: House) -> Emergency:
    return emergencies.open(
        house.slot,
        version=houses.measured(house),
        reason="Nothing answers.",
        credentials=factories.credentials(house.operator),
        actor=acting(house.operator),
    )


def unanswered(house: House, **which: str) -> PeriodicReview:
    """A review whose last moment has passed."""
    review = PeriodicReview.objects.get(**which)
    PeriodicReview.objects.filter(pk=review.pk).update(lapses_at=timezone.now())
    return review


def test_expired_approval_ends_and_the_champion_before_serves_again(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    promotion = over(second.champion_promotion)
    assert expiry.expire_due(actor=ACTOR) == DONE
    assert (recorded.fresh(promotion).approval, recorded.names(promotion)[-1]) == ("expired", "approval.expired")
    assert (serving(house).champion, serving(house).cause) == (first.champion, "withdrawn")
    assert promotion.reviews.get().state == "lapsed"


def test_expired_approval_ends_once(house: House) -> None:
    over(houses.champion(house).champion_promotion)
    assert [expiry.expire_due(actor=ACTOR), expiry.expire_due(actor=ACTOR)] == [DONE, NOTHING]
    assert SlotAssignment.objects.filter(slot=house.slot).count() == 2


def test_approval_that_expires_before_it_served_frees_its_version_for_another_request(house: House) -> None:
    promotion = over(houses.approved(house))
    expiry.expire_due(actor=ACTOR)
    assert recorded.fresh(promotion).state == "stale"
    assert houses.approved_again(house, promotion.model_version).state == "approved"


def test_expired_canary_is_taken_out(house: House) -> None:
    first = houses.champion(house)
    promotion = over(houses.executed(house).canary_promotion)
    expiry.expire_due(actor=ACTOR)
    assert (serving(house).champion, serving(house).canary) == (first.champion, None)
    assert recorded.fresh(promotion).state == "rolled_back"


def test_break_glass_ends_by_itself(house: House) -> None:
    first = houses.champion(house)
    emergency = opened(house)
    Emergency.objects.filter(pk=emergency.pk).update(ends_at=timezone.now())
    assert expiry.end_due(actor=ACTOR) == DONE
    assert (serving(house).champion, serving(house).cause) == (first.champion, "emergency_ended")
    assert recorded.newest(emergency)["data"] == {"cause": "its time is over"}


def test_stale_review_that_lapses_suspends_the_approval(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    assert second.champion is not None
    factories.evidence_set(second.champion)
    review = unanswered(house, cause="stale", promotion=second.champion_promotion)  # type: ignore[arg-type]
    assert expiry.lapse_due(actor=ACTOR) == DONE
    promotion = recorded.fresh(second.champion_promotion)  # type: ignore[arg-type]
    assert (promotion.approval, recorded.fresh(review).state) == ("suspended", "lapsed")
    assert serving(house).champion == first.champion


def test_after_review_that_lapses_is_one_incident(house: House) -> None:
    emergency = opened(house)
    unanswered(house, cause="emergency")
    assert [expiry.lapse_due(actor=ACTOR), expiry.lapse_due(actor=ACTOR)] == [DONE, NOTHING]
    incident = Incident.objects.get()
    assert (incident.slot, incident.source, incident.state) == (emergency.slot, "after-review", "reported")


def test_follow_settles_a_slot_whose_approval_ended_elsewhere(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    promotion = recorded.fresh(second.champion_promotion)  # type: ignore[arg-type]
    standing.suspend(promotion, cause="condition breached", reason="The drift came.", actor=ACTOR)
    assert [consequences.follow(actor=ACTOR), consequences.follow(actor=ACTOR)] == [DONE, NOTHING]
    assert serving(house).champion == first.champion


def test_follow_leaves_what_holds_alone(house: House) -> None:
    current = houses.champion(house)
    assert consequences.follow(actor=ACTOR) == NOTHING
    assert serving(house) == current


def test_reviews_fall_due_and_then_overdue(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    review, states = promotion.reviews.get(), []
    for due_at in (timezone.now() + reviews.AHEAD, timezone.now()):
        PeriodicReview.objects.filter(pk=review.pk).update(due_at=due_at)
        reviews.fall_due(actor=ACTOR)
        states.append((recorded.fresh(review).state, recorded.names(review)[-1]))
    assert states == [("due", "review.due"), ("overdue", "review.overdue")]
    assert reviews.fall_due(actor=ACTOR) == NOTHING


def test_rounds_at_the_same_time_do_everything_once(live_database: str) -> None:
    house = houses.build()
    first, second = houses.champion(house), houses.champion(house)
    # Behind the guard's back, as time does it: nobody changes the row when its end comes.
    with databases.superuser(live_database) as superuser:
        superuser.execute("ALTER TABLE registry_promotionrequest DISABLE TRIGGER USER")
        superuser.execute(
            "UPDATE registry_promotionrequest SET valid_until = now() WHERE id = %s", [second.champion_promotion_id]
        )
    found = at_once(lambda: expiry.expire_due(actor=ACTOR), lambda: consequences.follow(actor=ACTOR))
    assert [one.failed for one in found] == [0] * len(found)
    causes = SlotAssignment.objects.filter(slot=house.slot, cause="withdrawn").values_list("champion", flat=True)
    assert list(causes) == [first.champion_id]


def at_once(*calls: Callable[[], sweeping.Swept]) -> list[sweeping.Swept]:
    """Each call four times, all at the same moment, each on a connection of its own."""
    start, found = threading.Barrier(4 * len(calls)), list[sweeping.Swept]()

    def run(call: Callable[[], sweeping.Swept]) -> None:
        start.wait()
        found.append(call())
        connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
