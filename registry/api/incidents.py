"""Incidents: what should not have happened, by when an authority must know, and how far its mending has come."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, Reference, actor, expected_revision, parsed
from registry.api.decisions import Reason
from registry.api.slots import SlotKey
from registry.models import AISystem, Incident, Slot
from registry.services.slots import incidents

_EXAMPLE = {
    "system": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01",
    "slot": "employment-screening.production.champion",
    "severity": "serious",
    "led_to": "other",
    "title": "Applicants over sixty were turned away without a person looking",
    "detail": "Since the release on Monday the age arrives in months; 212 people were scored with it.",
}


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)
    owner_name = serializers.StringRelatedField[Any](source="owner", allow_null=True)

    class Meta:
        model = Incident
        fields = [
            "id",
            "system",
            "slot",
            "source",
            "severity",
            "title",
            "detail",
            "state",
            "owner",
            "owner_name",
            "detected_at",
            "authority_deadline",
            "closed_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields


class IncidentReport(serializers.Serializer[Any]):
    system = Reference(queryset=AISystem.objects.all(), system_path="pk")
    slot = SlotKey(required=False, help_text="its key, where one is concerned")
    severity = serializers.ChoiceField(choices=Incident.Severity.choices)
    led_to = serializers.ChoiceField(
        choices=list(incidents.DEADLINE_DAYS),
        default="other",
        help_text="sets a serious incident's deadline at the authority: 15 days, after a death 10, widespread 2",
    )
    title = serializers.CharField(max_length=200)
    detail = serializers.CharField()
    detected_at = serializers.DateTimeField(required=False, help_text="when it was noticed; now by default")


class IncidentFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")
    deadline_before = filters.IsoDateTimeFilter(
        field_name="authority_deadline", lookup_expr="lte", help_text="whose deadline at the authority is not later"
    )

    class Meta:
        model = Incident
        fields = ["system", "state", "severity", "source"]


def _step(name: str, summary: str, reason: str) -> Any:
    return extend_schema(
        operation_id=f"incidents_{name}",
        summary=summary,
        request=Reason,
        responses={200: IncidentSerializer},
        examples=[OpenApiExample("As it was done", value={"reason": reason}, request_only=True)],
    )


@extend_schema_view(
    list=extend_schema(operation_id="incidents_list", summary="List incidents"),
    retrieve=extend_schema(operation_id="incidents_get", summary="Read one incident"),
    contain=_step("contain", "It does no more harm", "Rolled back to version 3 at 09:40."),
    analyse=_step("analyse", "Its cause is known", "The feed changed its unit; the contract had no maximum."),
    correct=_step("correct", "What caused it is mended", "The contract has a maximum; the version was trained anew."),
    close=_step("close", "It is over", "The people concerned were told and heard."),
)
class Incidents(Records):
    """Forward only: reported, contained, analysed, corrected, closed."""

    queryset = Incident.objects.select_related("system", "slot", "owner")
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter

    @extend_schema(
        operation_id="incidents_report",
        summary="Report an incident; a serious one has a deadline at the authority",
        request=IncidentReport,
        responses={201: IncidentSerializer},
        examples=[OpenApiExample("A serious one", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(IncidentReport, request)
        return self.shown(incidents.report(body.pop("system"), **body, actor=actor(request)), status=201)

    @action(detail=True, methods=["post"])
    def contain(self, request: Request, pk: str) -> Response:
        return self._moved(request, Incident.State.CONTAINED)

    @action(detail=True, methods=["post"])
    def analyse(self, request: Request, pk: str) -> Response:
        return self._moved(request, Incident.State.ANALYSED)

    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        return self._moved(request, Incident.State.CORRECTED)

    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        return self._moved(request, Incident.State.CLOSED)

    def _moved(self, request: Request, to: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        return self.shown(incidents.move(self.get_object(), to=to, **body, revision=revision, actor=actor(request)))
