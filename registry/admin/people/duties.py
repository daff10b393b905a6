"""Who reviews: open tasks, who stands in for whom, who stepped back, and what they said to each other."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from audit.pages import columns, show
from registry import permissions
from registry.admin import acting, scoped
from registry.admin.acting import Act
from registry.admin.asking import AskingAdmin
from registry.admin.questions import Question
from registry.admin.scoped import ScopedAdmin
from registry.errors import Invalid
from registry.models import Comment, Delegation, Grant, Recusal, ReviewTask, User
from registry.roles import SIGNING, Role
from registry.services.duties import delegations

PROMOTION = ("promotion__slot", "promotion__model_version__model")
LEVELS = ("nobody yet", "deputies", "risk officers")


@admin.register(ReviewTask)
class ReviewTaskAdmin(ScopedAdmin):
    system_path = "promotion__slot__system"
    list_display = (
        columns.record("promotion", "Request"),
        columns.text("role", "Role"),
        columns.text("meaning", "Meaning"),
        columns.text("assignee", "Taken by"),
        columns.moment("due_at", "Due"),
        columns.moment("closed_at", "Closed"),
    )
    list_filter = ("role", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = page_related = (*PROMOTION, "assignee")
    search_fields = ("promotion__slot__key", "promotion__model_version__model__name")

    def facts(self, row: ReviewTask) -> Iterable[tuple[str, Any]]:
        yield "Request", row.promotion
        yield "Round", row.round
        yield "Role", Role(row.role).label
        yield "Meaning", row.meaning.replace("_", " ")
        yield "Taken by", row.assignee
        yield "Opened", row.opened_at
        yield "Due", row.due_at
        yield "Escalated to", LEVELS[row.escalation]
        yield "Closed", row.closed_at


@admin.register(Delegation)
class DelegationAdmin(AskingAdmin):
    system_path = None  # One for every system belongs to none; see get_queryset.
    list_display = (
        columns.text("delegate", "Stands in"),
        columns.text("delegator", "For"),
        columns.text("role", "As"),
        columns.record("system", "System"),
        columns.moment("starts_at", "From"),
        columns.moment("ends_at", "Until"),
        columns.moment("revoked_at", "Revoked"),
    )
    list_filter = ("role",)
    list_select_related = page_related = ("delegate", "delegator", "system")
    search_fields = ("delegate__full_name", "delegator__full_name")
    acts = ("revoke",)
    ask_title, ask_button = "Let somebody stand in for you", "Delegate"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delegation]:
        """Those of systems in reach, one's own, and for readers of every system all."""
        mine = Q(delegator=request.user.pk) | Q(delegate=request.user.pk) | Q(system__in=scoped.systems(request))
        every = Q(system=None) if permissions.reads_everything(scoped.account(request)) else Q()
        return super().get_queryset(request).filter(mine | every)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(_lendable(request))

    def explanation(self, request: HttpRequest) -> str:
        return (
            "Another person signs in one of your roles, until a date. The duties of both count; no role is given away."
        )

    def questions(self, request: HttpRequest) -> Iterable[Question]:
        people = [(str(one.pk), str(one)) for one in _deputies(request)]
        systems = [(str(one.pk), one.name) for one in scoped.systems(request).order_by("name")]
        return (
            Question("delegate", "Who stands in", "choice", choices=people),
            Question(
                "role", "In your role as", "choice", choices=[(one.value, one.label) for one in _lendable(request)]
            ),
            Question("system", "For the system", "choice", "Empty: for every system.", systems, required=False),
            Question("starts_at", "From, in UTC", "time"),
            Question("ends_at", "Until, in UTC", "time", f"{delegations.LONGEST.days} days at most."),
            Question("reason", "Why", "text"),
        )

    def ask(self, request: HttpRequest) -> Delegation:
        given, systems = request.POST, {str(one.pk): one for one in scoped.systems(request)}
        to = {str(one.pk): one for one in _deputies(request)}.get(given.get("delegate", ""))
        if to is None or (given.get("system") and given["system"] not in systems):
            raise Invalid("Nobody was chosen, or no system of yours.", remedy="Choose who stands in, and where.")
        return delegations.delegate(
            to,
            role=given.get("role", ""),
            span=delegations.Span(acting.moment(request, "starts_at"), acting.moment(request, "ends_at")),
            reason=acting.reason(request),
            actor=acting.actor(request),
            system=systems.get(given.get("system", "")),
        )

    def offers(self, row: Delegation, request: HttpRequest) -> Iterable[Act]:
        runs = row.revoked_at is None and row.ends_at > timezone.now()
        if runs and request.user.pk in (row.delegator_id, row.delegate_id):
            words = "Nothing is signed by it from now on; what was signed stays."
            yield Act("revoke", "End it now", words, asks_reason=False, grave=True)

    def revoke(self, request: HttpRequest, row: Delegation) -> str:
        delegations.revoke(row, actor=acting.actor(request))
        return "The delegation is over."

    def headline(self, row: Delegation) -> str:
        return row.reason

    def facts(self, row: Delegation) -> Iterable[tuple[str, Any]]:
        yield "Stands in", row.delegate
        yield "For", row.delegator
        yield "As", Role(row.role).label
        yield "System", row.system or "every system"
        yield "From", row.starts_at
        yield "Until", row.ends_at
        yield "Revoked", row.revoked_at


def _lendable(request: HttpRequest) -> list[Role]:
    """The roles in which the person signs somewhere."""
    held = Grant.objects.held().filter(account=request.user.pk, role__in=SIGNING)
    return sorted({Role(role) for role in held.values_list("role", flat=True)})


def _deputies(request: HttpRequest) -> QuerySet[User]:
    """Those who sign for a system that the person reads, but for the person."""
    there = Q(system__in=scoped.systems(request)) | Q(system=None)
    signers = Grant.objects.held().filter(there, role__in=SIGNING).values("account")
    people = User.objects.filter(pk__in=signers, kind=User.Kind.PERSON, is_active=True)
    return people.exclude(username=request.user.get_username()).order_by("full_name", "username")


@admin.register(Recusal)
class RecusalAdmin(ScopedAdmin):
    system_path = "promotion__slot__system"
    list_display = (
        columns.text("person", "Who"),
        columns.record("promotion", "Stepped back from"),
        columns.text("reason", "Why", words=90),
        columns.moment("created_at", "When"),
    )
    list_select_related = page_related = (*PROMOTION, "person")
    search_fields = ("reason", "promotion__slot__key")

    def headline(self, row: Recusal) -> str:
        return row.reason

    def facts(self, row: Recusal) -> Iterable[tuple[str, Any]]:
        yield "Who", row.person
        yield "Request", row.promotion
        yield "When", row.created_at


@admin.register(Comment)
class CommentAdmin(ScopedAdmin):
    system_path = "promotion__slot__system"
    list_display = (
        columns.text("text", "Said", words=90),
        columns.text("author", "By"),
        columns.record("promotion", "About"),
        columns.moment("created_at", "When"),
    )
    list_select_related = page_related = (*PROMOTION, "author")
    search_fields = ("text", "promotion__slot__key")

    def facts(self, row: Comment) -> Iterable[tuple[str, Any]]:
        yield "Said", show.paragraph(row.text)
        yield "By", row.author
        yield "About", row.promotion
        yield "When", row.created_at
