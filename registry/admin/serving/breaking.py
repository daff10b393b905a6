"""Break-glass from a slot's page: a version of the system serves at once, without an approval, for a day at most."""

from collections.abc import Iterable

from django.http import HttpRequest

from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.errors import Invalid
from registry.models import Emergency, ModelVersion, Slot
from registry.permissions import allows
from registry.roles import Action
from registry.services.slots import emergencies

ACTS = ("break_glass",)
SHOWN = 100
WORDS = (
    "A version serves at once without an approval, for 24 hours at most. You sign it, a running canary is taken out, "
    "and another person reviews it within 72 hours."
)


class Breaking(ActingAdmin):
    """The button behind the glass."""

    def offers(self, row: Slot, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        if allows(account, Action.BREAK_GLASS, row.system) and not _broken(row):
            choices = [(str(one.pk), _words(one)) for one in _versions(row)]
            asks = (Question("version", "The version", "choice", choices=choices),)
            yield Act("break_glass", "Break the glass", WORDS, grave=True, asks=asks, signs=True)
        yield from super().offers(row, request)

    def break_glass(self, request: HttpRequest, row: Slot) -> str:
        chosen = {str(one.pk): one for one in _versions(row)}.get(request.POST.get("version", ""))
        if chosen is None:
            raise Invalid("No version was chosen.", remedy="Choose a registered version of the slot's system.")
        made = emergencies.open(
            row,
            version=chosen,
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            actor=acting.actor(request),
        )
        return f"{made.model_version} serves without an approval until {made.ends_at:%d %b %Y, %H:%M} UTC."


def _broken(row: Slot) -> bool:
    return row.emergencies.filter(state=Emergency.State.ACTIVE).exists()


def _versions(row: Slot) -> list[ModelVersion]:
    """The registered versions of the slot's system, the newest first."""
    found = ModelVersion.objects.filter(model__system=row.system_id, lifecycle=ModelVersion.Lifecycle.REGISTERED)
    return list(found.select_related("model").order_by("-id")[:SHOWN])


def _words(version: ModelVersion) -> str:
    return f"{version}, registered {version.created_at:%d %b %Y, %H:%M} UTC"
