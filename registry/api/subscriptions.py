"""Subscriptions: events of the log as signed webhooks, mail or chat, and each attempt to deliver one."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import permissions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.base import Records, actor, expected_revision, parsed, signed_in
from registry.models import Delivery, Subscription
from registry.permissions import allows, reads_everything
from registry.roles import Action
from registry.services.subscriptions import repeating, subscribing

_WEBHOOK = {
    "name": "ticketing",
    "kind": "webhook",
    "target": "https://hooks.example.org/models",
    "events": ["promotion.*", "slot.assigned"],
}
_NOTICE = {
    "name": "risk officers",
    "kind": "notice",
    "target": "mailtos://user:password@mail.example.org?from=models@example.org&to=risk@example.org",
    "events": ["incident.*"],
}


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    target = serializers.CharField(source="shown_target", help_text="without what may be secret in it")
    events = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Subscription
        fields = [
            "id",
            "name",
            "kind",
            "target",
            "events",
            "state",
            "position",
            "failures",
            "rests_until",
            "gave_up_at",
            "created_by",
            "created_at",
            "revision",
        ]
        read_only_fields = fields


class SubscriptionWithSecret(SubscriptionSerializer):
    secret = serializers.CharField(help_text="signs what is sent; shown this once. Empty for mail and chat")

    class Meta(SubscriptionSerializer.Meta):
        fields = [*SubscriptionSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class SubscriptionCreation(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=Subscription.Kind.choices)
    target = serializers.CharField(
        write_only=True,
        max_length=subscribing.MAX_TARGET_LENGTH,
        help_text="an https:// address for webhooks; an apprise URL for mail and chat",
    )
    events = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=subscribing.MAX_PATTERNS,
        help_text="names such as promotion.signed, all of a noun such as promotion.*, or *",
    )


class SubscriptionChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False)
    target = serializers.CharField(write_only=True, max_length=subscribing.MAX_TARGET_LENGTH, required=False)
    events = serializers.ListField(
        child=serializers.CharField(max_length=80), max_length=subscribing.MAX_PATTERNS, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Say what shall change.")
        return attrs


class SecretRotation(serializers.Serializer[Any]):
    overlap_hours = serializers.IntegerField(
        min_value=0,
        max_value=168,
        default=subscribing.OVERLAP_HOURS,
        help_text="how long what is sent carries a signature of the old secret too",
    )


class Replay(serializers.Serializer[Any]):
    from_index = serializers.IntegerField(min_value=0, required=False, help_text="the first entry of the log")
    to_index = serializers.IntegerField(min_value=0, required=False, help_text="the last; both are sent")
    deliveries = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=repeating.MOST, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.keys() not in ({"from_index", "to_index"}, {"deliveries"}):
            raise serializers.ValidationError("Send from_index and to_index, or deliveries.")
        return attrs


class Replayed(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="how many deliveries are due now")


class PingOutcome(serializers.Serializer[Any]):
    delivered = serializers.BooleanField(source="is_told")
    status_code = serializers.IntegerField(source="status", allow_null=True, help_text="null for mail and chat")
    failure = serializers.CharField(allow_blank=True, help_text="why not")


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = [
            "id",
            "index",
            "event",
            "event_id",
            "replay",
            "state",
            "attempts",
            "next_at",
            "status_code",
            "failure",
            "created_at",
            "delivered_at",
        ]
        read_only_fields = fields


class InState(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Delivery.State.choices, required=False, help_text="all by default")


class SubscribesOrAudits(permissions.BasePermission):
    """Who subscribes, and to read also who reads everything: addresses of other systems are nobody else's business."""

    message = "You may not see where events are sent."

    def has_permission(self, request: Request, view: APIView) -> bool:
        account = signed_in(request)
        if request.method in permissions.SAFE_METHODS and reads_everything(account):
            return True
        return allows(account, Action.SUBSCRIBE)


@extend_schema_view(
    list=extend_schema(operation_id="subscriptions_list", summary="List who is told of events"),
    retrieve=extend_schema(operation_id="subscriptions_get", summary="Read one subscription"),
)
class Subscriptions(Records):
    """Events of every kind, sent on in the order of the log: at least once each, none left out."""

    queryset = Subscription.objects.all()
    serializer_class = SubscriptionSerializer
    permission_classes = (permissions.IsAuthenticated, SubscribesOrAudits)
    system_path = None
    filterset_fields = ["kind", "state", "name"]

    @extend_schema(
        operation_id="subscriptions_create",
        summary="Send events to an address from now on",
        request=SubscriptionCreation,
        responses={201: SubscriptionWithSecret},
        examples=[
            OpenApiExample("A webhook", value=_WEBHOOK, request_only=True),
            OpenApiExample("Mail", value=_NOTICE, request_only=True),
        ],
    )
    def create(self, request: Request) -> Response:
        """The secret of a webhook is in this answer and never again."""
        body = parsed(SubscriptionCreation, request)
        made = subscribing.subscribe(
            body["name"], kind=body["kind"], target=body["target"], patterns=body["events"], actor=actor(request)
        )
        return self._with_secret(made, status=201)

    @extend_schema(
        operation_id="subscriptions_update",
        summary="Change name, target or events",
        request=SubscriptionChange,
        responses={200: SubscriptionSerializer},
        examples=[OpenApiExample("Other events", value={"events": ["incident.*"]}, request_only=True)],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        changes, revision = parsed(SubscriptionChange, request), expected_revision(request)
        changed = subscribing.change(self.get_object(), changes=changes, revision=revision, actor=actor(request))
        return self.shown(changed)

    @extend_schema(operation_id="subscriptions_end", summary="End a subscription; its row and its past stay")
    def destroy(self, request: Request, pk: str) -> Response:
        subscribing.end(self.get_object(), actor=actor(request))
        return Response(status=204)

    @extend_schema(
        operation_id="subscriptions_pause",
        summary="Send nothing for now; entries wait in the log",
        request=None,
        responses={200: SubscriptionSerializer},
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self.shown(subscribing.pause(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="subscriptions_resume",
        summary="Send again, what waited first",
        request=None,
        responses={200: SubscriptionSerializer},
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self.shown(subscribing.resume(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="subscriptions_rotate_secret",
        summary="Sign with a new secret, for a while with the old one too",
        request=SecretRotation,
        responses={200: SubscriptionWithSecret},
        examples=[OpenApiExample("At once", value={"overlap_hours": 0}, request_only=True)],
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """The new secret is in this answer and never again."""
        body = parsed(SecretRotation, request)
        return self._with_secret(subscribing.rotate_secret(self.get_object(), **body, actor=actor(request)))

    @extend_schema(
        operation_id="subscriptions_replay",
        summary="Send entries again, by their places in the log or by deliveries",
        request=Replay,
        responses={202: Replayed},
        examples=[OpenApiExample("A stretch", value={"from_index": 100, "to_index": 199}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Each has the webhook-id that it had the first time."""
        body, subscription, by = parsed(Replay, request), self.get_object(), actor(request)
        if "deliveries" in body:
            made = repeating.replay_deliveries(subscription, deliveries=body["deliveries"], actor=by)
        else:
            made = repeating.replay_range(subscription, first=body["from_index"], last=body["to_index"], actor=by)
        return Response(Replayed({"count": len(made)}).data, status=202)

    @extend_schema(
        operation_id="subscriptions_test",
        summary="Send a ping, which is no entry of the log, and say what came of it",
        request=None,
        responses={200: PingOutcome},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        return Response(PingOutcome(repeating.ping(self.get_object(), actor=actor(request))).data)

    @extend_schema(
        operation_id="subscriptions_deliveries",
        summary="List what was sent, what waits, and why",
        filters=False,
        parameters=[InState],
        responses={200: DeliverySerializer(many=True)},
    )
    @action(detail=True, filterset_fields=None)
    def deliveries(self, request: Request, pk: str) -> Response:
        reader = InState(data=request.query_params)
        reader.is_valid(raise_exception=True)
        page = self.paginate_queryset(self.get_object().deliveries.filter(**reader.validated_data))
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)

    def _with_secret(self, keyed: subscribing.Keyed, *, status: int = 200) -> Response:
        answer = self.shown(keyed.subscription, status=status)
        answer.data = {**answer.data, "secret": keyed.secret}
        answer["Cache-Control"] = "no-store"
        return answer
