"""What reviewers do with a promotion request: sign, take the open step, step back, and talk."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, actor, expected_revision, parsed
from registry.api.decisions import PromotionDetail, Reason, Signed, credentials
from registry.models import Comment, Condition, Decision, Recusal
from registry.services.decisions import deciding
from registry.services.decisions.deciding import Said
from registry.services.duties import duties, tasks, threads

_SIGNED = {"password": "the signer's own", "code": "492039"}
_DECISION = {
    "verdict": "approve",
    "meaning": "independent_validation",
    "reason": "I repeated the evaluation and found the same figures.",
    **_SIGNED,
}
_CONDITIONAL = {
    "verdict": "approve_with_conditions",
    "meaning": "review",
    "reason": "It may serve while the figures for older people are watched.",
    "conditions": [{"text": "Measure people over 60 on the rows of 2019.", "due_at": "2027-03-01T00:00:00Z"}],
    **_SIGNED,
}


class ConditionTerms(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="what must be done, in words")
    rule = serializers.JSONField(required=False, allow_null=True, help_text="one gate of the policy grammar, if any")
    standing = serializers.BooleanField(default=False, help_text="must hold all the time, not only when it is due")
    due_at = serializers.DateTimeField()
    on_breach = serializers.ChoiceField(choices=Condition.OnBreach.choices, default=Condition.OnBreach.SUSPEND)


class Signing(Signed):
    verdict = serializers.ChoiceField(choices=Decision.Verdict.choices)
    meaning = serializers.CharField(max_length=60, help_text="what your signature means: next_step.meaning")
    reason = serializers.CharField(help_text="why, in your own words")
    conditions = ConditionTerms(many=True, required=False, help_text="with 'approve_with_conditions' alone")


class CommentSerializer(serializers.ModelSerializer[Comment]):
    author_name = serializers.StringRelatedField[Any](source="author")

    class Meta:
        model = Comment
        fields = ["id", "author", "author_name", "text", "created_at"]
        read_only_fields = ["id", "author", "author_name", "created_at"]


class RecusalSerializer(serializers.ModelSerializer[Recusal]):
    class Meta:
        model = Recusal
        fields = ["id", "promotion", "person", "reason", "created_at"]
        read_only_fields = fields


class Reviewing(Records):
    """The part of a request's addresses that reviewers use."""

    @extend_schema(
        operation_id="promotions_decide",
        summary="Sign a decision, with your password and a one-time code",
        request=Signing,
        responses={201: PromotionDetail},
        examples=[
            OpenApiExample("An independent validation", value=_DECISION, request_only=True),
            OpenApiExample("With a condition", value=_CONDITIONAL, request_only=True),
        ],
    )
    @action(detail=True, methods=["post"])
    def decisions(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Signing, request), expected_revision(request)
        proof, who = credentials(body), actor(request)
        decided = deciding.decide(self.get_object(), Said(**body), credentials=proof, revision=revision, actor=who)
        return self.shown(decided, status=201)

    @extend_schema(
        operation_id="promotions_claim",
        summary="Say that you look at the open step; anybody who may still signs",
        request=None,
        responses={200: PromotionDetail},
    )
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: str) -> Response:
        return self.shown(deciding.claim(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="promotions_unclaim",
        summary="Give the open step back to the others",
        request=None,
        responses={200: PromotionDetail},
    )
    @action(detail=True, methods=["post"])
    def unclaim(self, request: Request, pk: str) -> Response:
        promotion = self.get_object()
        tasks.unclaim(promotion, actor=actor(request))
        return self.shown(promotion)

    @extend_schema(
        operation_id="promotions_recuse",
        summary="Step back from a request for good: you cannot decide on it any more, for nobody",
        request=Reason,
        responses={201: RecusalSerializer},
        examples=[
            OpenApiExample("A conflict of interest", value={"reason": "A relative wrote it."}, request_only=True)
        ],
    )
    @action(detail=True, methods=["post"])
    def recuse(self, request: Request, pk: str) -> Response:
        body = parsed(Reason, request)
        recusal = duties.recuse(self.get_object(), **body, actor=actor(request))
        return Response(RecusalSerializer(recusal).data, status=201)

    @extend_schema(
        operation_id="promotions_comments",
        summary="Read the thread of a request",
        responses=CommentSerializer(many=True),
    )
    @action(detail=True, pagination_class=None)
    def comments(self, request: Request, pk: str) -> Response:
        thread = self.get_object().comments.select_related("author")
        return Response(CommentSerializer(thread, many=True).data)

    @extend_schema(
        operation_id="promotions_comment",
        summary="Write into the thread; nothing is taken back",
        request=CommentSerializer,
        responses={201: CommentSerializer},
        examples=[OpenApiExample("A question", value={"text": "Why is 2016 left out?"}, request_only=True)],
    )
    @comments.mapping.post
    def comment(self, request: Request, pk: str) -> Response:
        body = parsed(CommentSerializer, request)
        said = threads.comment(self.get_object(), **body, actor=actor(request))
        return Response(CommentSerializer(said).data, status=201)
