"""Buttons on a record's page: each posts to an address of its own and calls one service."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.dateparse import parse_datetime

from audit.actors import Actor
from audit.errors import NeedsAnother, NotErasable, Refusal
from audit.pages import show
from registry import actors
from registry.admin import scoped
from registry.admin.questions import Question
from registry.admin.scoped import ScopedAdmin
from registry.errors import Invalid, NotPermitted, SignatureRejected
from registry.services.signing import Credentials

View = Callable[[HttpRequest, str], HttpResponse]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing the person may do here: its address, its words, what it asks, whether it is a signature."""

    name: str
    label: str
    explanation: str
    asks_reason: bool = True
    grave: bool = False
    revision: int | None = None
    asks: Sequence[Question] = ()
    signs: bool = False


class ActingAdmin(ScopedAdmin):
    """A record that people act on. `acts` names the methods that are addresses; `offers` says which buttons to show."""

    #: Each takes the request and the record, calls a service, and returns what to say (or a whole response).
    acts: tuple[str, ...] = ()

    def offers(self, row: Any, request: HttpRequest) -> Iterable[Act]:
        """What this person may do here now. The service decides again; a button only saves a refusal."""
        return ()

    def get_urls(self) -> list[URLPattern]:
        opts = self.opts
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self._door(name)),
                name=f"{opts.app_label}_{opts.model_name}_{name}",
            )
            for name in self.acts
        ]
        return [*own, *super().get_urls()]

    def act(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Do it and return to the page; a refusal is shown there, beside what the person had typed."""
        row = self.readable(request, object_id)
        if request.method != "POST":
            return redirect(show.url_of(row))
        try:
            answer = getattr(self, name)(request, row)
        except Refusal as refusal:
            words = f"{refusal.detail} {refusal.remedy}".strip()
            messages.error(request, words)
            typed = {"act": name, "refusal": words, **_typed(request)}
            return self.page(request, self.readable(request, object_id), status=status(refusal), typed=typed)
        if isinstance(answer, HttpResponse):
            return answer
        messages.success(request, answer)
        return redirect(f"{show.url_of(row)}#main")

    def page(self, request: HttpRequest, row: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        offers = [_answered(act, request) for act in self.offers(row, request)]
        return super().page(request, row, status=status, **{"offers": offers, "typed": {}, **context})

    def _door(self, name: str) -> View:
        return lambda request, object_id: self.act(request, object_id, name)


def _answered(act: Act, request: HttpRequest) -> Act:
    """What the person typed into this act's form, where it was refused."""
    if request.method != "POST" or not request.path.rstrip("/").endswith(f"/{act.name}"):
        return act
    return replace(act, asks=[one.answered(request.POST) for one in act.asks])


def actor(request: HttpRequest) -> Actor:
    """Who acts, as services and the log know it."""
    return actors.of(scoped.account(request), request=request.request_id)  # type: ignore[attr-defined]


def reason(request: HttpRequest) -> str:
    """Why, in the person's words. Raises Invalid where they are missing."""
    words = request.POST.get("reason", "").strip()
    if not words:
        raise Invalid("The reason is missing.", remedy="Say why, in a sentence that an auditor will understand.")
    return words


def credentials(request: HttpRequest) -> Credentials:
    """What the person entered to sign; it is never shown again."""
    return Credentials(password=request.POST.get("password", ""), code=request.POST.get("code", ""))


def revision(request: HttpRequest) -> int:
    """The revision that the page showed. Raises Invalid."""
    given = request.POST.get("revision", "")
    if not given.isdecimal():
        raise Invalid("The page's revision is missing.", remedy="Open the page again and repeat.")
    return int(given)


def moment(request: HttpRequest, name: str) -> datetime:
    """A time that the person entered, in UTC. Raises Invalid."""
    found = parse_datetime(request.POST.get(name, ""))
    if found is None:
        raise Invalid("The time is missing or is none.", remedy="Enter a day and a time, as in 2027-01-31T12:00.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def status(refusal: Refusal) -> int:
    """The page's status where it shows a refusal."""
    match refusal:
        case NotPermitted() | SignatureRejected() | NeedsAnother():
            return 403
        case Invalid() | NotErasable():
            return 422
    return 409


def _typed(request: HttpRequest) -> dict[str, str]:
    """What the person wrote, to be offered again; never the password."""
    return {name: request.POST.get(name, "") for name in ("reason", "verdict", "conditions", "due_at", "on_breach")}
