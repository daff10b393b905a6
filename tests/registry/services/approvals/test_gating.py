"""The gates' facts: from rows, now and as of then."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.gates.facts import Waiver
from registry.gates.fields import FIELDS, REGIMES
from registry.gates.results import Evaluation, GateResult
from registry.models import AISystem, EvidenceItem, PromotionRequest
from registry.models import GateResult as Row
from registry.services.approvals import gating
from tests import factories, houses, recorded

pytestmark = pytest.mark.django_db


def names(context: dict[str, Any], path: str = "") -> set[str]:
    """The dotted names of all values."""
    found = {key: f"{path}.{key}".lstrip(".") for key in context}
    return {
        name
        for key, value in context.items()
        for name in (names(value, found[key]) if isinstance(value, dict) else {found[key]})
    }


def test_context_has_every_field_that_a_policy_may_name() -> None:
    house = houses.build()
    version = houses.measured(house)
    context = gating.context(version, house.slot, None, change_class="initial")
    assert names(context) == FIELDS


def test_context_says_what_the_system_is_and_is_held_to() -> None:
    house = houses.build()
    AISystem.objects.filter(pk=house.system.pk).update(
        exposure="high", reliance="decides", position="provider", personal_data=False, regimes=["nyc-ll144", "21cfr11"]
    )
    version, slot = houses.measured(house), recorded.fresh(house.slot)
    system = gating.context(version, slot, version)["system"]
    assert (system["materiality"], system["position"], system["personal_data"]) == ("high", "provider", False)
    assert {name for name in REGIMES if system["regimes"][name]} == {"nyc_ll144", "21cfr11"}


def test_facts_of_a_request_are_those_that_its_gates_read() -> None:
    house = houses.build()
    version = houses.measured(house)
    request = houses.submitted(house)
    factories.evidence_set(request.model_version, auc=0.99)
    then, now = gating.facts_of(recorded.fresh(request)), gating.evidence_about(request.model_version)
    assert (len(then.evidence), len(now)) == (3, 5)
    assert [item.value for item in then.evidence if item.metric == "roc_auc"] == [0.85]
    assert then.context == request.context
    assert then.subjects == {"artifact": request.artifact_digest, "dataset": request.dataset_digest}
    assert (then.policy_effective_from, then.now) == (house.policy.effective_from, gating.judged_at(request))
    assert version.pk != request.model_version_id


def test_facts_of_a_request_leave_out_evidence_that_was_changed() -> None:
    request = houses.submitted(houses.build())
    EvidenceItem.objects.filter(metric="roc_auc").update(value=0.99)
    assert [item.metric for item in gating.facts_of(recorded.fresh(request)).evidence if item.metric] == [
        "impact_ratio"
    ]


def test_judged_at_is_when_the_gates_of_the_round_answered() -> None:
    request = houses.submitted(houses.build())
    first = gating.judged_at(request)
    Row.objects.filter(promotion=request).update(round=2)
    PromotionRequest.objects.filter(pk=request.pk).update(round=2)
    assert (gating.judged_at(recorded.fresh(request)), first <= timezone.now()) == (first, True)


def test_judged_at_of_a_request_whose_gates_never_answered_is_when_it_was_made() -> None:
    request = houses.submitted(houses.build())
    Row.objects.filter(promotion=request).update(round=9)
    assert gating.judged_at(request) == (request.submitted_at or request.created_at)


def test_results_keep_round_and_waiver() -> None:
    request = houses.submitted(houses.build())
    request.round, waiver = 3, factories.name("waiver")
    result = GateResult("perf.auc.floor", "waived", "review", "Waived.", "", waiver_id=waiver)
    (row,) = gating.results(request, Evaluation("ready", True, (result,), "d"))
    assert (row.round, row.waiver_id, row.verdict) == (3, waiver, "waived")


def test_facts_take_the_waivers_and_the_class_of_change_that_they_are_given() -> None:
    house = houses.build()
    version, now = houses.measured(house), timezone.now()
    given = Waiver("w", "perf.auc.floor", ("risk_officer",), now, now + timedelta(days=1))
    items = gating.evidence_about(version)
    facts = gating.facts(version, house.slot, house.policy, items, None, change_class="data", waivers=[given], now=now)
    assert (facts.waivers, facts.now, facts.context["request"]["change_class"]) == ((given,), now, "data")


def test_champion_is_what_serves_by_an_approval() -> None:
    house = houses.build()
    assert gating.champion(house.slot) is None
    assignment = houses.champion(house)
    assert gating.champion(house.slot) == assignment.champion
