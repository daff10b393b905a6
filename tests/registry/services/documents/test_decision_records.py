"""The decision record of a request to which everything happened."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import PromotionRequest
from registry.roles import Role
from registry.services import people
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from registry.services.decisions import promotions, waivers
from registry.services.decisions.waivers import Asked
from registry.services.documents import decision_records, model_cards, pages
from registry.services.duties import delegations, duties, threads
from registry.services.duties.delegations import Span
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.django_db
GATE = "perf.auc.floor"
WAIVABLE = {"by": ["risk_officer"], "max_days": 90, "needs": ["rationale", "compensating_control"]}


def waived(house: House) -> PromotionRequest:
    """A request whose blocking gate two risk officers set aside."""
    request = houses.submitted(house, auc=0.81)
    asked = Asked(
        rationale="It misses the floor by a hair.",
        compensating_control="A person decides below 0.6.",
        expires_at=timezone.now() + timedelta(days=30),
    )
    waiver = waivers.request(request, gate=GATE, asked=asked, actor=acting(house.engineer))
    for team in ("risk", "credit risk"):
        officer = factories.person(Role.RISK_OFFICER, system=house.system, team=team)
        waiver = waivers.sign(
            waiver,
            reason="The control covers it.",
            credentials=factories.credentials(officer),
            revision=waiver.revision,
            actor=acting(officer),
        )
    return recorded.fresh(request)


def reviewed(house: House) -> PromotionRequest:
    """Judged again under the waiver, talked about, sent back, and approved by a deputy and on a condition."""
    request = waived(house)
    stranger = factories.person(Role.VALIDATOR, system=house.system, team="validation")
    duties.recuse(request, reason="I taught the author.", actor=acting(stranger))
    threads.comment(request, text="Is 0.81 enough?", actor=acting(house.reviewer))
    wrong = Wrong(severity="low", title="The label is coarse", detail="Part-time counts as employed.")
    findings.raise_(request.model_version, wrong, actor=acting(house.validator), promotion=request)
    request = houses.signed(
        recorded.fresh(request), house.validator, meaning="independent_validation", verdict="request_changes"
    )
    request = promotions.resubmit(request, reason="Explained.", actor=acting(house.engineer))
    deputy = factories.person(Role.DPO, team="audit")
    people.grant(deputy, Role.VALIDATOR, actor=factories.bootstrap(), system=factories.system())
    span = Span(timezone.now(), timezone.now() + timedelta(days=14))
    delegations.delegate(
        deputy, role="validator", span=span, reason="Away.", system=house.system, actor=acting(house.validator)
    )
    request = houses.signed(request, deputy, meaning="independent_validation")
    condition = {"text": "Watch the AUC.", "due_at": timezone.now() + timedelta(days=60)}
    return houses.signed(
        request, house.reviewer, meaning="review", verdict="approve_with_conditions", conditions=[condition]
    )


def house_with_a_waivable_gate() -> House:
    contract, floor = houses.policy_document("x")["gates"]
    return houses.build(gates=[contract, {**floor, "waivable": WAIVABLE}])


def rows(document: dict[str, Any], name: str, *columns: str) -> dict[str, list[tuple[Any, ...]]]:
    """Columns of the section's tables, by title."""
    (section,) = [one for one in document["sections"] if one["name"] == name]
    return {
        table["title"]: [tuple(row.get(column) for column in columns) for row in table["rows"]]
        for table in section["tables"]
    }


def test_record_shows_every_round_waiver_condition_finding_and_word() -> None:
    house = house_with_a_waivable_gate()
    document = decision_records.document(recorded.fresh(reviewed(house)))
    validator, reviewer = house.validator.get_full_name(), house.reviewer.get_full_name()
    decided = rows(document, "decisions", "verdict", "meaning", "stands_in_for")
    assert decided["Decisions of round 2"] == [("Request changes", "independent_validation", "")]
    assert decided["Decisions of round 3"] == [
        ("Approve", "independent_validation", validator),
        ("Approve with conditions", "review", ""),
    ]
    further = rows(document, "decisions", "on", "role", "reason")["Further signatures"]
    assert further == [("Waiver", "Risk officer", "The control covers it.")] * 2
    gates = rows(document, "gates", "gate", "verdict")
    assert gates["Gates of round 1"] == [("data.contract", "pass"), (GATE, "inconclusive")]
    assert gates["Gates of round 3"] == [("data.contract", "pass"), (GATE, "waived")]
    assert rows(document, "conditions", "gate", "text", "state") == {
        "Waivers": [(GATE, None, "Active")],
        "Conditions": [(None, "Watch the AUC.", "Open")],
    }
    assert rows(document, "findings", "title", "state")["Findings"] == [("The label is coarse", "Open")]
    assert rows(document, "thread", "author", "text")["Comments"] == [
        (reviewer, "Is 0.81 enough?"),
        (house.engineer.get_full_name(), "Explained."),
    ]
    assert [one[0] for one in rows(document, "duties", "reason")["Stepped back"]] == ["I taught the author."]


def test_card_of_a_conditionally_approved_version_says_on_what() -> None:
    request = recorded.fresh(reviewed(house_with_a_waivable_gate()))
    document = model_cards.document(request.model_version)
    shown = rows(document, "approval", "approval", "now", "text", "gate", "title")
    assert shown["Approval for each slot"] == [("Conditionally approved", "holds", None, None, None)]
    assert shown["Conditions"] == [(None, None, "Watch the AUC.", None, None)]
    assert shown["Waivers"] == [(None, None, None, GATE, None)]
    assert shown["Findings"] == [(None, None, None, None, "The label is coarse")]
    assert "Watch the AUC." in pages.html(document)
