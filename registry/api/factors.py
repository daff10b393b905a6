"""One's own signing factor: one-time codes and a key of one's own; and its reset by two other people."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import qr
from registry.api.base import actor, parsed, signed_in
from registry.models import SigningFactor
from registry.services import factors

_ENROL = {"password": "your own password"}
_CONFIRM = {"factor": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a05", "password": "your own password", "code": "492039"}


class FactorSerializer(serializers.ModelSerializer[SigningFactor]):
    since = serializers.DateTimeField(source="confirmed_at", help_text="null while it waits for its first code")
    reset_asked = serializers.DateTimeField(
        source="reset_asked_at", help_text="when a platform admin asked to reset it"
    )

    class Meta:
        model = SigningFactor
        fields = ["id", "state", "public_key", "since", "reset_asked", "retired_at"]
        read_only_fields = fields


class OwnFactorShown(serializers.Serializer[Any]):
    active = FactorSerializer(help_text="what you sign with; null where there is none", allow_null=True)
    newest = FactorSerializer(help_text="what you enrolled last, in whatever state", allow_null=True)


class Enrolling(serializers.Serializer[Any]):
    password = serializers.CharField(trim_whitespace=False, write_only=True)
    code = serializers.CharField(
        write_only=True, required=False, help_text="of the factor you sign with now, where there is one"
    )


class EnrolmentSerializer(serializers.Serializer[Any]):
    factor = FactorSerializer()
    secret = serializers.CharField(help_text="for the authenticator, in Base32; shown this once")
    uri = serializers.CharField(help_text="the same as an otpauth address")
    picture = serializers.CharField(help_text="the same as a QR code, in SVG")


class Confirming(serializers.Serializer[Any]):
    factor = serializers.PrimaryKeyRelatedField(queryset=SigningFactor.objects.all())
    password = serializers.CharField(trim_whitespace=False, write_only=True)
    code = serializers.CharField(write_only=True, help_text="that the authenticator shows now; it works once")

    def validate_factor(self, factor: SigningFactor) -> SigningFactor:
        """Another person's does not exist here."""
        if factor.account_id != signed_in(self.context["request"]).pk:
            self.fields["factor"].fail("does_not_exist", pk_value=factor.pk)
        return factor


class OwnFactor(APIView):
    """What a person signs with, beside the password."""

    @extend_schema(
        operation_id="me_factor_get", summary="Read the state of your signing factor", responses={200: OwnFactorShown}
    )
    def get(self, request: Request) -> Response:
        account = signed_in(request)
        return Response(OwnFactorShown({"active": factors.active(account), "newest": factors.newest(account)}).data)

    @extend_schema(
        operation_id="me_factor_enrol",
        summary="Enrol a signing factor; its secret is shown once",
        request=Enrolling,
        responses={201: EnrolmentSerializer},
        examples=[OpenApiExample("The first one", value=_ENROL, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """While you have an active factor, a code of it is needed; if it is lost, ask a platform admin for a reset."""
        made = factors.enrol(signed_in(request), **parsed(Enrolling, request), actor=actor(request))
        shown = {"factor": made.factor, "secret": made.secret, "uri": made.uri, "picture": qr.svg(made.uri)}
        return Response(EnrolmentSerializer(shown).data, status=201, headers={"Cache-Control": "no-store"})


class OwnFactorConfirmation(APIView):
    """The first code of an enrolled factor."""

    @extend_schema(
        operation_id="me_factor_confirm",
        summary="Start to sign with a factor, by its first code; the one before it retires",
        request=Confirming,
        responses={200: FactorSerializer},
        examples=[OpenApiExample("The code that is shown", value=_CONFIRM, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        body = parsed(Confirming, request)
        confirmed = factors.confirm(body.pop("factor"), **body, actor=actor(request))
        return Response(FactorSerializer(confirmed).data, headers={"Cache-Control": "no-store"})
