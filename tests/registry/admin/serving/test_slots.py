"""Slot pages: what serves by whose signature, what served then, and the way back."""

from datetime import timedelta

from django.utils import timezone

from registry.admin.serving.deployments import champion_since
from registry.models import Rollout, Slot
from tests import desks, factories, houses, recorded
from tests.houses import House
from tests.registry.admin import forms


def test_page_says_what_serves_and_by_whose_signature(house: House) -> None:
    assignment = houses.champion(house)
    shown = desks.reader().get(desks.page(house.slot)).content.decode()
    assert f"{assignment.champion}</a> serves since" in shown
    assert f"{house.validator.full_name} (independent validation," in shown
    assert "holds, every signature verified" in shown


def test_page_answers_what_served_at_a_time(house: House) -> None:
    assignment = houses.champion(house)
    before, after = assignment.since - timedelta(hours=1), timezone.now()
    path = desks.page(house.slot)
    asked = [
        desks.reader().get(path, {"at": f"{moment:%Y-%m-%dT%H:%M:%S.%f}"}).context["served"]
        for moment in (before, after)
    ]
    assert asked[0] == "Nothing served then."
    assert f">{assignment.champion}</a> serves since" in asked[1]


def test_canary_leaves_since_when_the_champion_serves(house: House) -> None:
    first = houses.champion(house)
    houses.executed(house)
    now = house.slot.assignments.select_related("slot")[0]
    assert (now.canary_percent, champion_since(now)) == (10, first.since)


def test_page_asked_for_no_time_says_how_to_write_one(house: House) -> None:
    answer = desks.reader().get(desks.page(house.slot), {"at": "2026-13-45T10:00"})
    assert answer.context["served"] == "That is not a time; write it as 2026-11-23T10:30."


def test_operator_rolls_back(house: House) -> None:
    first = houses.champion(house)
    houses.champion(house)
    desks.at(house.operator).post(desks.page(house.slot, "rollback"), {"reason": "It drifts."})
    now = house.slot.assignments.first()
    assert now is not None
    assert (now.champion, now.cause, now.reason) == (first.champion, "rolled_back", "It drifts.")


def test_rollback_without_a_reason_changes_nothing(house: House) -> None:
    houses.champion(house)
    answer = desks.at(house.operator).post(desks.page(house.slot, "rollback"), {"reason": ""})
    assert (answer.status_code, Slot.objects.get(pk=house.slot.pk).revision) == (422, 1)


def test_rollback_by_a_reader_is_refused_on_record(house: House) -> None:
    houses.champion(house)
    answer = desks.reader().post(desks.page(house.slot, "rollback"), {"reason": "I do not like it."})
    assert (answer.status_code, recorded.newest(house.slot)["event"]) == (403, "slot.rollback_refused")


def test_button_is_only_for_operators(house: House) -> None:
    houses.champion(house)
    offered = [desks.at(who).get(desks.page(house.slot)).context["offers"] for who in (house.operator, house.reviewer)]
    assert [[act.name for act in acts] for acts in offered] == [["rollback", "break_glass"], []]


def test_operator_advances_a_canary(house: House) -> None:
    houses.champion(house)
    houses.executed(house)
    rollout = Rollout.objects.get(state="running")
    form = {"reason": "It held.", "revision": rollout.revision}
    desks.at(house.operator).post(desks.page(rollout, "advance"), form)
    assert house.slot.assignments.values_list("canary_percent", flat=True)[0] == 50


def test_page_tells_what_happened_in_words(house: House) -> None:
    houses.champion(house)
    houses.champion(house)
    desks.at(house.operator).post(desks.page(house.slot, "rollback"), {"reason": "It drifts."})
    shown = desks.reader().get(desks.page(house.slot)).content.decode()
    told = shown[shown.index("What happened here") : shown.index("Every change as a table")]
    assert [part in told for part in ("took the slot", "as the canary beside", "rolled back,")] == [True] * 3
    assert "<q>It drifts</q>" in told


def test_operator_breaks_the_glass_and_the_page_says_so(house: House) -> None:
    version = houses.measured(house)
    given = forms.signature(house.operator, version=str(version.pk))
    assert forms.post(house.operator, house.slot, "break_glass", **given).status_code == 302
    shown = desks.reader().get(desks.page(house.slot)).content.decode()
    assert [part in shown for part in ("without an approval", f"{version}</a> serves since")] == [True, True]
    assert "break_glass" not in forms.offered(house.operator, house.slot)


def test_break_glass_without_a_version_of_the_system_changes_nothing(house: House) -> None:
    other = factories.version()
    given = forms.signature(house.operator, version=str(other.pk))
    answer = forms.post(house.operator, house.slot, "break_glass", **given)
    assert (answer.status_code, house.slot.assignments.count()) == (422, 0)


def test_break_glass_is_refused_to_a_reviewer_on_record(house: House) -> None:
    version = houses.measured(house)
    given = forms.signature(house.reviewer, version=str(version.pk))
    assert forms.post(house.reviewer, house.slot, "break_glass", **given).status_code == 403
    assert recorded.newest(house.slot)["event"] == "emergency.refused"
