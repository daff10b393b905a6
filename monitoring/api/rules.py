"""Rules of alerts: which alarms lead to which actions, and who is told while nobody answers."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.models import AlertRule, Monitor
from monitoring.services.alerts import rules
from registry.api.base import Records, Reference, actor, expected_revision, parsed
from registry.api.slots import SlotKey
from registry.models import AISystem, Slot
from registry.roles import Role

_EXAMPLE = {
    "system": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01",
    "slot": "employment-screening.production.champion",
    "name": "stop and retrain",
    "kinds": ["performance", "estimated"],
    "in_a_row": 2,
    "least_impact": 0.02,
    "actions": ["notify", "hold", "retrain"],
    "escalate_after_minutes": 60,
    "escalate_to": ["operator", "owner", "risk_officer"],
}


class AlertRuleSerializer(serializers.ModelSerializer[AlertRule]):
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)

    class Meta:
        model = AlertRule
        fields = [
            "id",
            "system",
            "slot",
            "name",
            "kinds",
            "in_a_row",
            "least_impact",
            "actions",
            "escalate_after_minutes",
            "escalate_to",
            "enabled",
            "created_by",
            "changed_by",
            "changed_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields


class Terms(serializers.Serializer[Any]):
    """What a rule says, whole or in part."""

    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=Monitor.Kind.choices), required=False, help_text="empty is every kind"
    )
    in_a_row = serializers.IntegerField(
        min_value=1, max_value=rules.LONGEST_STREAK, required=False, help_text="alarms without a quiet look between"
    )
    least_impact = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="what it costs at least; an alarm without an estimate does not meet it",
    )
    actions = serializers.ListField(
        child=serializers.ChoiceField(choices=AlertRule.Do.choices), required=False, help_text="in their order"
    )
    escalate_after_minutes = serializers.IntegerField(
        min_value=1,
        max_value=rules.LONGEST_WAIT_MINUTES,
        required=False,
        allow_null=True,
        help_text="while nobody has answered, each step",
    )
    escalate_to = serializers.ListField(
        child=serializers.ChoiceField(choices=Role.choices), required=False, help_text="one role a step"
    )
    enabled = serializers.BooleanField(required=False)


class AlertRuleCreation(Terms):
    system = Reference(queryset=AISystem.objects.all(), system_path="pk")
    slot = SlotKey(required=False, help_text="its key; every slot of the system where none is named")
    name = serializers.CharField(max_length=100)
    actions = serializers.ListField(
        child=serializers.ChoiceField(choices=AlertRule.Do.choices), min_length=1, help_text="in their order"
    )


class AlertRuleChange(Terms):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Say what shall change.")
        return attrs


class AlertRuleFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")

    class Meta:
        model = AlertRule
        fields = ["system", "enabled"]


@extend_schema_view(
    list=extend_schema(operation_id="alert_rules_list", summary="List rules of alerts"),
    retrieve=extend_schema(operation_id="alert_rules_get", summary="Read one rule"),
)
class AlertRules(Records):
    """Each action happens once an alert and rule, by the rights of who last wrote the rule."""

    queryset: QuerySet[AlertRule] = AlertRule.objects.select_related("system", "slot")
    serializer_class = AlertRuleSerializer
    filterset_class = AlertRuleFilter

    @extend_schema(
        operation_id="alert_rules_create",
        summary="Let alarms lead to actions",
        request=AlertRuleCreation,
        responses={201: AlertRuleSerializer},
        examples=[OpenApiExample("Two bad looks stop the slot", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(AlertRuleCreation, request)
        system, name, slot = body.pop("system"), body.pop("name"), body.pop("slot", None)
        made = rules.create(system, name=name, slot=slot, terms=body, actor=actor(request))
        return self.shown(made, status=201)

    @extend_schema(
        operation_id="alert_rules_update",
        summary="Change what a rule says; whoever changes it answers for all of it",
        request=AlertRuleChange,
        responses={200: AlertRuleSerializer},
        examples=[OpenApiExample("No longer", value={"enabled": False}, request_only=True)],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        changes, revision = parsed(AlertRuleChange, request), expected_revision(request)
        return self.shown(rules.change(self.get_object(), changes=changes, revision=revision, actor=actor(request)))
