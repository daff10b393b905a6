"""Coverage of clauses: what is on record for each, for one system or as a table, and signed exemptions."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from registry import permissions
from registry.api.base import Records, actor, parsed, signed_in
from registry.api.decisions import Reason, Signed, credentials
from registry.api.systems import SystemFilter
from registry.clauses import clause as clauses
from registry.clauses import judging
from registry.clauses.judging import Answer
from registry.models import AISystem, ClauseExemption
from registry.services.coverage import exemptions, verdicts

_EXEMPTION = {
    "clause": "eu-ai-act.27",
    "reason": "We are a private body that provides no public service, and it scores no credit and no insurance.",
    "password": "the signer's own",
    "code": "123456",
}


class ProofSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField()
    at = serializers.DateTimeField()
    path = serializers.CharField(help_text="where the API shows it; empty where it stands in another record")


class ExemptionSerializer(serializers.ModelSerializer[ClauseExemption]):
    class Meta:
        model = ClauseExemption
        fields = [
            "id",
            "system",
            "clause",
            "reason",
            "role",
            "meaning",
            "signer",
            "printed_name",
            "signed_at",
            "signed_digest",
            "statement",
            "public_key",
            "signature",
            "personal_key",
            "personal_signature",
            "withdrawn_at",
        ]
        read_only_fields = fields


class ClauseSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    clause = serializers.CharField()
    regime = serializers.CharField()
    demand = serializers.CharField()
    automation = serializers.CharField(help_text="A from records, B with a person's words, H a person's record")
    effective_from = serializers.DateField(allow_null=True)
    effective_until = serializers.DateField(allow_null=True)
    superseded_by = serializers.CharField()
    beyond = serializers.CharField(help_text="what of the demand no record here answers")


class ClauseAnswerSerializer(ClauseSerializer):
    state = serializers.CharField(help_text="covered, stale, missing or not_applicable")
    in_force = serializers.BooleanField(help_text="whether it binds today; what comes later is looked for already")
    reason = serializers.CharField()
    missing = serializers.ListField(child=serializers.CharField(), help_text="what to do, a sentence each")
    proofs = ProofSerializer(many=True, help_text="the records that show it")
    exemption = serializers.UUIDField(allow_null=True, help_text="the signed word that it does not apply")


class CoverageSerializer(serializers.Serializer[Any]):
    notice = serializers.CharField()
    at = serializers.DateTimeField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="how many clauses are in which state")
    clauses = ClauseAnswerSerializer(many=True)


class CellSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    reason = serializers.CharField()


class RowSerializer(serializers.Serializer[Any]):
    system = serializers.UUIDField()
    name = serializers.CharField()
    cells = serializers.DictField(child=CellSerializer(), help_text="by the clause's id")


class MatrixSerializer(serializers.Serializer[Any]):
    notice = serializers.CharField()
    at = serializers.DateTimeField()
    clauses = ClauseSerializer(many=True)
    systems = RowSerializer(many=True)


class Exempting(Signed):
    clause = serializers.CharField(max_length=120, help_text="its id in the coverage")
    reason = serializers.CharField(help_text="why it does not apply")


class Exemptable(GenericViewSet[Any]):
    """What of one system is on record for each clause, and what people exempted it from."""

    queryset = AISystem.objects.all()
    serializer_class = CoverageSerializer
    filterset_class = None

    def get_queryset(self) -> QuerySet[AISystem]:
        return permissions.visible_systems(signed_in(self.request)).order_by("pk")

    @extend_schema(
        operation_id="systems_coverage",
        summary="Each clause: covered, stale, missing or not applicable, with the records that say so",
        responses={200: CoverageSerializer},
    )
    @action(detail=True)
    def coverage(self, request: Request, pk: str) -> Response:
        system, now = self.get_object(), timezone.now()
        answers = verdicts.of(system, now=now)
        shown = {
            "notice": judging.NOTICE,
            "at": now,
            "counts": Counter(answer.state for answer in answers),
            "clauses": [_answer(answer, now) for answer in answers],
        }
        return Response(CoverageSerializer(shown).data)

    @extend_schema(
        operation_id="systems_exempt",
        summary="Sign that a clause does not apply to a system",
        request=Exempting,
        responses={201: ExemptionSerializer},
        examples=[OpenApiExample("A private body", value=_EXEMPTION, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def exemptions(self, request: Request, pk: str) -> Response:
        body = parsed(Exempting, request)
        proof = credentials(body)
        row = exemptions.sign(self.get_object(), **body, credentials=proof, actor=actor(request))
        return Response(ExemptionSerializer(row).data, status=201)


@extend_schema_view(
    list=extend_schema(operation_id="exemptions_list", summary="List signed exemptions from clauses"),
    retrieve=extend_schema(operation_id="exemptions_get", summary="Read one exemption with its signatures"),
)
class Exemptions(Records):
    """People's signed words that a clause does not apply, with withdrawn ones."""

    queryset = ClauseExemption.objects.select_related("system").order_by("-id")
    serializer_class = ExemptionSerializer
    filterset_fields = ["system", "clause"]

    @extend_schema(
        operation_id="exemptions_withdraw",
        summary="Take an exemption back: the clause is asked for again",
        request=Reason,
        responses={200: ExemptionSerializer},
        examples=[OpenApiExample("A reason", value={"reason": "We sell to public bodies now."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        body = parsed(Reason, request)
        return self.shown(exemptions.withdraw(self.get_object(), **body, actor=actor(request)))


class Coverage(GenericViewSet[Any]):
    """Every clause for every system you may read, fifty systems a page."""

    queryset = AISystem.objects.all()
    serializer_class = MatrixSerializer
    filterset_class = SystemFilter

    def get_queryset(self) -> QuerySet[AISystem]:
        return permissions.visible_systems(signed_in(self.request))

    @extend_schema(
        operation_id="coverage_list", summary="Every clause for every system", responses={200: MatrixSerializer}
    )
    def list(self, request: Request) -> Response:
        page, now = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or [], timezone.now()
        answers = verdicts.matrix(page, now=now)
        shown = MatrixSerializer(
            {
                "notice": judging.NOTICE,
                "at": now,
                "clauses": clauses.every(),
                "systems": [_row(system, answers[system.pk]) for system in page],
            }
        )
        return self.get_paginated_response(shown.data)


def _answer(answer: Answer, now: datetime) -> dict[str, Any]:
    names = ("id", "clause", "regime", "demand", "automation", "effective_from", "effective_until", "superseded_by")
    return {
        **{name: getattr(answer.clause, name) for name in (*names, "beyond")},
        "in_force": judging.in_force(answer.clause, now),
        "state": answer.state,
        "reason": answer.reason,
        "missing": answer.missing,
        "proofs": answer.proofs,
        "exemption": answer.exemption.pk if answer.exemption else None,
    }


def _row(system: AISystem, answers: Sequence[Answer]) -> dict[str, Any]:
    cells = {answer.clause.id: {"state": answer.state, "reason": answer.reason} for answer in answers}
    return {"system": system.pk, "name": system.name, "cells": cells}
