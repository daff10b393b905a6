"""Predictions of a slot, the log of them, and the outcomes that arrive later."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.base import Records, actor, parsed
from registry.models import FailedRequest, Prediction, Slot
from registry.services import predictions
from registry.serving import inference

_FEATURES = {
    "AGEP": 41,
    "SCHL": 21,
    "MAR": 1,
    "RELP": 0,
    "DIS": 2,
    "ESP": 0,
    "CIT": 1,
    "MIG": 1,
    "MIL": 4,
    "ANC": 1,
    "NATIVITY": 1,
    "DEAR": 2,
    "DEYE": 2,
    "DREM": 2,
}


class PredictionSerializer(serializers.ModelSerializer[Prediction]):
    class Meta:
        model = Prediction
        fields = [
            "id",
            "at",
            "slot",
            "slot_revision",
            "model_version",
            "arm",
            "entity",
            "features",
            "score",
            "decision",
            "latency_us",
            "request",
            "batch",
        ]
        read_only_fields = fields


class Answer(serializers.ModelSerializer[Prediction]):
    class Meta:
        model = Prediction
        fields = ["id", "score", "decision", "model_version", "arm"]
        read_only_fields = fields


class InputRow(serializers.Serializer[Any]):
    features = serializers.DictField(
        help_text="exactly the columns of the version's input schema: numbers, true or false, text, dates and times of "
        "ISO 8601, pictures in base64 (PNG or JPEG), or null where a value is missing"
    )
    entity = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="whom it is about; keeps its arm while a canary grows",
    )
    attributes = serializers.DictField(
        required=False,
        help_text="sensitive values by name, text, numbers, true, false or null, twenty at most; kept for fairness "
        "monitoring and never seen by the model",
    )


class PredictRequest(serializers.Serializer[Any]):
    rows = InputRow(many=True)


class PredictResponse(serializers.Serializer[Any]):
    slot = serializers.CharField()
    predictions = Answer(many=True)


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string"}]})
class Truth(serializers.JSONField):
    """A class or a number: which of them, the version of the prediction says."""


class OutcomeRow(serializers.Serializer[Any]):
    prediction = serializers.UUIDField()
    value = Truth(
        help_text="what turned out to be true: one of the version's classes, 0 or 1 where it has two, or the number "
        "that was to be predicted"
    )


class OutcomesRequest(serializers.Serializer[Any]):
    outcomes = OutcomeRow(many=True)


class OutcomesResponse(serializers.Serializer[Any]):
    stored = serializers.IntegerField()


class Predict(APIView):
    """Answers rows from what the slot serves; every answer is logged before it is given."""

    @extend_schema(
        operation_id="slots_predict",
        summary="Predict with what the slot serves",
        request=PredictRequest,
        responses={200: PredictResponse},
        examples=[
            OpenApiExample(
                "One person",
                value={"rows": [{"features": _FEATURES, "entity": "p-1", "attributes": {"SEX": 2, "RAC1P": 1}}]},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, key: str) -> Response:
        rows = [inference.Row(**row) for row in parsed(PredictRequest, request)["rows"]]
        answers = inference.predict(key, rows, actor=actor(request))
        return Response({"slot": key, "predictions": Answer(answers, many=True).data})


class Outcomes(APIView):
    """Takes what turned out to be true as it arrives: some of it, late, or once more where it was revised."""

    @extend_schema(
        operation_id="slots_record_outcomes",
        summary="Report what turned out to be true of predictions",
        request=OutcomesRequest,
        responses={201: OutcomesResponse},
        examples=[
            OpenApiExample(
                "One class",
                value={"outcomes": [{"prediction": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a11", "value": 1}]},
                request_only=True,
            ),
            OpenApiExample(
                "One number",
                value={"outcomes": [{"prediction": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a12", "value": 1840.5}]},
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request, key: str) -> Response:
        slot = Slot.objects.select_related("system").get(key=key)
        outcomes = parsed(OutcomesRequest, request)["outcomes"]
        stored = predictions.record_outcomes(slot, outcomes, actor=actor(request))
        return Response({"stored": stored}, status=201)


@extend_schema_view(
    list=extend_schema(operation_id="predictions_list", summary="List logged predictions"),
    retrieve=extend_schema(operation_id="predictions_get", summary="Read one logged prediction"),
)
class Predictions(Records):
    """The prediction log; sensitive attributes are not shown here."""

    queryset = Prediction.objects.all()
    serializer_class = PredictionSerializer
    system_path = "slot__system"
    filterset_fields = ["slot", "model_version", "arm", "entity", "batch"]


class FailedRequestSerializer(serializers.ModelSerializer[FailedRequest]):
    class Meta:
        model = FailedRequest
        fields = ["id", "at", "slot", "model_version", "cause", "detail", "row_count", "request"]
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(operation_id="failed_requests_list", summary="List requests for predictions that got no answer"),
    retrieve=extend_schema(operation_id="failed_requests_get", summary="Read why one request got no answer"),
)
class FailedRequests(Records):
    """Rows that did not fit, rows without a finite answer, and errors of the version; never the values sent."""

    queryset = FailedRequest.objects.all()
    serializer_class = FailedRequestSerializer
    system_path = "slot__system"
    filterset_fields = ["slot", "model_version", "cause"]
