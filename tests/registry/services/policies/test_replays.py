"""Old requests judged again: the same answers, and every tampering told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registry.models import EvidenceItem, GateResult, PolicyVersion, PromotionRequest, Waiver
from registry.roles import Role
from registry.services.decisions import waivers
from registry.services.decisions.waivers import Asked
from registry.services.policies import replays
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def differing(request: PromotionRequest) -> set[tuple[str, str]]:
    found = replays.replay(recorded.fresh(request))
    return {(one.subject, one.field) for one in found.differences}


def test_replay_of_a_request_gives_what_was_signed() -> None:
    request = houses.submitted(houses.build())
    found = replays.replay(recorded.fresh(request))
    assert (found.gates, found.differences) == (2, ())
    assert found.sentence.endswith("answer as they did.")


def test_replay_after_newer_evidence_and_a_newer_policy_is_the_same() -> None:
    house = houses.build()
    request = houses.submitted(house)
    factories.evidence_set(request.model_version, auc=0.5)
    PolicyVersion.objects.filter(pk=house.policy.pk).update(state="superseded")
    assert differing(request) == set()


def test_replay_of_a_blocked_request_gives_the_same() -> None:
    assert differing(houses.submitted(houses.build(), auc=0.7)) == set()


def test_replay_tells_of_evidence_that_was_changed() -> None:
    request = houses.submitted(houses.build())
    EvidenceItem.objects.filter(metric="roc_auc").update(low=0.1)
    told = differing(request)
    assert {("request", "evidence"), ("perf.auc.floor", "verdict"), ("request", "record")} <= told


def test_replay_tells_of_an_answer_that_was_changed() -> None:
    request = houses.submitted(houses.build(), auc=0.7)
    GateResult.objects.filter(promotion=request, gate="perf.auc.floor").update(verdict="pass", effect="none")
    assert differing(request) == {("perf.auc.floor", "verdict"), ("perf.auc.floor", "effect")}


def test_replay_tells_of_a_policy_that_was_changed() -> None:
    house = houses.build()
    request = houses.submitted(house)
    document = {**house.policy.document, "gates": house.policy.document["gates"][:1]}
    PolicyVersion.objects.filter(pk=house.policy.pk).update(document=document)
    assert {("request", "policy"), ("perf.auc.floor", "gate")} <= differing(request)


def test_replay_tells_of_a_policy_that_can_no_longer_be_read() -> None:
    house = houses.build()
    request = houses.submitted(house)
    PolicyVersion.objects.filter(pk=house.policy.pk).update(document={"kind": "PromotionPolicy"})
    assert differing(request) == {("request", "policy"), ("request", "policy text")}


def test_explain_names_rule_reason_and_evidence_of_each_gate() -> None:
    request = houses.submitted(houses.build())
    contract, floor = replays.explain(recorded.fresh(request))
    assert (contract.gate, floor.gate, floor.verdict, floor.waiver) == ("data.contract", "perf.auc.floor", "pass", "")
    assert floor.rule[0] == (
        "It reads evaluation, roc_auc, on holdout, on 400 rows or more, on the data under decision, tested after this "
        "policy took effect, and asks for: 95 % lower bound >= 0.80."
    )
    assert floor.reason == request.gates.get(gate="perf.auc.floor").reason
    assert [(item.metric, item.value) for item in floor.evidence] == [("roc_auc", 0.85)]


def test_replay_of_a_waived_gate_is_the_same_after_the_waiver_has_ended() -> None:
    house = houses.build(gates=houses.waivable_gates(needs=["rationale"]))
    officer = factories.person(Role.RISK_OFFICER, system=house.system, team="risk")
    asked = Asked("By a hair.", "A person decides below 0.6.", timezone.now() + timedelta(days=30))
    waiver = waivers.request(
        houses.submitted(house, auc=0.81), gate="perf.auc.floor", asked=asked, actor=acting(house.engineer)
    )
    for signer in (officer, house.reviewer):
        waiver = waivers.sign(
            waiver,
            reason="It covers it.",
            credentials=factories.credentials(signer),
            revision=recorded.fresh(waiver).revision,
            actor=acting(signer),
        )
    request = recorded.fresh(waiver.promotion)
    assert (request.state, request.gates.get(round=request.round, gate="perf.auc.floor").verdict) == (
        "in_review",
        "waived",
    )
    Waiver.objects.filter(pk=waiver.pk).update(state="expired", ended_at=timezone.now())
    assert differing(request) == set()
