"""Conditions of an approval: bound by its signature, checked by rule or settled by a person, and what follows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import rows
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted, RegistryError, RevisionMismatch
from registry.models import Condition, PromotionRequest, Signature, User
from registry.roles import Role
from registry.services import evidence, people, sweeping
from registry.services.approvals import approvals
from registry.services.decisions import conditions
from registry.services.slots import rollouts
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

RULE = {
    "id": "auc.after.launch",
    "evidence": {"kind": "evaluation", "split": "holdout", "metric": "roc_auc"},
    "require": {"bound": "lower", "confidence": 0.95, "op": ">=", "value": 0.82},
    "on_fail": "warn",
}
CONTRACT = {
    "id": "deliveries.keep.the.contract",
    "evidence": {"kind": "contract_check"},
    "require": {"field": "verdict", "eq": "pass"},
    "same_dataset_digest": False,
    "on_fail": "warn",
}
TEXT = "The AUC stays above 0.82 on newer rows."
BREACHED = "A condition of the approval was not kept."


def given(**changes: Any) -> dict[str, Any]:
    return {"text": TEXT, "rule": RULE, "due_at": timezone.now() + timedelta(days=60), **changes}


def approved(house: House, *asked: dict[str, Any]) -> PromotionRequest:
    """An approval on these conditions, which the reviewer named."""
    request = houses.validated(house)
    verdict = "approve_with_conditions"
    return houses.signed(request, house.reviewer, meaning="review", verdict=verdict, conditions=list(asked))


def attached(house: House, **changes: Any) -> Condition:
    return approved(house, given(**changes)).conditions.get()


def served(house: House, request: PromotionRequest) -> PromotionRequest:
    """The approved version in its slot, where new evidence asks for a review and no longer ends the request at once."""
    rollouts.execute(request, reason="Due.", actor=acting(house.operator))
    return recorded.fresh(request)


def serving(house: House, **changes: Any) -> Condition:
    return served(house, approved(house, given(**changes))).conditions.get()


def check(condition: Condition, by: User) -> Condition:
    return conditions.check(condition, actor=acting(by))


def settle(condition: Condition, by: User, **changes: Any) -> Condition:
    wanted = {
        "met": True,
        "reason": "I saw the report.",
        "credentials": factories.credentials(by),
        "revision": condition.revision,
        "actor": acting(by),
    }
    return conditions.settle(condition, **{**wanted, **changes})


def let_due(condition: Condition) -> None:
    """As if its date had come."""
    Condition.objects.filter(pk=condition.pk).update(due_at=timezone.now())


def standing_of(condition: Condition) -> tuple[str, str]:
    return recorded.fresh(condition).state, recorded.fresh(condition.promotion).approval


def assert_refused(condition: Condition, error: type[RegistryError], step: Callable[[], object]) -> None:
    """The refusal is raised and on record, and the condition is as it was."""
    before = rows.digest(recorded.fresh(condition))
    with pytest.raises(error) as refused:
        step()
    told = recorded.newest(condition)
    assert (told["event"], told["data"]) == ("condition.refused", {"rule": error.__name__})
    assert recorded.sealed(condition) == {"detail": refused.value.detail}
    assert told["row"] == rows.digest(recorded.fresh(condition)) == before


# Naming them
def test_decision_on_conditions_binds_and_records_them(house: House) -> None:
    request = approved(house, given(standing=True), given(text="Train the clerks.", rule=None, on_breach="alert"))
    first, second = request.conditions.all()
    assert (request.approval, approvals.problem(recorded.fresh(request))) == ("conditionally_approved", None)
    assert [(row.state, row.standing, row.on_breach, row.decision.signer) for row in (first, second)] == [
        ("open", True, "suspend", house.reviewer),
        ("open", False, "alert", house.reviewer),
    ]
    assert [recorded.names(row) for row in (first, second)] == [["condition.attached"]] * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Nothing."},
        {"rule": None},
        {"rule": CONTRACT},
        {"standing": True},
        {"due_at": timezone.now() + timedelta(days=300)},
        {"on_breach": "alert"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_condition_that_was_changed_by_hand_breaks_the_approval(house: House, changes: dict[str, Any]) -> None:
    condition = attached(house)
    Condition.objects.filter(pk=condition.pk).update(**changes)
    assert approvals.problem(recorded.fresh(condition.promotion)) == "A signature on the request does not verify."


def test_condition_that_was_taken_away_by_hand_breaks_the_approval(house: House) -> None:
    other, condition = houses.validated(house), attached(house)
    Condition.objects.filter(pk=condition.pk).update(decision=other.decisions.get())
    assert approvals.problem(recorded.fresh(condition.promotion)) == "A signature on the request does not verify."


def test_rule_with_whole_numbers_keeps_its_signature(house: House) -> None:
    require = {"bound": "point", "op": ">=", "value": 0.0}
    request = approved(house, given(rule={**RULE, "require": require, "min_n": 1e3}))
    assert approvals.problem(recorded.fresh(request)) is None


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"text": " "}, "/conditions/0/text"),
        ({"due_at": timezone.now() - timedelta(days=1)}, "/conditions/0/due_at"),
        ({"due_at": timezone.now() + timedelta(days=400)}, "/conditions/0/due_at"),
        ({"rule": None, "standing": True}, "/conditions/0/standing"),
        ({"rule": {**RULE, "require": {**RULE["require"], "op": "<="}}}, "/conditions/0/rule/require"),  # type: ignore[dict-item]
        ({"rule": {**RULE, "on_fail": "shout"}}, "/conditions/0/rule/on_fail"),
        ({"rule": {**RULE, "preregistered": False}}, "/conditions/0/rule/preregistered"),
        ({"rule": {**CONTRACT, "preregistered": False}}, "/conditions/0/rule"),
        ({"rule": {"id": "x"}}, "/conditions/0/rule"),
        ({"rule": ["x"]}, "/conditions/0/rule"),
        ({"rule": "id: x"}, "/conditions/0/rule"),
        (
            {"rule": {**RULE, "skip_when": {"field": "system.risk_tier", "eq": "high"}}},
            "/conditions/0/rule/skip_when",
        ),
    ],
)
def test_prepare_of_what_cannot_be_is_refused(house: House, changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        conditions.prepare(houses.submitted(house), [given(**changes)])
    assert {problem.pointer for problem in refused.value.problems} == {pointer}


def test_prepare_of_too_many_is_refused(house: House) -> None:
    with pytest.raises(Invalid):
        conditions.prepare(houses.submitted(house), [given()] * 21)


# Checking
def test_check_without_newer_evidence_leaves_it_open(house: House) -> None:
    condition = check(attached(house), house.validator)
    assert standing_of(condition) == ("open", "conditionally_approved")
    assert "before the policy took effect" in condition.finding
    assert recorded.newest(condition)["data"] == {"verdict": "not_evaluable"}


def test_check_again_with_the_same_finding_records_nothing(house: House) -> None:
    condition = check(attached(house), house.validator)
    again = check(condition, house.validator)
    assert again.checked_at != condition.checked_at
    assert recorded.names(condition) == ["condition.attached", "condition.checked"]


def test_check_that_passes_meets_the_condition_and_completes_the_approval(house: House) -> None:
    condition = serving(house)
    factories.evidence_set(condition.promotion.model_version, auc=0.86)
    check(condition, house.validator)
    assert standing_of(condition) == ("met", "approved")
    assert recorded.newest(condition)["event"] == "condition.met"
    assert "promotion.conditions_met" in recorded.names(condition.promotion)
    assert approvals.problem(recorded.fresh(condition.promotion)) is None


def test_check_that_meets_one_of_two_leaves_the_approval_conditional(house: House) -> None:
    request = served(house, approved(house, given(), given(text="Train the clerks.", rule=None)))
    first, second = request.conditions.all()
    factories.evidence_set(first.promotion.model_version, auc=0.85)
    check(first, house.validator)
    assert [standing_of(row) for row in (first, second)] == [
        ("met", "conditionally_approved"),
        ("open", "conditionally_approved"),
    ]


def test_check_that_fails_before_its_date_leaves_it_open(house: House) -> None:
    condition = serving(house)
    factories.evidence_set(condition.promotion.model_version, auc=0.7)
    check(condition, house.validator)
    assert standing_of(condition) == ("open", "conditionally_approved")


def test_check_at_its_date_without_a_pass_suspends_the_approval(house: House) -> None:
    condition = attached(house)
    let_due(condition)
    check(condition, house.validator)
    promotion = recorded.fresh(condition.promotion)
    assert standing_of(condition) == ("breached", "suspended")
    assert promotion.approval_reason.startswith(f"{BREACHED[:-1]}: {TEXT}")
    assert recorded.newest(condition)["data"] == {"on_breach": "suspend", "signature": None}


def test_check_that_breaches_one_on_alert_leaves_the_approval(house: House) -> None:
    condition = attached(house, on_breach="alert")
    let_due(condition)
    check(condition, house.validator)
    assert standing_of(condition) == ("breached", "conditionally_approved")


def test_check_of_a_standing_one_that_passes_keeps_it_open_until_its_date(house: House) -> None:
    condition = serving(house, standing=True)
    factories.evidence_set(condition.promotion.model_version, auc=0.86)
    check(condition, house.validator)
    open_still = standing_of(condition)
    Condition.objects.filter(pk=condition.pk).update(due_at=timezone.now())
    check(condition, house.validator)
    assert [open_still, standing_of(condition)] == [("open", "conditionally_approved"), ("met", "approved")]


def test_check_of_a_standing_one_that_fails_suspends_at_once(house: House) -> None:
    condition = serving(house, standing=True)
    factories.evidence_set(condition.promotion.model_version, auc=0.7)
    check(condition, house.validator)
    assert standing_of(condition) == ("breached", "suspended")


def test_check_reads_later_deliveries_of_the_dataset_where_the_rule_lets_it(house: House) -> None:
    condition = serving(house, rule=CONTRACT)
    later = factories.dataset_version(house.data.dataset, rows=50)
    evidence.contract_check(later, violations=[], actor=factories.bootstrap())
    check(condition, house.validator)
    assert standing_of(condition) == ("met", "approved")


def test_check_does_not_read_another_dataset(house: House) -> None:
    condition = serving(house, rule=CONTRACT)
    factories.dataset_version(factories.dataset(house.system))
    check(condition, house.validator)
    assert standing_of(condition)[0] == "open"


def test_check_without_the_role_is_refused(house: House) -> None:
    condition = attached(house)
    with pytest.raises(NotPermitted):
        check(condition, factories.person(Role.DPO, system=house.system))


def test_check_of_one_without_a_rule_before_its_date_is_refused(house: House) -> None:
    condition = attached(house, rule=None)
    with pytest.raises(Conflict):
        check(condition, house.validator)


def test_check_of_a_closed_one_is_refused(house: House) -> None:
    condition = attached(house, on_breach="alert")
    let_due(condition)
    check(condition, house.validator)
    with pytest.raises(Conflict):
        check(condition, house.validator)


def test_check_while_the_approval_is_not_given_yet_is_refused(house: House) -> None:
    request = houses.signed(
        houses.submitted(house),
        house.validator,
        meaning="independent_validation",
        verdict="approve_with_conditions",
        conditions=[given()],
    )
    with pytest.raises(Conflict):
        check(request.conditions.get(), house.validator)


# The round
def test_check_due_looks_at_new_evidence_and_then_rests(house: House) -> None:
    condition = serving(house)
    rounds = [conditions.check_due(actor=factories.bootstrap())]
    rounds.append(conditions.check_due(actor=factories.bootstrap()))
    factories.evidence_set(condition.promotion.model_version, auc=0.86)
    rounds.append(conditions.check_due(actor=factories.bootstrap()))
    assert rounds == [sweeping.Swept(done=1), sweeping.Swept(), sweeping.Swept(done=1)]
    assert standing_of(condition) == ("met", "approved")


def test_check_due_breaches_what_nobody_settled_in_time(house: House) -> None:
    condition = attached(house, rule=None)
    assert conditions.check_due(actor=factories.bootstrap()) == sweeping.Swept()
    let_due(condition)
    assert conditions.check_due(actor=factories.bootstrap()) == sweeping.Swept(done=1)
    assert standing_of(condition) == ("breached", "suspended")


def test_breached_condition_set_open_by_hand_is_no_way_back(house: House) -> None:
    condition = attached(house)
    let_due(condition)
    check(condition, house.validator)
    PromotionRequest.objects.filter(pk=condition.promotion_id).update(approval="conditionally_approved")
    Condition.objects.filter(pk=condition.pk).update(due_at=condition.due_at)
    stopped = "The log or a signature says that it was stopped, and its own record does not."
    assert approvals.problem(recorded.fresh(condition.promotion)) == stopped


# Settling
def test_settle_by_a_reviewer_is_signed(house: House) -> None:
    condition = settle(attached(house, rule=None), house.validator)
    (made,) = Signature.objects.filter(subject_type="condition", subject_id=condition.pk)
    assert standing_of(condition) == ("met", "approved")
    assert (made.role, made.meaning, made.statement["verdict"]) == ("validator", "condition_settled", "met")
    assert recorded.newest(condition)["data"]["signature"] is not None


def test_settle_as_not_met_suspends(house: House) -> None:
    condition = settle(attached(house, rule=None), house.reviewer, met=False)
    assert standing_of(condition) == ("breached", "suspended")


def test_settle_of_one_with_a_rule_is_refused(house: House) -> None:
    condition = attached(house)
    assert_refused(condition, Conflict, lambda: settle(condition, house.reviewer))


def test_settle_by_the_author_is_refused(house: House) -> None:
    condition = attached(house, rule=None)
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap(), system=house.system)
    assert_refused(condition, DutyConflict, lambda: settle(condition, house.engineer))


def test_settle_without_the_role_is_refused(house: House) -> None:
    condition = attached(house, rule=None)
    assert_refused(condition, NotPermitted, lambda: settle(condition, house.operator))


def test_settle_of_an_old_revision_is_refused(house: House) -> None:
    condition = attached(house, rule=None)
    assert_refused(condition, RevisionMismatch, lambda: settle(condition, house.reviewer, revision=7))


def test_settle_twice_is_refused(house: House) -> None:
    first, _ = approved(house, given(rule=None), given()).conditions.all()
    settled = settle(first, house.reviewer)
    assert_refused(settled, Conflict, lambda: settle(settled, house.reviewer))


def test_every_row_is_on_record_as_it_is_stored(house: House) -> None:
    first, second = approved(house, given(rule=None), given()).conditions.all()
    settle(first, house.reviewer)
    check(second, house.validator)
    check(second, house.validator)
    recorded.sequence()
    assert recorded.stored_digests() == recorded.last_digests()


def test_rule_that_is_met_already_is_taken_where_it_stands(house: House) -> None:
    condition = attached(house, rule={**CONTRACT, "preregistered": False}, standing=True)
    assert (condition.state, condition.promotion.approval) == ("open", "conditionally_approved")
