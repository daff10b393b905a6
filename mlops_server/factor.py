"""The admin's page of one's own signing factor: enrolled, read off the screen, confirmed; it needs no scripts."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from audit.actors import Actor
from audit.errors import Refusal
from registry import actors, qr
from registry.admin import acting
from registry.errors import Conflict
from registry.models import SigningFactor, User
from registry.services import factors


@never_cache
@sensitive_post_parameters("password", "code")
def page(request: HttpRequest) -> HttpResponse:
    """What one signs with, and the way to another; a refusal is shown beside what was asked."""
    account: User = request.user  # type: ignore[assignment]  # The admin lets only accounts in.
    try:
        match request.POST.get("step", ""):
            case "enrol":
                return _enrolled(request, account)
            case "confirm":
                return _confirmed(request, account)
    except Refusal as refusal:
        words = f"{refusal.detail} {refusal.remedy}".strip()
        return _shown(request, account, status=acting.status(refusal), refusal=words)
    return _shown(request, account)


def _enrolled(request: HttpRequest, account: User) -> HttpResponse:
    """Not a redirect: the secret is in this answer and nowhere else."""
    made = factors.enrol(account, **_credentials(request), actor=_actor(request))
    # The picture is our own; the text in it is drawn, not written.
    return _shown(request, account, secret=made.secret, uri=made.uri, picture=mark_safe(qr.svg(made.uri)))


def _confirmed(request: HttpRequest, account: User) -> HttpResponse:
    waiting = _waiting(account)
    if waiting is None:
        raise Conflict("No factor of yours waits for its first code.", remedy="Enrol one.")
    factors.confirm(waiting, **_credentials(request), actor=_actor(request))
    messages.success(request, "You sign with this factor from now on.")
    return redirect(request.path)


def _shown(request: HttpRequest, account: User, *, status: int = 200, **context: Any) -> HttpResponse:
    whole = {
        **admin.site.each_context(request),
        "title": "Your signing factor",
        "active": factors.active(account),
        "waiting": _waiting(account),
        **context,
    }
    return TemplateResponse(request, "admin/factor.html", whole, status=status)


def _waiting(account: User) -> SigningFactor | None:
    newest = factors.newest(account)
    return newest if newest and newest.state == SigningFactor.State.PENDING else None


def _credentials(request: HttpRequest) -> dict[str, str]:
    return {"password": request.POST.get("password", ""), "code": request.POST.get("code", "")}


def _actor(request: HttpRequest) -> Actor:
    return actors.of(request.user, request=request.request_id)  # type: ignore[arg-type,attr-defined]
