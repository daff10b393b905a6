"""A whole house for tests of decisions: a system with people, slot, data and policy, and the steps up to serving."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from registry.models import (
    DatasetVersion,
    ModelVersion,
    PolicyVersion,
    PromotionRequest,
    RegisteredModel,
    Slot,
    SlotAssignment,
    User,
)
from registry.models.systems import AISystem
from registry.roles import Role
from registry.services.decisions import deciding, promotions
from registry.services.decisions.deciding import Said
from registry.services.policies import policies
from registry.services.slots import rollouts
from tests import databases, factories
from tests.factories import acting


@dataclass(frozen=True, slots=True)
class House:
    """Everything a promotion needs; each person is in a team of their own."""

    system: AISystem
    engineer: User
    validator: User
    reviewer: User
    operator: User
    policy: PolicyVersion
    slot: Slot
    model: RegisteredModel
    data: DatasetVersion


def build(**policy_changes: Any) -> House:
    engineer = factories.person(Role.ENGINEER, team="data science")
    system = factories.classified_system(engineer, risk_tier="high")
    return House(
        system=system,
        engineer=engineer,
        validator=factories.person(Role.VALIDATOR, system=system, team="validation"),
        reviewer=factories.person(Role.COMPLIANCE_REVIEWER, system=system, team="compliance"),
        operator=factories.person(Role.OPERATOR, system=system, team="operations"),
        policy=policy(**policy_changes),
        slot=factories.slot(system),
        model=factories.model(system),
        data=factories.dataset_version(factories.dataset(system)),
    )


def policy_document(name: str, *, version: int = 1, **changes: Any) -> dict[str, Any]:
    """A short policy: two gates, two signatures, three canary steps."""
    return {
        "apiVersion": "governance/v1",
        "kind": "PromotionPolicy",
        "metadata": {"name": name, "version": version},
        "gates": [
            {
                "id": "data.contract",
                "evidence": {"kind": "contract_check"},
                "require": {"field": "verdict", "eq": "pass"},
                "preregistered": False,
                "on_fail": "block",
            },
            {
                "id": "perf.auc.floor",
                "clause": ["eu-ai-act:15(1)"],
                "evidence": {"kind": "evaluation", "split": "holdout", "metric": "roc_auc"},
                "require": {"bound": "lower", "confidence": 0.95, "op": ">=", "value": 0.8},
                "min_n": 400,
                "on_fail": "block",
            },
        ],
        "approval": {
            "chain": [
                {"role": "validator", "quorum": 1, "meaning": "independent_validation", "due_in": "P5D"},
                {"role": "compliance_reviewer", "quorum": 1, "meaning": "review", "due_in": "P3D"},
            ],
            "separation_of_duties": [
                {"not_same_person": ["request.author", "model.trainer", "any.approver"]},
                {"not_same_team": ["model.trainer", "validator"]},
            ],
            "valid_for": "P12M",
        },
        "rollout": {"canary": {"steps": [10, 50, 100]}},
        "retention": {"prediction_log": "P6M"},
        **changes,
    }


def waivable_gates(**waivable: Any) -> list[dict[str, Any]]:
    """The short policy's gates, of which a risk officer may waive the second."""
    contract, floor = policy_document("any")["gates"]
    return [contract, {**floor, "waivable": {"by": ["risk_officer"], "max_days": 90, **waivable}}]


def policy(**changes: Any) -> PolicyVersion:
    """An effective policy of a new name, written by one person and approved by another."""
    document = policy_document(factories.name("policy"), **changes)
    draft = policies.propose(document, actor=acting(factories.person(Role.POLICY_ADMIN)))
    return factories.in_force(draft)


def measured(house: House, *, auc: float = 0.85) -> ModelVersion:
    """A version of an artifact of its own, with evidence."""
    bias = -float(factories.name("bias").partition("-")[2])
    version = factories.version(house.model, data=house.data, bias=bias)
    factories.evidence_set(version, auc=auc)
    return version


def submitted(house: House, *, auc: float = 0.85) -> PromotionRequest:
    """A request in review; blocked where `auc` is under 0.82, the policy's floor and half an interval."""
    return promotions.submit(
        measured(house, auc=auc),
        slot=house.slot,
        policy=house.policy,
        reason="It ranks better.",
        actor=acting(house.engineer),
    )


def signed(
    request: PromotionRequest, by: User, *, meaning: str, verdict: str = "approve", **said: Any
) -> PromotionRequest:
    return deciding.decide(
        request,
        Said(verdict, meaning=meaning, reason="The figures hold.", **said),
        credentials=factories.credentials(by),
        revision=request.revision,
        actor=acting(by),
    )


def validated(house: House) -> PromotionRequest:
    """A request with the first of its two signatures."""
    return signed(submitted(house), house.validator, meaning="independent_validation")


def approved(house: House) -> PromotionRequest:
    """A request with every signature that the policy asks for."""
    return signed(validated(house), house.reviewer, meaning="review")


def sent_back(house: House) -> PromotionRequest:
    """A request whose validator asked for changes."""
    return signed(submitted(house), house.validator, meaning="independent_validation", verdict="request_changes")


def executed(house: House) -> SlotAssignment:
    """A newly approved version brought into the slot: champion of an empty slot, canary of a taken one."""
    return rollouts.execute(approved(house), actor=acting(house.operator), reason="Reviewed and due.")


def champion(house: House) -> SlotAssignment:
    """A newly approved version that has taken the slot, by canary steps where it was taken."""
    assignment = executed(house)
    while assignment.canary_promotion is not None:
        assignment = advanced(house, assignment)
    return assignment


def advanced(house: House, assignment: SlotAssignment) -> SlotAssignment:
    """The canary's next step."""
    assert assignment.canary_promotion is not None
    rollout = assignment.canary_promotion.rollout
    rollout.refresh_from_db()
    return rollouts.advance(rollout, revision=rollout.revision, actor=acting(house.operator), reason="The canary held.")


def approved_again(house: House, version: ModelVersion) -> PromotionRequest:
    """Another request for a version that is known, with every signature that the policy asks for."""
    request = promotions.submit(
        version, slot=house.slot, policy=house.policy, reason="To be looked at again.", actor=acting(house.engineer)
    )
    validated = signed(request, house.validator, meaning="independent_validation")
    return signed(validated, house.reviewer, meaning="review")


def renewed(house: House, version: ModelVersion) -> SlotAssignment:
    """The version that serves, approved anew and brought in under the newer approval."""
    return rollouts.execute(
        approved_again(house, version), actor=acting(house.operator), reason="Its approval was to end."
    )


@contextlib.contextmanager
def tampering() -> Iterator[None]:
    """Past the guards of what slots served, as a superuser could; the transaction of the test undoes it."""
    connection.check_constraints()  # A table whose triggers wait for the commit is not altered.
    with connection.cursor() as cursor, databases.acting_as("postgres"):
        cursor.execute("ALTER TABLE registry_slotassignment DISABLE TRIGGER USER")
        yield
        connection.check_constraints()
        cursor.execute("ALTER TABLE registry_slotassignment ENABLE TRIGGER USER")
