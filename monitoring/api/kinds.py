"""Kinds of monitors: what each may be told, for forms and for clients that are generated from the description."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.models import Monitor
from monitoring.services import parameters


class KindOfMonitorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Monitor.Kind.choices)
    name = serializers.CharField(help_text="the kind in words")
    parameters = serializers.DictField(
        child=serializers.DictField(), help_text="each parameter's JSON Schema by its name: meaning, bounds, default"
    )


class MonitorKinds(APIView):
    """What a monitor can look at, the same for everybody."""

    @extend_schema(
        operation_id="monitor_kinds_list",
        summary="List the kinds of monitors and the parameters that each takes",
        responses={200: KindOfMonitorSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        found = [
            {"kind": kind.value, "name": kind.label, "parameters": parameters.known(kind)} for kind in Monitor.Kind
        ]
        return Response(KindOfMonitorSerializer(found, many=True).data)
