"""What waits for whom: the open steps, the most urgent first."""

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from registry.models import AISystem, Decision, Delegation, Grant, ReviewTask, User
from registry.permissions import visible_systems
from registry.roles import SIGNING, Role
from registry.services.duties import tasks

_SYSTEM = "promotion__slot__system"
_TIERS = (AISystem.RiskTier.HIGH, AISystem.RiskTier.LIMITED, AISystem.RiskTier.MINIMAL)


def known(account: User) -> QuerySet[ReviewTask]:
    """Every step, open or closed, that the account may read about: the overdue first, then by risk tier, then by age.

    Each says whether it is `mine` (one may be the one to sign, or was told because it is late) and `overdue`.
    """
    rows = ReviewTask.objects.filter(**{f"{_SYSTEM}__in": visible_systems(account)})
    overdue = Q(closed_at=None, due_at__lt=timezone.now())
    unconfirmed = When(**{f"{_SYSTEM}__classified_at": None}, then=Value(0))
    stated = [When(**{f"{_SYSTEM}__risk_tier": tier}, then=Value(rank)) for rank, tier in enumerate(_TIERS)]
    rows = rows.annotate(
        overdue=Case(When(overdue, then=Value(True)), default=Value(False)),
        mine=Case(When(Q(closed_at=None) & _asked(account) & _free(account), then=Value(True)), default=Value(False)),
        tier=Case(unconfirmed, *stated, default=Value(len(_TIERS)), output_field=IntegerField()),
    )
    related = ("promotion__model_version__model", "promotion__slot__system", "assignee")
    return rows.select_related(*related).order_by("-overdue", "tier", "opened_at", "id")


def of(account: User) -> QuerySet[ReviewTask]:
    """The steps of these that are open."""
    return known(account).filter(pk__in=tasks.waiting().values("pk"))


def mine(account: User) -> QuerySet[ReviewTask]:
    """The open steps that wait for this account, in the same order."""
    return of(account).filter(Q(mine=True))


def _asked(account: User) -> Q:
    """By a role of one's own, by standing in for somebody, or as a risk officer for what is very late."""
    asked = Q(pk=None)
    for role, system in Grant.objects.held().filter(account=account, role__in=SIGNING).values_list("role", "system"):
        asked |= _there(Q(role=role), system)
        if role == Role.RISK_OFFICER:
            asked |= _there(Q(escalation=tasks.RISK_OFFICERS), system)
    now = timezone.now()
    stands_in = Delegation.objects.filter(delegate=account, revoked_at=None, starts_at__lte=now, ends_at__gt=now)
    for role, system in stands_in.values_list("role", "system"):
        asked |= _there(Q(role=role), system)
    return asked


def _there(wanted: Q, system: object) -> Q:
    return wanted & Q(**{_SYSTEM: system}) if system else wanted


def _free(account: User) -> Q:
    """Not the author's own, not one they stepped back from, and not one they have decided in this round."""
    made = Decision.objects.filter(promotion=OuterRef("promotion"), round=OuterRef("round"))
    decided = made.filter(Q(signer=account) | Q(delegated_by=account))
    return ~Q(promotion__author=account) & ~Q(promotion__recusals__person=account) & ~Q(Exists(decided))
