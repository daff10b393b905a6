"""Who may take the open step of a chain: in a role of one's own, or for the one for whom one stands in."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from registry import permissions
from registry.errors import DutyConflict, NotPermitted
from registry.gates import duties as rules
from registry.gates.policy import Step
from registry.models import Decision, Delegation, PromotionRequest, User
from registry.roles import ROLES_FOR, Action
from registry.services.approvals import approvals
from registry.services.duties import delegations


@dataclass(frozen=True, slots=True)
class Seat:
    """The step that a person may sign, and for whom they stand in; None for a role of their own."""

    step: Step
    delegator: User | None = None


def hold(person: User) -> None:
    """Lock the accounts whose rights a signature rests on: grants and delegations change under the same lock.

    In the order of their ids, so that two people who stand in for each other never wait for each other.
    """
    others = Delegation.objects.filter(delegate=person, revoked_at=None).values("delegator")
    accounts = User.objects.filter(pk=person.pk) | User.objects.filter(pk__in=others)
    list(accounts.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def admit(promotion: PromotionRequest, person: User) -> None:
    """Stop who could never decide here, whatever state the request is in. Raises DutyConflict, NotPermitted."""
    system = promotion.slot.system
    if permissions.allows(person, Action.DECIDE, system):  # Who stands in for another signs themselves, too.
        return
    first = approvals.policy_of(promotion).approval.chain[0]
    _check_duties(promotion, person, first, approvals.duty_record(promotion, []))
    raise _not_theirs(promotion, person, first)


def taken(promotion: PromotionRequest, person: User, step: Step, decisions: Sequence[Decision]) -> Seat:
    """The person's place at the step. Raises DutyConflict, NotPermitted."""
    known = approvals.duty_record(promotion, decisions)
    _check_duties(promotion, person, step, known)
    if step.role in permissions.roles(person, promotion.slot.system):
        return Seat(step)
    return _deputy(promotion, person, step, known)


def _deputy(promotion: PromotionRequest, person: User, step: Step, known: rules.DutyRecord) -> Seat:
    """The first for whom the person stands in and who might decide themselves: a duty of either keeps both out."""
    system = promotion.slot.system
    rows = [row for row in delegations.to(person, system, at=timezone.now()) if row.role == step.role]
    able = [row.delegator for row in rows if delegations.still_signs(row, system)]
    refusal: DutyConflict | None = None
    for delegator in able:
        try:
            _check_duties(promotion, delegator, step, known, name=str(delegator))
        except DutyConflict as error:
            refusal = error
        else:
            return Seat(step, delegator)
    raise refusal or _not_theirs(promotion, person, step)


def _not_theirs(promotion: PromotionRequest, person: User, step: Step) -> NotPermitted:
    role = step.role.replace("_", " ")
    if permissions.allows(person, Action.DECIDE, promotion.slot.system):
        return NotPermitted(f"The next signature is a {role}'s.", remedy="Wait for it, or ask one to sign.")
    wanted = " or ".join(sorted(role.label for role in ROLES_FOR[Action.DECIDE]))
    return NotPermitted(
        f"You may not {Action.DECIDE.label} for the system {promotion.slot.system.name!r}.",
        remedy=f"Ask a platform admin for one of the roles: {wanted}.",
    )


def _check_duties(
    promotion: PromotionRequest, person: User, step: Step, known: rules.DutyRecord, *, name: str = ""
) -> None:
    separation = approvals.policy_of(promotion).approval.separation_of_duties
    found = rules.conflicts(str(person.pk), person.team, step.role, known, separation, name=name)
    if found:
        raise DutyConflict(found[0], remedy="Ask somebody who had no part in it.")
