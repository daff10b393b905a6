"""Who is asked to review, and who stands in for whom."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import permissions
from registry.api.base import Records, Reference, actor, parsed, signed_in
from registry.models import AISystem, Delegation, ReviewTask, User
from registry.roles import Role
from registry.services.duties import delegations, queue

_DELEGATION = {
    "delegate": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04",
    "role": "validator",
    "starts_at": "2026-12-20T00:00:00Z",
    "ends_at": "2027-01-07T00:00:00Z",
    "reason": "I am away over the holidays.",
}


class ReviewTaskSerializer(serializers.ModelSerializer[ReviewTask]):
    promotion_name = serializers.StringRelatedField[Any](source="promotion")
    slot = serializers.CharField(source="promotion.slot.key", read_only=True)
    risk_tier = serializers.CharField(source="promotion.slot.system.risk_tier", read_only=True)
    headline = serializers.CharField(source="promotion.headline", read_only=True)
    overdue = serializers.BooleanField(read_only=True, help_text="its date is past")
    mine = serializers.BooleanField(read_only=True, help_text="you may be the one to sign")

    class Meta:
        model = ReviewTask
        fields = [
            "id",
            "promotion",
            "promotion_name",
            "slot",
            "risk_tier",
            "headline",
            "round",
            "role",
            "meaning",
            "opened_at",
            "due_at",
            "overdue",
            "escalation",
            "assignee",
            "closed_at",
            "mine",
        ]
        read_only_fields = fields


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    delegator_name = serializers.StringRelatedField[Any](source="delegator")
    delegate_name = serializers.StringRelatedField[Any](source="delegate")

    class Meta:
        model = Delegation
        fields = [
            "id",
            "delegator",
            "delegator_name",
            "delegate",
            "delegate_name",
            "role",
            "system",
            "reason",
            "starts_at",
            "ends_at",
            "revoked_at",
            "created_at",
        ]
        read_only_fields = fields


class Delegating(serializers.Serializer[Any]):
    delegate = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(kind=User.Kind.PERSON, is_active=True))
    role = serializers.ChoiceField(choices=Role.choices, help_text="one that signs, and that you hold yourself")
    system = Reference(
        queryset=AISystem.objects.all(),
        system_path="pk",
        required=False,
        help_text="where; everywhere that you hold the role by default",
    )
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="ninety days after it starts at the latest")
    reason = serializers.CharField(help_text="in your own words")


class DelegationFilter(filters.FilterSet):
    # By the bare id: a choice among rows would tell which ids exist, of systems too that the reader may not see.
    delegator = filters.UUIDFilter()
    delegate = filters.UUIDFilter()
    system = filters.UUIDFilter()

    class Meta:
        model = Delegation
        fields = ["role"]


@extend_schema_view(
    list=extend_schema(
        operation_id="review_tasks_list",
        summary="Your queue: the open steps that wait for you, the overdue first, then by risk tier and age",
        parameters=[
            OpenApiParameter("all", bool, description="also those that wait for others, of systems that you may read")
        ],
    ),
    retrieve=extend_schema(operation_id="review_tasks_get", summary="Read one step, open or closed"),
)
class ReviewTasks(Records):
    """The steps of chains that people are, or were, asked to take."""

    queryset = ReviewTask.objects.none()
    serializer_class = ReviewTaskSerializer
    system_path = "promotion__slot__system"
    pagination_class = None

    def get_queryset(self) -> QuerySet[ReviewTask]:
        account = signed_in(self.request)
        if self.action != "list":
            return queue.known(account)
        everything = self.request.query_params.get("all", "").lower() in ("true", "1")
        return queue.of(account) if everything else queue.mine(account)


@extend_schema_view(
    list=extend_schema(operation_id="delegations_list", summary="List who stands in for whom"),
    retrieve=extend_schema(operation_id="delegations_get", summary="Read one delegation"),
)
class Delegations(Records):
    """One person stands in for another in one role, until a date; the duties of both count."""

    queryset = Delegation.objects.select_related("delegator", "delegate")
    serializer_class = DelegationSerializer
    system_path = None
    filterset_class = DelegationFilter

    def get_queryset(self) -> QuerySet[Delegation]:
        account = signed_in(self.request)
        seen = Q(delegator=account) | Q(delegate=account) | Q(system__in=permissions.visible_systems(account))
        if permissions.reads_everything(account):
            seen |= Q(system=None)
        return super().get_queryset().filter(seen)

    @extend_schema(
        operation_id="delegations_make",
        summary="Let another person sign in one of your roles, until a date",
        request=Delegating,
        responses={201: DelegationSerializer},
        examples=[OpenApiExample("Over the holidays", value=_DELEGATION, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(Delegating, request)
        span = delegations.Span(body.pop("starts_at"), body.pop("ends_at"))
        made = delegations.delegate(body.pop("delegate"), **body, span=span, actor=actor(request))
        return self.shown(made, status=201)

    @extend_schema(
        operation_id="delegations_revoke",
        summary="End a delegation that you made or by which you stand in",
        request=None,
        responses={200: DelegationSerializer},
    )
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        return self.shown(delegations.revoke(self.get_object(), actor=actor(request)))
