"""Accounts, the roles they hold, and the tokens they sign in with."""

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.contrib.auth.validators import UnicodeUsernameValidator
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from knox.models import AuthToken
from rest_framework import exceptions, permissions, serializers, throttling
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.base import Records, actor, parsed, signed_in
from registry.api.factors import FactorSerializer
from registry.authentication import locked_seconds, normalised
from registry.models import AISystem, Grant, User
from registry.permissions import allows
from registry.roles import Action, Role
from registry.services import factor_resets, people

_SIGN_IN = {"username": "ada", "password": "the password you were given"}
_ACCOUNT = {
    "username": "ada",
    "full_name": "Ada Lovelace",
    "team": "validation",
    "password": "a long and private phrase",
}
_LOST = {"reason": "She lost her phone; I spoke to her in person."}
_PASSWORDS = {"old": "the password you were given", "new": "a long and private phrase"}
_GRANT = {"account": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a05", "role": "validator"}


class AccountSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "username", "full_name", "team", "kind", "is_active", "date_joined"]
        read_only_fields = fields


class AccountCreation(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150, validators=[UnicodeUsernameValidator()])
    full_name = serializers.CharField(max_length=200, help_text="as printed beside a signature")
    team = serializers.CharField(max_length=100, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=User.Kind.choices, default=User.Kind.PERSON)
    password = serializers.CharField(
        required=False,
        write_only=True,
        trim_whitespace=False,
        validators=[password_validation.validate_password],
        help_text="without one the account cannot sign in",
    )


class GrantSerializer(serializers.ModelSerializer[Grant]):
    class Meta:
        model = Grant
        fields = [
            "id",
            "account",
            "role",
            "system",
            "created_at",
            "granted_by",
            "pending",
            "confirmed_by",
            "confirmed_at",
            "revoked_at",
        ]
        read_only_fields = fields


class Granting(serializers.Serializer[Any]):
    account = serializers.PrimaryKeyRelatedField(queryset=User.objects.all())
    role = serializers.ChoiceField(choices=Role.choices)
    system = serializers.PrimaryKeyRelatedField(
        queryset=AISystem.objects.all(), required=False, help_text="where the role counts; everywhere by default"
    )


class Why(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="how you know that it is really the owner who asks")


class SignIn(serializers.Serializer[Any]):
    username = serializers.CharField(trim_whitespace=False)
    password = serializers.CharField(trim_whitespace=False, write_only=True)


class PasswordChange(serializers.Serializer[Any]):
    old = serializers.CharField(trim_whitespace=False, write_only=True)
    new = serializers.CharField(trim_whitespace=False, write_only=True, max_length=1000)


class Token(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="shown this once; send it as 'Authorization: Bearer <token>'")
    expires_at = serializers.DateTimeField()


class HeldRole(serializers.ModelSerializer[Grant]):
    class Meta:
        model = Grant
        fields = ["role", "system"]
        read_only_fields = fields


class Me(AccountSerializer):
    roles = serializers.SerializerMethodField(help_text="those you hold now; a role without a system counts everywhere")

    class Meta(AccountSerializer.Meta):
        fields = [*AccountSerializer.Meta.fields, "roles"]
        read_only_fields = fields

    @extend_schema_field(HeldRole(many=True))
    def get_roles(self, account: User) -> Any:
        return HeldRole(account.grants.held(), many=True).data


class ManagesPeople(permissions.BasePermission):
    """Accounts hold names, so they are for those who manage them."""

    message = "You may not manage people."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return allows(signed_in(request), Action.MANAGE_PEOPLE)


class Vouches(permissions.BasePermission):
    """Who gives roles, and the second person who confirms them."""

    message = "You may not confirm what a platform admin asks for people."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return allows(signed_in(request), Action.VOUCH)


class GuessingThrottle(throttling.SimpleRateThrottle):
    """A few sign-ins a minute for one user name from one address: enough for a person, too few for a guesser."""

    scope = "sign_in"
    rate = "10/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        name = normalised(str(request.data.get("username"))) if isinstance(request.data, dict) else ""
        # Not get_ident: it believes X-Forwarded-For, which a guesser writes as it likes.
        whom = hashlib.sha256(f"{name} {request.META.get('REMOTE_ADDR')}".encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": whom}


class Tokens(APIView):
    """Signing in for programs: a password against a token that expires."""

    authentication_classes = ()
    permission_classes = (permissions.AllowAny,)
    throttle_classes = (GuessingThrottle,)

    @extend_schema(
        operation_id="tokens_issue",
        summary="Exchange user name and password for a token",
        request=SignIn,
        responses={201: Token},
        examples=[OpenApiExample("Sign in", value=_SIGN_IN, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """The answer is never kept for an Idempotency-Key: only its hash stays on the server."""
        body = parsed(SignIn, request)
        account = authenticate(request, **body)
        if not isinstance(account, User):
            raise _refusal(body["username"])
        by = actor(request, account=account)
        token, secret = people.issue_token(account, actor=by, days=settings.TOKEN_DAYS)
        shown = Token({"token": secret, "expires_at": token.expiry}).data
        return Response(shown, status=201, headers={"Cache-Control": "no-store"})


def _refusal(username: str) -> exceptions.APIException:
    """Alike for a name that nobody has: whether it exists is not told."""
    seconds = locked_seconds(username)
    if seconds:
        return exceptions.Throttled(seconds, "There were too many wrong passwords.")
    return exceptions.AuthenticationFailed("The user name or the password is not right.")


class CurrentToken(APIView):
    """The token that the request itself came with."""

    @extend_schema(operation_id="tokens_revoke", summary="Sign out: revoke the token you sent", responses={204: None})
    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, AuthToken):
            raise exceptions.ValidationError("You did not send a token; a browser signs out at /admin/logout/.")
        people.revoke_token(request.auth, actor=actor(request))
        return Response(status=204)


class Myself(APIView):
    """Who the server takes you for."""

    @extend_schema(operation_id="me_get", summary="Read your own account and roles", responses={200: Me})
    def get(self, request: Request) -> Response:
        return Response(Me(signed_in(request)).data)


class OwnPassword(APIView):
    """One's own password."""

    @extend_schema(
        operation_id="me_change_password",
        summary="Change your own password; your tokens end, the one you send too",
        request=PasswordChange,
        responses={204: None},
        examples=[OpenApiExample("Another", value=_PASSWORDS, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        people.change_password(signed_in(request), **parsed(PasswordChange, request), actor=actor(request))
        return Response(status=204, headers={"Cache-Control": "no-store"})


@extend_schema_view(
    list=extend_schema(operation_id="accounts_list", summary="List accounts"),
    retrieve=extend_schema(operation_id="accounts_get", summary="Read one account"),
)
class Accounts(Records):
    """People and service accounts; for platform admins."""

    queryset = User.objects.all()
    serializer_class = AccountSerializer
    permission_classes = (permissions.IsAuthenticated, ManagesPeople)
    system_path = None
    filterset_fields = ["username", "kind", "team", "is_active"]

    @extend_schema(
        operation_id="accounts_create",
        summary="Make an account without any role",
        request=AccountCreation,
        responses={201: AccountSerializer},
        examples=[OpenApiExample("A person", value=_ACCOUNT, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        return self.shown(people.create(**parsed(AccountCreation, request), actor=actor(request)), status=201)

    @extend_schema(
        operation_id="accounts_deactivate",
        summary="Close an account: it signs in nowhere any more",
        request=None,
        responses={200: AccountSerializer},
    )
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        return self.shown(people.deactivate(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="accounts_ask_factor_reset",
        summary="Ask to reset the signing factor of somebody who lost it; a second person agrees",
        request=Why,
        responses={200: FactorSerializer},
        examples=[OpenApiExample("A lost phone", value=_LOST, request_only=True)],
    )
    @action(detail=True, methods=["post"], url_path="factor/reset")
    def reset_factor(self, request: Request, pk: str) -> Response:
        factor = factor_resets.ask(self.get_object(), **parsed(Why, request), actor=actor(request))
        return Response(FactorSerializer(factor).data)

    @extend_schema(
        operation_id="accounts_agree_factor_reset",
        summary="Agree to the reset, as another platform admin or a risk officer: the factor is retired",
        request=Why,
        responses={200: FactorSerializer},
        examples=[OpenApiExample("A lost phone", value=_LOST, request_only=True)],
    )
    @action(
        detail=True,
        methods=["post"],
        url_path="factor/reset/agree",
        permission_classes=(permissions.IsAuthenticated, Vouches),
    )
    def agree_to_reset(self, request: Request, pk: str) -> Response:
        factor = factor_resets.agree(self.get_object(), **parsed(Why, request), actor=actor(request))
        return Response(FactorSerializer(factor).data)

    @extend_schema(
        operation_id="accounts_issue_token",
        summary="Issue a token for a service account",
        request=None,
        responses={201: Token},
    )
    @action(detail=True, methods=["post"])
    def tokens(self, request: Request, pk: str) -> Response:
        """A service has no password; a platform admin hands its token over. The answer is never kept."""
        account, days = self.get_object(), settings.TOKEN_DAYS
        token, secret = people.issue_service_token(account, actor=actor(request), days=days)
        shown = Token({"token": secret, "expires_at": token.expiry}).data
        return Response(shown, status=201, headers={"Cache-Control": "no-store"})


@extend_schema_view(
    list=extend_schema(operation_id="grants_list", summary="List who holds which role"),
    retrieve=extend_schema(operation_id="grants_get", summary="Read one grant"),
)
class Grants(Records):
    """Roles of accounts, for one system or for all; for platform admins, and for who confirms what they give."""

    queryset = Grant.objects.all()
    serializer_class = GrantSerializer
    permission_classes = (permissions.IsAuthenticated, Vouches)
    system_path = None
    filterset_fields = ["account", "role", "system", "pending"]

    @extend_schema(
        operation_id="grants_create",
        summary="Grant a role; one that signs, operates or runs the platform waits for another person",
        request=Granting,
        responses={201: GrantSerializer},
        examples=[OpenApiExample("A validator for every system", value=_GRANT, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(Granting, request)
        given = people.grant(body.pop("account"), Role(body.pop("role")), **body, actor=actor(request))
        return self.shown(given, status=201)

    @extend_schema(
        operation_id="grants_confirm",
        summary="Confirm a role that waits, as another platform admin or a risk officer",
        request=None,
        responses={200: GrantSerializer},
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        return self.shown(people.confirm_grant(self.get_object(), actor=actor(request)))

    @extend_schema(operation_id="grants_revoke", summary="Revoke a role; the grant stays on record")
    def destroy(self, request: Request, pk: str) -> Response:
        people.revoke(self.get_object(), actor=actor(request))
        return Response(status=204)
