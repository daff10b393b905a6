"""Promotion requests: submitted against a policy and taken back."""

import pytest

from audit import rows
from registry import records
from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted, RegistryError
from registry.models import GateResult, ModelVersion, PromotionRequest
from registry.roles import Role
from registry.services.decisions import deciding, promotions
from registry.services.policies import policies
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def submit(house: House, version: ModelVersion, **changes: object) -> PromotionRequest:
    given = {"slot": house.slot, "policy": house.policy, "reason": "Better.", "actor": acting(house.engineer)}
    return promotions.submit(version, **{**given, **changes})  # type: ignore[arg-type]


def test_submit_freezes_digests_and_records_the_gates_answers(house: House) -> None:
    request = houses.submitted(house)
    told = recorded.newest(request)
    assert told["event"] == "promotion.submitted"
    assert told["data"] == {
        "model_version": str(request.model_version_id),
        "slot": house.slot.key,
        "change_class": "initial",
        "round": 1,
        "record": request.record_digest,
        "artifact": request.model_version.artifact_digest,
        "dataset": house.data.digest,
        "policy": house.policy.digest,
        "evidence": request.evidence_root,
        "state": "in_review",
        "gates": {"data.contract": "pass", "perf.auc.floor": "pass"},
    }
    assert recorded.sealed(request) == {"reason": "It ranks better."}


def test_submit_gives_a_record_digest_that_the_stored_rows_have(house: House) -> None:
    stored = recorded.fresh(houses.submitted(house))
    assert records.digest(records.promotion(stored, list(stored.gates.all()))) == stored.record_digest
    assert records.merkle_root(stored.evidence_digests) == stored.evidence_root


def test_submit_records_the_digest_of_every_gate(house: House) -> None:
    request = houses.submitted(house)
    told = recorded.newest(request)
    assert told["row"] == rows.digest(recorded.fresh(request))
    gates = list(GateResult.objects.filter(promotion=request))
    task = request.tasks.get()
    assert told["rows"] == {"registry_gateresult/*": rows.parts_digest(gates), rows.label(task): rows.digest(task)}


def test_submit_with_a_gate_that_fails_is_blocked_and_says_why(house: House) -> None:
    request = houses.submitted(house, auc=0.7)
    gate = GateResult.objects.get(promotion=request, gate="perf.auc.floor")
    assert (request.state, request.due_at) == ("blocked", None)
    assert (gate.verdict, gate.effect, gate.low, gate.threshold) == (
        "fail",
        "block",
        0.7 - 0.02,
        "95 % lower bound >= 0.80",
    )
    assert "perf.auc.floor" in request.headline


def test_submit_without_evidence_is_blocked(house: House) -> None:
    request = submit(house, factories.version(house.model, data=house.data))
    assert request.state == "blocked"


def test_submit_of_an_open_request_again_is_refused(house: House) -> None:
    request = houses.submitted(house)
    with pytest.raises(AlreadyExists, match="There is an open request"):
        submit(house, request.model_version)
    assert PromotionRequest.objects.filter(slot=house.slot).count() == 1


def test_submit_without_the_role_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        submit(house, houses.measured(house), actor=acting(house.validator))
    assert not PromotionRequest.objects.filter(slot=house.slot).exists()


def test_submit_to_another_systems_slot_is_refused(house: House) -> None:
    with pytest.raises(Invalid, match=r"The version belongs to another system than the slot."):
        submit(house, houses.measured(house), slot=factories.slot())


def test_submit_of_a_retired_version_is_refused(house: House) -> None:
    version = houses.measured(house)
    version.lifecycle = ModelVersion.Lifecycle.RETIRED
    with pytest.raises(Invalid, match="is retired"):
        submit(house, version)


def test_submit_under_a_draft_policy_is_refused(house: House) -> None:
    author = acting(factories.person(Role.POLICY_ADMIN))
    draft = policies.propose(houses.policy_document("draft"), actor=author)
    with pytest.raises(Invalid, match="is draft; it governs nothing"):
        submit(house, houses.measured(house), policy=draft)


def test_submit_under_a_policy_for_other_systems_is_refused(house: House) -> None:
    other = houses.policy(applies_when={"field": "model.risk_tier", "in": ["minimal"]})
    with pytest.raises(Invalid, match="does not apply to this request"):
        submit(house, houses.measured(house), policy=other)


def test_withdraw_takes_the_request_back(house: House) -> None:
    request = houses.submitted(house)
    withdrawn = promotions.withdraw(request, actor=acting(house.engineer), reason="A better one comes.")
    told = recorded.newest(request)
    assert (withdrawn.state, withdrawn.revision) == ("withdrawn", 2)
    assert (told["event"], recorded.sealed(request)) == (
        "promotion.withdrawn",
        {"reason": "A better one comes."},
    )
    assert told["row"] == rows.digest(recorded.fresh(request))


def test_withdraw_makes_room_for_another_request(house: House) -> None:
    request = houses.submitted(house)
    promotions.withdraw(request, actor=acting(house.engineer), reason="Once more.")
    assert submit(house, request.model_version).state == "in_review"


def test_withdraw_of_somebody_elses_request_is_refused(house: House) -> None:
    request = houses.submitted(house)
    colleague = factories.person(Role.ENGINEER)
    with pytest.raises(NotPermitted, match=r"Only its author withdraws a request."):
        promotions.withdraw(request, actor=acting(colleague), reason="Mine is better.")
    assert recorded.fresh(request).state == "in_review"


def test_withdraw_of_a_decided_request_is_refused(house: House) -> None:
    request = houses.approved(house)
    with pytest.raises(Conflict, match="cannot be withdrawn"):
        promotions.withdraw(request, actor=acting(house.engineer), reason="Too late.")


def test_why_not_says_nothing_to_who_may_sign(house: House) -> None:
    request = houses.submitted(house)
    assert deciding.why_not(request, house.validator) is None
    assert recorded.names(request) == ["promotion.submitted"]


def test_why_not_says_what_a_signature_would_be_refused_with(house: House) -> None:
    request = houses.submitted(house)
    for account in (house.engineer, house.reviewer, house.operator):
        with pytest.raises(RegistryError) as refused:
            houses.signed(request, account, meaning="independent_validation")
        told = deciding.why_not(request, account)
        assert told == f"{refused.value.detail} {refused.value.remedy}".strip()


def test_why_not_of_a_decided_request_says_its_state(house: House) -> None:
    told = deciding.why_not(houses.approved(house), house.validator)
    assert told == "The request is Approved; there is nothing to decide."
