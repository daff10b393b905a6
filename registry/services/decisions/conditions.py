"""Conditions of an approval: bound by a signature, checked by the server like a gate, or settled by a person."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events, records
from registry.errors import Conflict, DutyConflict, Invalid, Problem
from registry.gates import durations, grammar
from registry.gates import duties as rules
from registry.models import Condition, Decision, EvidenceSet, PromotionRequest, User
from registry.permissions import require, roles
from registry.roles import SIGNING, Action
from registry.services import refusals, signing, sweeping
from registry.services.approvals import approvals, standing
from registry.services.decisions import conditional
from registry.services.duties import duties
from registry.services.rows import match_revision
from registry.services.signing import Credentials, Signer, Stated
from registry.services.sweeping import Swept

State, OnBreach = Condition.State, Condition.OnBreach
MOST = 20
#: A rule is looked at again when there is new evidence, and once a day, since evidence grows old.
AGAIN = timedelta(days=1)


def prepare(promotion: PromotionRequest, given: Sequence[Mapping[str, Any]]) -> list[Condition]:
    """The conditions of a decision that is about to be signed, checked and not saved yet. Raises Invalid.

    Each is due before the approval could end. A rule is one gate of the policy grammar, and is judged on evidence begun
    after the decision; only one about a contract check may say `preregistered: false`. One that the evidence of now
    meets already must be standing.
    """
    valid_for = durations.parse(approvals.policy_of(promotion).approval.valid_for)
    until = durations.after(timezone.now(), valid_for)
    if len(given) > MOST:
        raise Invalid(f"An approval has {MOST} conditions at most.", remedy="Name the ones that matter.")
    problems = [problem for place, one in enumerate(given) for problem in _problems(f"/conditions/{place}", one, until)]
    if problems:
        raise Invalid("Some conditions cannot be used.", problems=problems)
    rows = [_condition(promotion, one) for one in given]
    idle = [problem for place, row in enumerate(rows) for problem in _met_already(f"/conditions/{place}/rule", row)]
    if idle:
        raise Invalid("Some conditions ask for nothing.", problems=idle)
    return rows


def attach(rows: Sequence[Condition], decision: Decision, *, actor: Actor) -> list[Condition]:
    """Store the conditions of a decision, in the transaction that stores the decision. Records condition.attached."""
    for row in rows:
        row.decision = decision
        row.save(force_insert=True)
        event = events.ConditionAttached(
            promotion=str(row.promotion_id),
            decision=str(decision.pk),
            rule=grammar.digest(row.rule) if row.rule is not None else None,
            standing=row.standing,
            due_at=row.due_at,
            on_breach=row.on_breach,
        )
        log.record(event, subject=row, actor=actor)
    return list(rows)


def check(condition: Condition, *, actor: Actor) -> Condition:
    """Judge a condition's rule on the evidence of now.

    It is met as soon as its rule passes, a standing one when it is due and passes; it is breached when it is due
    without, a standing one as soon as it fails. Records condition.met, condition.breached (and approval.suspended), or
    condition.checked where something else was found than the last time; and promotion.conditions_met with the last one.
    Raises NotPermitted, Conflict.
    """
    require(actor, Action.EVALUATE, condition.promotion.slot.system)
    with transaction.atomic(durable=True):
        row = _locked(condition.pk)
        _must_count(row)
        if row.rule is None and row.due_at > timezone.now():
            raise Conflict("This condition has no rule; a person settles it.", remedy="Sign whether it is met.")
        _look(row, actor)
    return row


def settle(
    condition: Condition, *, met: bool, reason: str, credentials: Credentials, revision: int, actor: Actor
) -> Condition:
    """Sign whether a condition without a rule is met, as one who signs for the system and had no part in the version.

    Records signature.made and condition.met or condition.breached, and what follows as `check` does; or
    condition.refused. Raises NotPermitted, SignatureRejected, DutyConflict, Conflict, RevisionMismatch.
    """
    signer = refusals.proven(actor, credentials)

    def work(row: Condition) -> None:
        require(actor, Action.DECIDE, row.promotion.slot.system)
        account = signer().account
        match_revision(row.revision, revision)
        _must_count(row)
        if row.rule is not None:
            raise Conflict("The server checks this condition; nobody signs it off.", remedy="Bring the evidence.")
        role = _role(row, account)
        digest = _sign(row, signer(), role=role, met=met, reason=reason, actor=actor)
        row.finding = f"A {role.replace('_', ' ')} signed that it is {'met' if met else 'not met'}."
        _close(row, State.MET if met else State.BREACHED, signature=digest, actor=actor, reason=reason)

    return refusals.recorded(lambda: _locked(condition.pk), work, refused=_refused, actor=actor)


def _refused(rule: str) -> events.ConditionRefused:
    return events.ConditionRefused(rule=rule)


def check_due(*, actor: Actor) -> Swept:
    """Check the conditions of standing approvals that are due, have new evidence, or were not looked at for a day.

    Records as `check` does.
    """

    def work(pk: UUID) -> bool:
        with transaction.atomic(durable=True):
            row = _locked(pk)
            return row.state == State.OPEN and _counts(row.promotion) and _look(row, actor)

    return sweeping.each(_due(), work)


def _problems(path: str, given: Mapping[str, Any], until: datetime) -> list[Problem]:
    found, rule = [], given.get("rule")
    if not str(given["text"]).strip():
        found.append(Problem(f"{path}/text", "is empty", "Say what must be done, in words."))
    if not timezone.now() < given["due_at"] < until:
        found.append(Problem(f"{path}/due_at", "is not between now and the end of the approval", "Name another time."))
    if rule is not None:
        found += _rule_problems(f"{path}/rule", rule)
    elif given.get("standing"):
        found.append(Problem(f"{path}/standing", "needs a rule: nobody looks all the time", "Give the rule."))
    return found


def _rule_problems(path: str, rule: Any) -> list[Problem]:
    if not isinstance(rule, Mapping):
        return [Problem(path, "is no gate", "Write one gate of the policy grammar, as a mapping.")]
    try:
        gate = grammar.parse_gate(rule)
        grammar.digest(rule)
    except grammar.PolicyError as error:
        return [Problem(f"{path}/{one.path.strip('$.')}".rstrip("/"), one.detail, one.remedy) for one in error.problems]
    if gate.skip_when is not None:
        return [Problem(f"{path}/skip_when", "does not go with a condition", "Remove it: a condition is not skipped.")]
    if not gate.preregistered and gate.evidence.kind != "contract_check":
        return [Problem(f"{path}/preregistered", "lets figures count that are known", "Remove it, and measure again.")]
    return []


def _met_already(path: str, condition: Condition) -> list[Problem]:
    """A condition that is met when it is signed binds nobody, unless it must stay so."""
    if condition.rule is None or condition.standing:
        return []
    now = timezone.now()
    verdict, finding = conditional.judged(condition, now)
    if verdict != "pass":
        return []
    return [Problem(path, f"is met already: {finding}", "Ask for something new, or let it stand all the time.")]


def _condition(promotion: PromotionRequest, given: Mapping[str, Any]) -> Condition:
    return Condition(
        promotion=promotion,
        text=str(given["text"]).strip(),
        rule=_plain(given.get("rule")),
        standing=bool(given.get("standing", False)),
        due_at=given["due_at"],
        on_breach=given.get("on_breach") or OnBreach.SUSPEND,
    )


def _plain(value: Any) -> Any:
    """As jsonb gives it back: a whole number written as 1e3 comes back without its point."""
    match value:
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case float():
            return int(value) if value.is_integer() else value
    return value


def _locked(pk: UUID) -> Condition:
    """The condition under its promotion's lock, so that round and approval stand still."""
    promotion_id = Condition.objects.values_list("promotion_id", flat=True).get(pk=pk)
    promotions = PromotionRequest.objects.select_related("slot__system", "policy", "model_version__dataset_version")
    promotion = promotions.select_for_update(no_key=True, of=("self",)).get(pk=promotion_id)
    row = Condition.objects.select_related("decision").select_for_update(of=("self",)).get(pk=pk)
    row.promotion = promotion
    return row


def _must_count(condition: Condition) -> None:
    if condition.state != State.OPEN:
        raise Conflict(f"The condition is {condition.get_state_display()} already.")
    if condition.decision.round != condition.promotion.round or not _counts(condition.promotion):
        raise Conflict("There is no conditional approval that this condition belongs to any more.")


def _counts(promotion: PromotionRequest) -> bool:
    conditional = promotion.approval == PromotionRequest.Approval.CONDITIONAL
    in_time = promotion.valid_until is not None and promotion.valid_until > timezone.now()
    return conditional and in_time and promotion.state in PromotionRequest.VALID


def _look(condition: Condition, actor: Actor) -> bool:
    """Judge, and write down what was found; whether that changed anything but the time of the look."""
    now = timezone.now()
    verdict, finding = conditional.judged(condition, now)
    changed, condition.finding, condition.checked_at = finding != condition.finding, finding, now
    state = conditional.outcome(condition, verdict, now)
    if state is not None:
        _close(condition, state, signature=None, actor=actor)
    elif changed:
        _save(condition)
        log.record(events.ConditionChecked(verdict=verdict), subject=condition, actor=actor)
    else:
        condition.save(update_fields=["checked_at"])
    return changed or state is not None


def _role(condition: Condition, account: User) -> str:
    """The role in which this person settles it: that of the decision, where they hold it."""
    promotion = condition.promotion
    held = roles(account, promotion.slot.system) & SIGNING
    role = next((one for one in (condition.decision.role, *sorted(SIGNING)) if one in held), condition.decision.role)
    known = duties.record(promotion, (), duties.history(promotion), at=timezone.now())
    found = rules.conflicts(str(account.pk), account.team, role, known)
    if found:
        raise DutyConflict(found[0], remedy="Ask somebody who had no part in it.")
    return str(role)


def _sign(condition: Condition, signer: Signer, *, role: str, met: bool, reason: str, actor: Actor) -> str:
    stated = Stated(
        kind="condition",
        subject="condition",
        identity=condition.pk,
        record_digest=records.digest(records.condition(condition)),
        verdict="met" if met else "not_met",
        role=role,
        meaning="condition_settled",
        reason=reason,
    )
    return signing.keep(signing.signature(signer, stated), actor=actor)


def _close(
    condition: Condition, state: Condition.State, *, signature: str | None, actor: Actor, reason: str = ""
) -> None:
    """Met or breached, and what follows for the approval."""
    condition.state, condition.settled_at = state, timezone.now()
    _save(condition)
    if state == State.MET:
        log.record(events.ConditionMet(signature=signature), subject=condition, actor=actor, reason=reason)
        _complete(condition.promotion, actor)
        return
    event = events.ConditionBreached(on_breach=condition.on_breach, signature=signature)
    log.record(event, subject=condition, actor=actor, reason=reason)
    if condition.on_breach == OnBreach.SUSPEND:
        words = f"A condition of the approval was not kept: {condition.text} {condition.finding}"
        standing.suspend(condition.promotion, cause="condition breached", reason=words, actor=actor)


def _complete(promotion: PromotionRequest, actor: Actor) -> None:
    """With the last condition the approval is like any other."""
    if promotion.conditions.filter(decision__round=promotion.round).exclude(state=State.MET).exists():
        return
    promotion.approval, promotion.revision = PromotionRequest.Approval.APPROVED, promotion.revision + 1
    promotion.save()
    log.record(events.PromotionConditionsMet(), subject=promotion, actor=actor)


def _save(condition: Condition) -> None:
    condition.revision += 1
    condition.save()


def _due() -> QuerySet[Condition]:
    """Open conditions of the current round of approvals that stand, where another look may find something new."""
    now, version = timezone.now(), "promotion__model_version"
    about = Q(model_version=OuterRef(version)) | Q(
        model_version=None, dataset_version__dataset=OuterRef(f"{version}__dataset_version__dataset")
    )
    newer = EvidenceSet.objects.filter(about, created_at__gt=OuterRef("checked_at"))
    looked_at = Q(checked_at=None) | Q(checked_at__lte=now - AGAIN) | Q(Exists(newer))
    standing_ = Condition.objects.filter(
        state=State.OPEN,
        decision__round=F("promotion__round"),
        promotion__approval=PromotionRequest.Approval.CONDITIONAL,
        promotion__state__in=PromotionRequest.VALID,
        promotion__valid_until__gt=now,
    )
    return standing_.filter(Q(due_at__lte=now) | (Q(rule__isnull=False) & looked_at))
