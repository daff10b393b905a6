"""Erasures, which one person asks for and another decides, and the legal holds that stand against them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import permissions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit.api.base import ReadsTheLog
from audit.models import Hold, Redaction
from registry.api.base import Records, actor, parsed
from registry.api.decisions import Reason
from registry.services import privacy

_PERSON = {
    "person": "person:0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a05",
    "ground": "GDPR Art. 17(1)(b)",
    "reason": "They left, and asked for it.",
}
_FIELDS = {
    "event": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a07",
    "fields": ["reason"],
    "ground": "GDPR Art. 17(1)(d)",
    "reason": "A customer's name slipped in.",
}
_HOLD = {
    "subject_type": "promotion",
    "subject_id": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a08",
    "ground": "Regulation (EU) 2024/1689 Art. 18(1): ten years",
    "reason": "The authority asked about this decision.",
}


class RedactionSerializer(serializers.ModelSerializer[Redaction]):
    class Meta:
        model = Redaction
        fields = [
            "id",
            "event",
            "fields",
            "person",
            "ground",
            "state",
            "refusal",
            "requested_by",
            "requested_at",
            "decided_by",
            "decided_at",
            "revision",
        ]
        read_only_fields = fields


class RedactionRequest(serializers.Serializer[Any]):
    event = serializers.UUIDField(required=False, help_text="the event of which fields go")
    fields = serializers.ListField(  # type: ignore[assignment]  # what the library calls its own fields
        child=serializers.CharField(), required=False, help_text="their names, as the entry has them"
    )
    person = serializers.CharField(required=False, help_text="of whom everything goes, as actors are named")
    ground = serializers.CharField(max_length=100, help_text="the provision; it stands in the log, in clear, for ever")
    reason = serializers.CharField(help_text="why, in your own words; the log holds only a commitment to it")


class HoldSerializer(serializers.ModelSerializer[Hold]):
    class Meta:
        model = Hold
        fields = [
            "id",
            "subject_type",
            "subject_id",
            "person",
            "ground",
            "placed_by",
            "placed_at",
            "released_by",
            "released_at",
            "revision",
        ]
        read_only_fields = fields


class HoldPlacement(serializers.Serializer[Any]):
    subject_type = serializers.CharField(required=False, help_text="all subjects of a type, or with an id one of them")
    subject_id = serializers.CharField(required=False)
    person = serializers.CharField(required=False, help_text="what is about a person, and what they did")
    ground = serializers.CharField(max_length=1000, help_text="the duty to keep, with its source")
    reason = serializers.CharField(help_text="why now, in your own words")


@extend_schema_view(
    list=extend_schema(operation_id="audit_redactions_list", summary="List erasures, asked for or done"),
    retrieve=extend_schema(operation_id="audit_redactions_get", summary="Read one erasure"),
)
class Redactions(Records):
    """Erasures of sealed values: every proof goes on to hold, because entries only commit to them."""

    queryset = Redaction.objects.all()
    serializer_class = RedactionSerializer
    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)
    system_path = None
    filterset_fields = ["state", "event", "person"]

    @extend_schema(
        operation_id="audit_redactions_request",
        summary="Ask to erase fields of one event, or everything about one person",
        request=RedactionRequest,
        responses={201: RedactionSerializer},
        examples=[
            OpenApiExample("A person", value=_PERSON, request_only=True),
            OpenApiExample("One field", value=_FIELDS, request_only=True),
        ],
    )
    def create(self, request: Request) -> Response:
        return self.shown(privacy.request(**parsed(RedactionRequest, request), actor=actor(request)), status=201)

    @extend_schema(
        operation_id="audit_redactions_approve",
        summary="Erase, as the second person; this cannot be undone",
        request=Reason,
        responses={200: RedactionSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "Nothing asks to keep it."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        return self.shown(privacy.approve(self.get_object(), **parsed(Reason, request), actor=actor(request)))

    @extend_schema(
        operation_id="audit_redactions_refuse",
        summary="Decide that the values stay",
        request=Reason,
        responses={200: RedactionSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "It is part of a claim."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        return self.shown(privacy.refuse(self.get_object(), **parsed(Reason, request), actor=actor(request)))

    @extend_schema(
        operation_id="audit_redactions_withdraw",
        summary="Take your own request back",
        request=Reason,
        responses={200: RedactionSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "The wrong event."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        return self.shown(privacy.withdraw(self.get_object(), **parsed(Reason, request), actor=actor(request)))


@extend_schema_view(
    list=extend_schema(operation_id="audit_holds_list", summary="List legal holds"),
    retrieve=extend_schema(operation_id="audit_holds_get", summary="Read one legal hold"),
)
class Holds(Records):
    """Legal holds: while one stands, nothing under it is erased or archived away."""

    queryset = Hold.objects.all()
    serializer_class = HoldSerializer
    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)
    system_path = None
    filterset_fields = {
        "subject_type": ["exact"],
        "subject_id": ["exact"],
        "person": ["exact"],
        "released_at": ["isnull"],
    }

    @extend_schema(
        operation_id="audit_holds_place",
        summary="Keep what is about a subject, a type of subjects, a person, or everything",
        request=HoldPlacement,
        responses={201: HoldSerializer},
        examples=[OpenApiExample("One decision", value=_HOLD, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        return self.shown(privacy.place_hold(**parsed(HoldPlacement, request), actor=actor(request)), status=201)

    @extend_schema(
        operation_id="audit_holds_release",
        summary="End a legal hold",
        request=Reason,
        responses={200: HoldSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "The case is closed."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        return self.shown(privacy.release_hold(self.get_object(), **parsed(Reason, request), actor=actor(request)))
