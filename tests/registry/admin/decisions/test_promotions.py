"""The reviewer's page: what it says first, and a decision from reading to signature."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from registry.models import PromotionRequest, User
from registry.roles import Role
from registry.services.decisions import deciding, promotions
from registry.services.duties import delegations
from tests import desks, factories, houses, recorded
from tests.factories import acting
from tests.houses import House


@pytest.fixture
def promotion(house: House) -> PromotionRequest:
    return houses.submitted(house)


def form(promotion: PromotionRequest, **changes: Any) -> dict[str, Any]:
    return {
        "verdict": "approve",
        "meaning": "independent_validation",
        "reason": "I re-ran it; the figures hold.",
        "password": factories.PASSWORD,
        "revision": promotion.revision,
        **changes,
    }


def decide(account: User, promotion: PromotionRequest, **changes: Any) -> Any:
    given = form(promotion, **{"code": factories.code(account), **changes})
    return desks.at(account).post(desks.page(promotion, "decide"), given)


def read(account: User, promotion: PromotionRequest) -> str:
    return desks.at(account).get(desks.page(promotion)).content.decode()


def test_page_says_the_worst_first_and_asks_for_the_signature_last(house: House, promotion: PromotionRequest) -> None:
    shown = read(house.validator, promotion)
    parts = [
        f"Shall {promotion.model_version} serve in {promotion.slot}?",
        promotion.headline,
        "What the gates say",
        "Candidate against champion",
        "How sure we are",
        "If nothing is done",
        "Decisions so far",
        "What a signature binds",
        "In the audit log",
        "Your decision",
    ]
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)


def test_page_shows_figures_with_intervals_and_n(house: House, promotion: PromotionRequest) -> None:
    shown = read(house.validator, promotion)
    assert '0.850 <span class="interval">[0.830, 0.870]</span>' in shown
    assert "n = 2,000" in shown
    assert "0.850 between 0.830 and 0.870, threshold 0.8: the whole interval is above the threshold" in shown


def test_page_compares_with_what_served_when_it_was_asked(house: House) -> None:
    first = houses.submitted(house)
    houses.champion(house)
    second = houses.submitted(house)
    assert "there is no champion to compare with" in read(house.validator, first)
    assert "Nothing: same data, recipe, code and environment." in read(house.validator, second)


def test_form_is_for_who_may_sign_and_others_read_why_not(house: House, promotion: PromotionRequest) -> None:
    assert 'name="password"' in read(house.validator, promotion)
    for account in (house.reviewer, house.engineer):
        shown = read(account, promotion)
        assert 'name="password"' not in shown
        assert escape(deciding.why_not(promotion, account)) in shown


def test_signing_through_to_approval(house: House, promotion: PromotionRequest) -> None:
    first = decide(house.validator, promotion)
    second = decide(house.reviewer, recorded.fresh(promotion), meaning="review")
    assert [first.status_code, second.status_code] == [302, 302]
    made = list(promotion.decisions.values_list("printed_name", "verdict", "meaning"))
    assert made == [
        (house.validator.full_name, "approve", "independent_validation"),
        (house.reviewer.full_name, "approve", "review"),
    ]
    assert recorded.fresh(promotion).state == "approved"


def test_rejecting_ends_the_request(house: House, promotion: PromotionRequest) -> None:
    decide(house.validator, promotion, verdict="reject")
    assert recorded.fresh(promotion).state == "rejected"


def test_wrong_password_signs_nothing_and_keeps_the_reason(house: House, promotion: PromotionRequest) -> None:
    answer = decide(house.validator, promotion, password="a wrong password")
    shown = answer.content.decode()
    assert answer.status_code == 403
    assert "The password is not right, so nothing was signed. Enter your own password again." in shown
    assert "I re-ran it; the figures hold." in shown
    assert "a wrong password" not in shown
    assert recorded.newest(promotion)["data"] == {"rule": "SignatureRejected"}


def test_author_s_own_attempt_is_refused_and_on_record(house: House, promotion: PromotionRequest) -> None:
    answer = decide(house.engineer, promotion)
    assert answer.status_code == 409
    assert "You wrote this request; ask somebody else with the role validator." in answer.content.decode()
    assert recorded.names(promotion) == ["promotion.submitted", "promotion.decision_refused"]
    assert list(promotion.decisions.all()) == []


def test_page_that_has_moved_on_signs_nothing(house: House, promotion: PromotionRequest) -> None:
    answer = decide(house.validator, promotion, revision=promotion.revision + 1)
    assert answer.status_code == 409
    assert list(promotion.decisions.all()) == []


@pytest.mark.parametrize("changes", [{"reason": " "}, {"verdict": ""}, {"revision": "x"}])
def test_form_with_a_gap_is_shown_again(house: House, promotion: PromotionRequest, changes: dict[str, str]) -> None:
    assert decide(house.validator, promotion, **changes).status_code == 422
    assert recorded.names(promotion) == ["promotion.submitted"]


def test_signing_needs_a_session_and_its_token(house: House, promotion: PromotionRequest) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(house.validator, backend="registry.authentication.PasswordBackend")
    assert strict.post(desks.page(promotion, "decide"), form(promotion)).status_code == 403
    assert Client().post(desks.page(promotion, "decide"), form(promotion)).status_code == 302
    assert recorded.names(promotion) == ["promotion.submitted"]


def test_opening_an_act_s_address_only_leads_to_the_page(house: House, promotion: PromotionRequest) -> None:
    answer = desks.at(house.engineer).get(desks.page(promotion, "withdraw"))
    assert answer["Location"] == desks.page(promotion)
    assert recorded.fresh(promotion).state == "in_review"


def test_author_withdraws(house: House, promotion: PromotionRequest) -> None:
    desks.at(house.engineer).post(desks.page(promotion, "withdraw"), {"reason": "A better one is coming."})
    assert recorded.fresh(promotion).state == "withdrawn"
    assert recorded.sealed(promotion) == {"reason": "A better one is coming."}


def test_operator_executes_what_is_approved(house: House) -> None:
    approved = houses.approved(house)
    desks.at(house.operator).post(desks.page(approved, "execute"), {"reason": "Reviewed."})
    assert recorded.fresh(approved).state == "completed"


def test_execution_of_a_withdrawn_request_is_refused_on_its_page(house: House, promotion: PromotionRequest) -> None:
    promotions.withdraw(promotion, actor=acting(house.engineer), reason="Not now.")
    answer = desks.at(house.operator).post(desks.page(promotion, "execute"), {"reason": "Reviewed."})
    assert (answer.status_code, recorded.names(promotion)[-1]) == (409, "rollout.refused")


def test_pack_is_a_zip_once_its_events_are_under_a_head(house: House, promotion: PromotionRequest) -> None:
    early = desks.at(house.validator).post(desks.page(promotion, "pack"))
    factories.sequence()
    answer = desks.at(house.validator).post(desks.page(promotion, "pack"))
    assert (early.status_code, answer.status_code, answer["Content-Type"]) == (409, 200, "application/zip")
    assert answer.content[:2] == b"PK"
    assert recorded.names(promotion)[-1] == "promotion.pack_exported"


def test_page_offers_five_verdicts(house: House, promotion: PromotionRequest) -> None:
    shown = read(house.validator, promotion)
    verdicts = ["approve", "approve_with_conditions", "request_changes", "reject", "abstain"]
    assert [f'name="verdict" value="{one}"' in shown for one in verdicts] == [True] * 5


def test_conditions_stand_one_a_line(house: House, promotion: PromotionRequest) -> None:
    due_at = (timezone.now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
    lines = "Measure people over 60 again.\r\n\r\nWrite the section on limits.\r\n"
    given = {"conditions": lines, "due_at": due_at, "on_breach": "alert"}
    answer = decide(house.validator, promotion, verdict="approve_with_conditions", **given)
    assert answer.status_code == 302
    assert [(one.text, one.on_breach) for one in promotion.conditions.all()] == [
        ("Measure people over 60 again.", "alert"),
        ("Write the section on limits.", "alert"),
    ]


def test_conditions_without_a_time_sign_nothing_and_are_kept(house: House, promotion: PromotionRequest) -> None:
    answer = decide(house.validator, promotion, verdict="approve_with_conditions", conditions="Measure it again.")
    assert (answer.status_code, promotion.decisions.count()) == (422, 0)
    assert "Measure it again." in answer.content.decode()


def test_request_that_was_sent_back_is_put_forward_again_on_its_page(house: House) -> None:
    request = houses.sent_back(house)
    desks.at(house.engineer).post(desks.page(request, "resubmit"), {"reason": "Measured again."})
    shown = read(house.reviewer, request)
    assert recorded.fresh(request).round == 2
    for words in ("This is round 2", "changes requested, void", "Measured again."):
        assert words in shown


def test_blocked_request_is_judged_again_on_its_page(house: House) -> None:
    request = houses.submitted(house, auc=0.7)
    factories.evidence_set(request.model_version, auc=0.9)
    desks.at(house.validator).post(desks.page(request, "rerun"))
    assert recorded.fresh(request).state == "in_review"


def test_draft_is_put_forward_on_its_page(house: House) -> None:
    version, author = houses.measured(house), acting(house.engineer)
    request = promotions.draft(version, slot=house.slot, policy=house.policy, reason="Soon.", actor=author)
    assert "Put forward" in read(house.engineer, request)
    desks.at(house.engineer).post(desks.page(request, "submit"))
    assert recorded.fresh(request).state == "in_review"


def test_step_is_taken_and_given_back(house: House, promotion: PromotionRequest) -> None:
    desks.at(house.validator).post(desks.page(promotion, "claim"))
    assert f"{house.validator} looks at it." in read(house.reviewer, promotion)
    desks.at(house.validator).post(desks.page(promotion, "unclaim"))
    assert promotion.tasks.get().assignee is None


def test_who_steps_back_reads_it_and_signs_no_more(house: House, promotion: PromotionRequest) -> None:
    desks.at(house.validator).post(desks.page(promotion, "recuse"), {"reason": "A relative trained it."})
    shown = read(house.validator, promotion)
    assert f"{house.validator} has stepped back: A relative trained it." in shown
    assert 'name="password"' not in shown


def test_words_in_the_thread_are_read_by_others_and_escaped(house: House, promotion: PromotionRequest) -> None:
    desks.at(house.operator).post(desks.page(promotion, "comment"), {"text": "Is <b>2016</b> in it?"})
    assert "Is &lt;b&gt;2016&lt;/b&gt; in it?" in read(house.validator, promotion)
    assert desks.at(house.operator).post(desks.page(promotion, "comment"), {"text": " "}).status_code == 422


def test_who_stands_in_reads_for_whom(house: House, promotion: PromotionRequest) -> None:
    deputy, now = factories.person(Role.DPO, team="audit", system=house.system), timezone.now()
    span = delegations.Span(now, now + timedelta(days=7))
    delegator = acting(house.validator)
    delegations.delegate(deputy, role="validator", span=span, reason="Away.", system=house.system, actor=delegator)
    assert f"standing in for <strong>{house.validator}</strong>" in read(deputy, promotion)
    decide(deputy, promotion)
    assert f"for {house.validator}" in read(house.reviewer, promotion)
    assert promotion.decisions.get().delegated_by == house.validator


def test_page_takes_as_many_queries_in_a_later_round(house: House) -> None:
    first, second = houses.sent_back(house), houses.sent_back(house)
    for request in (first, second):
        promotions.resubmit(request, reason="Again.", actor=acting(house.engineer))
    houses.signed(recorded.fresh(second), house.validator, meaning="independent_validation", verdict="request_changes")
    promotions.resubmit(recorded.fresh(second), reason="Again.", actor=acting(house.engineer))
    reader = desks.at(house.operator)
    assert desks.queries(reader, desks.page(first)) == desks.queries(reader, desks.page(second))
