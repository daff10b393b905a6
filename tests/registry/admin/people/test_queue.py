"""My queue: what waits for this person, the most urgent first; and what to do when nothing does."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from registry.admin.people import queue
from registry.models import PromotionRequest, SlotAssignment, User
from registry.roles import Role
from tests import desks, factories, houses
from tests.houses import House


def due(promotion: PromotionRequest, hours: int) -> None:
    PromotionRequest.objects.filter(pk=promotion.pk).update(due_at=timezone.now() + timedelta(hours=hours))


def mine(account: User) -> list[PromotionRequest]:
    return [one.request for one in queue.waiting(account) if one.mine]


def home(account: User) -> str:
    return desks.at(account).get(reverse("admin:index")).content.decode()


def test_request_waits_for_the_next_signer_only(house: House) -> None:
    promotion = houses.submitted(house)
    assert (mine(house.validator), mine(house.reviewer), mine(house.engineer)) == ([promotion], [], [])


def test_signature_hands_the_request_on(house: House) -> None:
    promotion = houses.validated(house)
    assert (mine(house.validator), mine(house.reviewer)) == ([], [promotion])


def test_role_for_another_system_is_none_here(house: House) -> None:
    houses.submitted(house)
    assert mine(houses.build().validator) == []


def test_overdue_comes_first_then_the_oldest(house: House) -> None:
    first, second, late = (houses.submitted(house) for _ in range(3))
    due(late, hours=-1)
    assert mine(house.validator) == [late, first, second]


def test_waiting_tells_what_is_late_what_soon_and_who_else_signs(house: House) -> None:
    promotion = houses.submitted(house)
    due(promotion, hours=47)
    (one,) = queue.waiting(house.validator)
    assert (one.role, one.others, one.overdue, one.soon) == ("Validator", "Compliance reviewer", False, True)


def test_expiring_holds_only_approvals_by_which_something_serves(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    houses.approved(house)
    assert promotion is not None
    PromotionRequest.objects.update(valid_until=timezone.now() + timedelta(days=3))
    assert SlotAssignment.objects.count() == 1
    assert list(queue.expiring(house.validator)) == [promotion]
    assert list(queue.expiring(houses.build().validator)) == []


def test_home_shows_headline_and_way_to_the_page(house: House) -> None:
    promotion = houses.submitted(house)
    shown = home(house.validator)
    assert promotion.headline in shown
    assert desks.page(promotion) in shown


def test_home_never_signs(house: House) -> None:
    houses.submitted(house)
    assert 'name="password"' not in home(house.validator)


@pytest.mark.django_db
def test_empty_queue_says_what_to_do() -> None:
    assert "Nothing waits for you." in home(factories.person(Role.VALIDATOR))


@pytest.mark.django_db
def test_home_without_a_role_says_whom_to_ask() -> None:
    client = Client()
    client.force_login(factories.person(), backend="registry.authentication.PasswordBackend")
    assert "Ask a platform admin for one" in client.get(reverse("admin:index")).content.decode()


@pytest.mark.django_db
def test_home_counts_what_is_left_to_do_afterwards_and_leads_there() -> None:
    house = desks.world()
    client = desks.at(house.engineer)
    counts = {name: (count, url) for name, count, url, _ in client.get(reverse("admin:index")).context["counts"]}
    wanted = {"Reviews due": 1, "Open incidents": 1, "Findings you own": 1, "Waivers ending in 30 days": 0}
    assert {name: counts[name][0] for name in wanted} == wanted
    lists = {name: client.get(counts[name][1]).context["cl"].result_count for name in wanted}
    assert lists == wanted
