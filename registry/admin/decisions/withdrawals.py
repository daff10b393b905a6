"""An approval that stands: stopped, taken back or let count again, signed."""

from collections.abc import Iterable

from django.http import HttpRequest

from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.models import PromotionRequest
from registry.permissions import allows
from registry.roles import Action
from registry.services.slots import withdrawals

ACTS = ("resume", "suspend", "revoke")
SUSPEND = "It does not count until another person lets it count again; its slot acts at once."
REVOKE = "It never counts again; its slot acts at once."
RESUME = "It counts again, as it was given. Whoever suspended it does not resume it; the slot stays as it is."


class Withdrawing(ActingAdmin):
    """The buttons by which people stop what was approved."""

    def offers(self, row: PromotionRequest, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        stands, stopped = row.approval in PromotionRequest.STANDING, row.approval == PromotionRequest.Approval.SUSPENDED
        valid, system = row.state in PromotionRequest.VALID, row.slot.system
        if valid and stopped and allows(account, Action.DECIDE, system):
            yield Act("resume", "Resume the approval", RESUME, revision=row.revision, signs=True)
        if valid and allows(account, Action.SUSPEND, system):
            if stands:
                yield Act("suspend", "Suspend the approval", SUSPEND, grave=True, revision=row.revision, signs=True)
            if stands or stopped:
                yield Act("revoke", "Revoke the approval", REVOKE, grave=True, revision=row.revision, signs=True)
        yield from super().offers(row, request)

    def resume(self, request: HttpRequest, row: PromotionRequest) -> str:
        withdrawals.resume(
            row,
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return "The approval counts again, signed by you."

    def suspend(self, request: HttpRequest, row: PromotionRequest) -> str:
        withdrawals.suspend(
            row,
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return "The approval is suspended, signed by you."

    def revoke(self, request: HttpRequest, row: PromotionRequest) -> str:
        withdrawals.revoke(
            row,
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return "The approval is revoked, signed by you."
