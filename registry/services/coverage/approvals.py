"""Queries about the requests of the versions that count: who signed, under which policy, after which tests."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from registry.clauses.judging import Found
from registry.gates import durations
from registry.models import Decision, Evaluation, PromotionRequest, User
from registry.services.approvals import approvals
from registry.services.coverage import keys
from registry.services.coverage.scope import Scope, of_promotion, proof

Given = Mapping[str, Any]
Answers = dict[UUID, Found]
FACTORS = ["password", "one-time code"]


def approved(scope: Scope, given: Given) -> Answers:
    """People approved each version, and the approval's time is not over."""

    def holds(request: PromotionRequest) -> bool:
        valid = request.valid_until is not None and request.valid_until > scope.now
        return valid and request.approval in PromotionRequest.STANDING

    return _where(scope, holds, "no approval of it holds")


def decided(scope: Scope, given: Given) -> Answers:
    """A person in a role signed each version's request. role: in which, or in any."""
    wanted = given.get("role")
    return _signed(scope, lambda made: not wanted or made.role == wanted, f"no {_role(wanted)} has decided on it")


def genuine(scope: Scope, given: Given) -> Answers:
    """Every signature on each version's request verifies: by both keys, over this very record."""
    known = keys.of(made for decisions in scope.decisions.values() for made in decisions)
    return _each(scope, lambda request, made: keys.verifies(made, request.record_digest, known), "no valid signature")


def two_factors(scope: Scope, given: Given) -> Answers:
    """Every signature on each version's request is a person's, with password and one-time code."""

    def strong(request: PromotionRequest, made: Decision) -> bool:
        return made.signer.kind == User.Kind.PERSON and made.statement.get("factors") == FACTORS

    return _each(scope, strong, "no signature with two factors")


def independent(scope: Scope, given: Given) -> Answers:
    """A validator signed who neither trained the version nor asked for it, nor works in the trainer's team."""
    trainers = {version.pk: version.trained_by for version in scope.versions}

    def apart(request: PromotionRequest, made: Decision) -> bool:
        trainer = trainers[request.model_version_id]
        same_team = bool(made.signer.team) and made.signer.team == trainer.team
        return made.role == "validator" and made.signer_id not in (trainer.pk, request.author_id) and not same_team

    found = {
        version: [
            proof("decision", made, made.signed_at) for made in scope.decisions[request.pk] if apart(request, made)
        ]
        for version, request in scope.promotions.items()
    }
    return scope.by_version(found, "no independent validator has signed")


def policy_says(scope: Scope, given: Given) -> Answers:
    """The policy of each version's request has these parts. parts: dotted names in its document."""

    def says(request: PromotionRequest) -> bool:
        return all(_part(request.policy.document, part) for part in given["parts"])

    return _where(scope, says, f"its policy does not say {', '.join(given['parts'])}")


def every_gate_has(scope: Scope, given: Given) -> Answers:
    """Each gate of the policy says something in this field, such as its rationale."""

    def says(request: PromotionRequest) -> bool:
        return all(gate.get(given["field"]) for gate in request.policy.document["gates"])

    return _where(scope, says, f"not every gate of its policy has a {given['field']}")


def retained(scope: Scope, given: Given) -> Answers:
    """The policy keeps records long enough. rule: prediction_log or technical_file; at_least: a duration."""
    least = durations.parse(given["at_least"])

    def long_enough(request: PromotionRequest) -> bool:
        term = getattr(approvals.policy_of(request).retention, given["rule"])
        return term is not None and durations.covers(durations.parse(term), least)

    return _where(
        scope, long_enough, f"its policy keeps the {given['rule'].replace('_', ' ')} shorter, or does not say"
    )


def within_change_plan(scope: Scope, given: Given) -> Answers:
    """The policy names the classes of change that are foreseen, and each version's is one of them."""

    def foreseen(request: PromotionRequest) -> bool:
        return request.change_class in request.policy.document.get("change_plan", {}).get("classes", [])

    return _where(scope, foreseen, "its policy has no change plan that foresees it")


def preregistered(scope: Scope, given: Given) -> Answers:
    """The policy was in effect before the first of the tests began that its gates read for a version."""
    items = {item for request in scope.promotions.values() for gate in request.gates.all() for item in gate.evidence}
    began = Evaluation.objects.filter(evidence_set__items__in=items, started_at__isnull=False)
    first: dict[UUID, Any] = {}
    for version, started in began.order_by("-started_at").values_list("model_version", "started_at"):
        first[version] = started

    def before(request: PromotionRequest) -> bool:
        started, effective = first.get(request.model_version_id), request.policy.effective_from
        return started is not None and effective is not None and effective < started

    return _where(scope, before, "its tests did not begin after its policy took effect")


def gates_answered(scope: Scope, given: Given) -> Answers:
    """Each version's request has an answer of every gate of its policy, with the figure that decided it."""

    def answered(request: PromotionRequest) -> bool:
        made = {gate.gate for gate in request.gates.all() if gate.round == request.round}
        return made >= {gate["id"] for gate in request.policy.document["gates"]}

    return _where(scope, answered, "not every gate of its policy has answered")


def gates_name(scope: Scope, given: Given) -> Answers:
    """A gate of the policy reads evidence of this kind, so that none serves without it. kind: of evidence."""

    def reads(request: PromotionRequest) -> bool:
        return any(gate["evidence"]["kind"] == given["kind"] for gate in request.policy.document["gates"])

    return _where(scope, reads, f"no gate of its policy reads evidence of {given['kind'].replace('_', ' ')}")


def _where(scope: Scope, holds: Callable[[PromotionRequest], bool], wanting: str) -> Answers:
    found = {version: [of_promotion(request)] for version, request in scope.promotions.items() if holds(request)}
    return scope.by_version(found, wanting)


def _signed(scope: Scope, wanted: Callable[[Decision], bool], wanting: str) -> Answers:
    found = {
        version: [proof("decision", made, made.signed_at) for made in scope.decisions[request.pk] if wanted(made)][-1:]
        for version, request in scope.promotions.items()
    }
    return scope.by_version(found, wanting)


def _each(scope: Scope, holds: Callable[[PromotionRequest, Decision], bool], wanting: str) -> Answers:
    """Every signature must do, and there must be one."""
    found = {
        version: [proof("decision", made, made.signed_at) for made in scope.decisions[request.pk]]
        for version, request in scope.promotions.items()
        if all(holds(request, made) for made in scope.decisions[request.pk])
    }
    return scope.by_version(found, wanting)


def _part(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _role(role: str | None) -> str:
    return (role or "person").replace("_", " ")
