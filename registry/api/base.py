"""What every registry view shares: who acts, what they may see, and the ETag of what they read."""

import re
from typing import Any, ClassVar, cast

from django.db.models import Model, QuerySet
from django.urls import reverse
from rest_framework import exceptions, mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from audit.actors import Actor
from registry import actors, permissions
from registry.errors import RevisionMismatch
from registry.models import User

_REVISION = re.compile(r'"(?P<quoted>[0-9]{1,9})"|(?P<bare>[0-9]{1,9})')


def actor(request: Request, *, account: User | None = None) -> Actor:
    """The signed-in account, or the one given, as the services' actor within this request."""
    request_id: str = request.request_id  # type: ignore[attr-defined]  # RequestIdMiddleware sets it
    return actors.of(account or signed_in(request), request=request_id)


def signed_in(request: Request) -> User:
    """Who asks; permission classes have turned away everybody who is nobody."""
    return cast(User, request.user)


def expected_revision(request: Request) -> int:
    """The revision in If-Match, which a change needs wherever two people may write.

    Raises PreconditionRequired; RevisionMismatch for a tag that is none of ours and so can match nothing.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise PreconditionRequired
    revision = _REVISION.fullmatch(given)
    if revision is None:
        raise RevisionMismatch("If-Match names no revision.", remedy="Send the ETag of the record as you read it.")
    return int(revision["quoted"] or revision["bare"])


class PreconditionRequired(exceptions.APIException):
    """Two people may write here: the caller must say which revision was read."""

    status_code = 428
    default_code = "precondition_required"
    default_detail = "Send the ETag of the record you read as If-Match, so that nobody's change is overwritten."


class ProtocolMismatch(exceptions.APIException):
    """Uploads in pieces speak one protocol: the caller speaks another version of it, or none."""

    status_code = 412
    default_code = "protocol_mismatch"
    default_detail = "Uploads speak tus 1.0.0: send 'Tus-Resumable: 1.0.0'."


class Records(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """List and detail of a governed noun, limited to the systems that the account may read.

    system_path: the lookup from the row to its system, e.g. ``dataset__system``; None where rows belong to no system.
    detail_serializer_class: shows one row where that is more than a list should carry.
    Views that also act take the row with `get_object` and hand it to a service.
    """

    system_path: ClassVar[str | None] = "system"
    detail_serializer_class: ClassVar[type[serializers.Serializer[Any]] | None] = None

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if self.system_path is None:
            return rows
        return rows.filter(**{f"{self.system_path}__in": permissions.visible_systems(signed_in(self.request))})

    def get_serializer_class(self) -> Any:
        if self.action != "list" and self.detail_serializer_class:
            return self.detail_serializer_class
        return super().get_serializer_class()

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        return self.shown(row)

    def shown(self, row: Model, *, status: int = 200) -> Response:
        """The row's representation, with its revision as ETag where it has one."""
        response = Response(self.get_serializer(row).data, status=status)
        revision = getattr(row, "revision", None)
        if revision is not None:
            response["ETag"] = f'"{revision}"'
        return response


class Reference(serializers.PrimaryKeyRelatedField[Any]):
    """The id of another record, in a request: one that the account may not read does not exist for it."""

    def __init__(self, *, system_path: str = "system", **options: Any) -> None:
        super().__init__(**options)
        self.system_path = system_path

    def get_queryset(self) -> QuerySet[Any]:
        rows = cast(QuerySet[Any], super().get_queryset())
        visible = permissions.visible_systems(signed_in(self.context["request"]))
        return rows.filter(**{f"{self.system_path}__in": visible})


def accepted(shown: serializers.ModelSerializer[Any], *, view_name: str) -> Response:
    """202: the work is on record and a worker was asked; Location is where to watch it."""
    location = reverse(view_name, args=[shown.data["id"]])
    return Response(shown.data, status=202, headers={"Location": location})


def parsed(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body, read by a serializer; every field that is wrong is named in one answer."""
    reader = serializer(data=request.data, context={"request": request})
    reader.is_valid(raise_exception=True)
    return cast(dict[str, Any], reader.validated_data)


def asked(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's query, read by a serializer, as `parsed` reads a body."""
    reader = serializer(data=request.query_params.dict(), context={"request": request})
    reader.is_valid(raise_exception=True)
    return cast(dict[str, Any], reader.validated_data)
