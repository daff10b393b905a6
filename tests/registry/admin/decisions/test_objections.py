"""What people have against a request: raised, waived and listed on its page."""

import pytest

from registry.models import Finding, PromotionRequest, Waiver
from tests import desks, houses
from tests.houses import House
from tests.registry.admin import forms


@pytest.fixture
def blocked() -> tuple[House, PromotionRequest]:
    house = houses.build(gates=houses.waivable_gates())
    return house, houses.submitted(house, auc=0.81)


WRONG = {"severity": "high", "title": "It fails on nights", "detail": "AUC 0.52 from 22 to 6."}
ASKED = {"gate": "perf.auc.floor", "rationale": "By a hair.", "compensating_control": "A person decides."}


@pytest.mark.django_db
def test_finding_is_raised_on_the_request_and_shown_there(blocked: tuple[House, PromotionRequest]) -> None:
    house, request = blocked
    given = {**WRONG, "owner": str(house.engineer.pk), "due_at": forms.in_days(9)}
    assert forms.post(house.validator, request, "raise_finding", **given).status_code == 302
    made = Finding.objects.get()
    assert (made.severity, made.title, made.owner, made.promotion) == (
        "high",
        "It fails on nights",
        house.engineer,
        request,
    )
    shown = desks.at(house.reviewer).get(desks.page(request)).content.decode()
    assert desks.page(made) in shown


@pytest.mark.django_db
def test_finding_without_a_title_is_refused_and_the_form_keeps_the_rest(
    blocked: tuple[House, PromotionRequest],
) -> None:
    house, request = blocked
    answer = forms.post(house.validator, request, "raise_finding", **{**WRONG, "title": ""})
    assert (answer.status_code, Finding.objects.count()) == (422, 0)
    assert "AUC 0.52 from 22 to 6." in answer.content.decode()


@pytest.mark.django_db
def test_finding_is_not_raised_by_an_engineer(blocked: tuple[House, PromotionRequest]) -> None:
    house, request = blocked
    assert "raise_finding" not in forms.offered(house.engineer, request)
    assert forms.post(house.engineer, request, "raise_finding", **WRONG).status_code == 403


@pytest.mark.django_db
def test_waiver_is_asked_for_by_the_author_and_leads_to_its_page(blocked: tuple[House, PromotionRequest]) -> None:
    house, request = blocked
    answer = forms.post(house.engineer, request, "ask_waiver", **ASKED, expires_at=forms.in_days(30))
    assert answer.status_code == 302
    made = Waiver.objects.get()
    assert (made.gate, made.state, made.compensating_control) == ("perf.auc.floor", "requested", "A person decides.")
    assert desks.page(made) in desks.at(house.reviewer).get(desks.page(request)).content.decode()


@pytest.mark.django_db
def test_waiver_longer_than_the_policy_lets_is_refused(blocked: tuple[House, PromotionRequest]) -> None:
    house, request = blocked
    answer = forms.post(house.engineer, request, "ask_waiver", **ASKED, expires_at=forms.in_days(300))
    assert (answer.status_code, Waiver.objects.count()) == (422, 0)


def test_waiver_is_offered_only_where_the_policy_lets_a_gate_be_waived(
    house: House, blocked: tuple[House, PromotionRequest]
) -> None:
    strict = houses.submitted(house, auc=0.81)
    assert "ask_waiver" not in forms.offered(house.engineer, strict)
    assert "ask_waiver" in forms.offered(blocked[0].engineer, blocked[1])


def test_page_leads_to_record_card_and_explanation(house: House) -> None:
    request = houses.submitted(house)
    client = desks.at(house.validator)
    documents = client.get(desks.page(request)).context["documents"]
    assert [client.get(url).status_code for _, url in documents] == [200, 200, 200]


def test_replay_says_that_the_gates_answer_as_they_did(house: House) -> None:
    request = houses.submitted(house)
    client = desks.at(house.reviewer)
    answer = client.post(desks.page(request, "replay"), follow=True)
    assert "answer as they did" in answer.content.decode()
