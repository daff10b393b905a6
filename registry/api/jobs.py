"""What every job shows of its progress, whatever the work is: its state, its log line by line, and how to stop it."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, actor, asked, parsed
from registry.models import JobLine
from registry.services import job_lines, jobs

View = TypeVar("View", bound=type["Jobs"])
PROGRESS = [
    "state",
    "progress_percent",
    "progress_message",
    "attempts",
    "failure",
    "requested_by",
    "started_at",
    "finished_at",
    "cancel_requested_at",
    "created_at",
]


class Stopping(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, default="", allow_blank=True, help_text="why, for the record")


class JobLineSerializer(serializers.ModelSerializer[JobLine]):
    class Meta:
        model = JobLine
        fields = ["id", "attempt", "at", "level", "text"]
        read_only_fields = fields


class Lines(serializers.Serializer[Any]):
    """Oldest first."""

    next = serializers.CharField(allow_null=True, help_text="where the lines after these are; ask again for new ones")
    results = JobLineSerializer(many=True)


class From(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)


def doors(noun: str, *, of: str, shown: type[serializers.Serializer[Any]]) -> Callable[[View], View]:
    """The operations of a kind of job that every kind has, named after it.

    noun: as in operation ids, e.g. ``runs``; of: in words, e.g. ``a run``; shown: how such a job is represented.
    """
    return extend_schema_view(
        cancel=extend_schema(
            operation_id=f"{noun}_cancel",
            summary=f"Stop {of}: at once where it waits, at its next step where a worker has it",
            request=Stopping,
            responses={200: shown},
            examples=[OpenApiExample("A reason", value={"reason": "The wrong data."}, request_only=True)],
        ),
        lines=extend_schema(
            operation_id=f"{noun}_lines",
            summary=f"Read the log of {of}, line by line",
            parameters=[OpenApiParameter("after", int, description="The id of the last line that was read.")],
            responses={200: Lines},
        ),
    )


class Jobs(Records):
    """Long work and how far its workers have come."""

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        body = parsed(Stopping, request)
        return self.shown(jobs.cancel(self.get_object(), **body, actor=actor(request)))

    @action(detail=True, methods=["get"])
    def lines(self, request: Request, pk: str) -> Response:
        job, after = self.get_object(), asked(From, request)["after"]
        found = list(job_lines.after(job, after))
        following = found[-1].pk if found else after
        here = reverse(f"{self.basename}-lines", args=[job.pk])
        return Response(Lines({"next": f"{here}?after={following}", "results": found}).data)
