"""Reviews: what must be looked at again, by when, and the answers to it."""

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import permissions
from registry.api.base import Records, actor, expected_revision, parsed, signed_in
from registry.api.decisions import Reason, Signed, credentials
from registry.models import PeriodicReview
from registry.services.approvals import reviews
from registry.services.slots import reviewing

_ANSWER = {
    "outcome": "continue",
    "reason": "The monitors of the last six months show no drift, and nothing about its use has changed.",
    "password": "the reviewer's own",
    "code": "492039",
}


class ReviewSerializer(serializers.ModelSerializer[PeriodicReview]):
    about = serializers.SerializerMethodField(help_text="the version and the slot, in words")

    class Meta:
        model = PeriodicReview
        fields = [
            "id",
            "about",
            "promotion",
            "emergency",
            "cause",
            "detail",
            "state",
            "due_at",
            "lapses_at",
            "extended",
            "outcome",
            "completed_by",
            "completed_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields

    def get_about(self, review: PeriodicReview) -> str:
        return str(reviews.about(review))


class ReviewAnswer(Signed):
    outcome = serializers.ChoiceField(choices=PeriodicReview.Outcome.choices)
    reason = serializers.CharField(help_text="what you looked at, and what you found")


class Extension(Reason):
    days = serializers.IntegerField(min_value=1, max_value=14, help_text="how many days more, once")


class ReviewFilter(filters.FilterSet):
    slot = filters.CharFilter(method="of_slot", help_text="the slot's key")
    open = filters.BooleanFilter(method="still_open", help_text="true: those that nobody has answered yet")

    class Meta:
        model = PeriodicReview
        fields = ["state", "cause", "promotion", "emergency"]

    def of_slot(self, rows: QuerySet[PeriodicReview], name: str, key: str) -> QuerySet[PeriodicReview]:
        return rows.filter(Q(promotion__slot__key=key) | Q(emergency__slot__key=key))

    def still_open(self, rows: QuerySet[PeriodicReview], name: str, value: bool) -> QuerySet[PeriodicReview]:
        return rows.filter(state__in=PeriodicReview.OPEN) if value else rows.exclude(state__in=PeriodicReview.OPEN)


@extend_schema_view(
    list=extend_schema(operation_id="reviews_list", summary="List reviews"),
    retrieve=extend_schema(operation_id="reviews_get", summary="Read one review"),
)
class Reviews(Records):
    """Looks that must be taken again; unanswered, each has an effect."""

    queryset = PeriodicReview.objects.select_related(
        "promotion__model_version__model",
        "promotion__slot",
        "emergency__model_version__model",
        "emergency__slot",
    )
    serializer_class = ReviewSerializer
    system_path = None
    filterset_class = ReviewFilter

    def get_queryset(self) -> QuerySet[PeriodicReview]:
        visible = permissions.visible_systems(signed_in(self.request))
        return (
            super()
            .get_queryset()
            .filter(Q(promotion__slot__system__in=visible) | Q(emergency__slot__system__in=visible))
        )

    @extend_schema(
        operation_id="reviews_complete",
        summary="Answer a review, signed: the approval goes on, or is revoked and its slot acts at once",
        request=ReviewAnswer,
        responses={200: ReviewSerializer},
        examples=[OpenApiExample("It may go on", value=_ANSWER, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        body, revision = parsed(ReviewAnswer, request), expected_revision(request)
        signed = credentials(body)
        review = self.get_object()
        return self.shown(
            reviewing.complete(review, **body, credentials=signed, revision=revision, actor=actor(request))
        )

    @extend_schema(
        operation_id="reviews_extend",
        summary="Give a review some more days, once",
        request=Extension,
        responses={200: ReviewSerializer},
        examples=[
            OpenApiExample("A week", value={"days": 7, "reason": "The labels come on Friday."}, request_only=True)
        ],
    )
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Extension, request), expected_revision(request)
        return self.shown(reviews.extend(self.get_object(), **body, revision=revision, actor=actor(request)))
