"""An approval that a person suspends, revokes or resumes, signed; its slot follows in the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass

from django.views.decorators.debug import sensitive_variables

from audit.actors import Actor
from registry import events, records
from registry.errors import DutyConflict
from registry.models import PromotionRequest, Signature, Slot, User
from registry.permissions import require, roles
from registry.roles import ROLES_FOR, Action
from registry.services import refusals, signing
from registry.services.approvals import reviews, standing
from registry.services.rows import match_revision
from registry.services.signing import Credentials, Signer, Stated
from registry.services.slots import consequences

SUSPENSION, REVOCATION, RESUMPTION = "suspension", "revocation", "resumption"
_VERDICTS = {SUSPENSION: "suspend", REVOCATION: "revoke", RESUMPTION: "resume"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for what, with the words they sign."""

    meaning: str
    reason: str
    revision: int
    actor: Actor


@sensitive_variables("credentials")
def suspend(
    promotion: PromotionRequest, *, reason: str, credentials: Credentials, revision: int, actor: Actor
) -> PromotionRequest:
    """Stop a version: its approval does not count until another person resumes it, and its slot acts at once.

    Records approval.suspended (and slot.assigned), or approval.change_refused. Raises NotPermitted,
    SignatureRejected, Conflict, RevisionMismatch.
    """

    def work(locked: PromotionRequest) -> None:
        standing.suspend(locked, cause="a person suspended it", reason=reason, actor=actor)

    return _signed(promotion, _Asked(SUSPENSION, reason, revision, actor), credentials, work)


@sensitive_variables("credentials")
def revoke(
    promotion: PromotionRequest, *, reason: str, credentials: Credentials, revision: int, actor: Actor
) -> PromotionRequest:
    """Take an approval back for good; its slot acts at once. Records approval.revoked; otherwise as `suspend`."""

    def work(locked: PromotionRequest) -> None:
        standing.revoke(locked, cause="a person revoked it", reason=reason, actor=actor)

    return _signed(promotion, _Asked(REVOCATION, reason, revision, actor), credentials, work)


@sensitive_variables("credentials")
def resume(
    promotion: PromotionRequest, *, reason: str, credentials: Credentials, revision: int, actor: Actor
) -> PromotionRequest:
    """Let a suspended approval count again: by one who signs, did not suspend it, and had no part in the version.

    The slot stays as it is; a rollback brings the version back. Records approval.resumed. Refuses and raises as
    `suspend`, and DutyConflict.
    """

    def work(locked: PromotionRequest) -> None:
        standing.resume(locked, reason=reason, actor=actor)

    return _signed(promotion, _Asked(RESUMPTION, reason, revision, actor), credentials, work)


@sensitive_variables("credentials")
def _signed(
    promotion: PromotionRequest, asked: _Asked, credentials: Credentials, work: Callable[[PromotionRequest], None]
) -> PromotionRequest:
    signer = refusals.proven(asked.actor, credentials)

    def lock() -> PromotionRequest:
        Slot.objects.select_for_update(no_key=True).get(pk=promotion.slot_id)
        return PromotionRequest.objects.select_for_update(no_key=True).get(pk=promotion.pk)

    def signed(locked: PromotionRequest) -> None:
        _sign(locked, signer, asked)
        work(locked)
        consequences.act(locked.slot, actor=asked.actor)

    def refused(rule: str) -> events.ApprovalChangeRefused:
        return events.ApprovalChangeRefused(rule=rule)

    changed = refusals.recorded(lock, signed, refused=refused, actor=asked.actor)
    changed.refresh_from_db()
    return changed


def _sign(promotion: PromotionRequest, prove: Callable[[], Signer], asked: _Asked) -> None:
    account, system = signing.person(asked.actor), promotion.slot.system
    # To let it count again is to decide: who may stop a version may not therefore vouch for it.
    action = Action.DECIDE if asked.meaning == RESUMPTION else Action.SUSPEND
    require(asked.actor, action, system)
    signer = prove()
    match_revision(promotion.revision, asked.revision)
    role = sorted(roles(account, system) & ROLES_FOR[action])[0]
    if asked.meaning == RESUMPTION:
        _check_other(promotion, account, role)
    stated = Stated(
        kind=SUSPENSION,
        subject="promotion",
        identity=promotion.pk,
        record_digest=records.digest(records.standing(promotion)),
        verdict=_VERDICTS[asked.meaning],
        role=role,
        meaning=asked.meaning,
        reason=asked.reason,
    )
    signing.keep(signing.signature(signer, stated), actor=asked.actor)


def _check_other(promotion: PromotionRequest, account: User, role: str) -> None:
    """Raises DutyConflict for who suspended the approval, made the version or asked for its approval."""
    made = Signature.objects.filter(subject_type="promotion", subject_id=promotion.pk, meaning__in=_VERDICTS).last()
    if made is not None and (made.meaning, made.signer_id) == (SUSPENSION, account.pk):
        raise DutyConflict("You suspended it; another person resumes it.", remedy="Ask somebody else who may.")
    reviews.check_independent(account, role, promotion.model_version, promotion)
