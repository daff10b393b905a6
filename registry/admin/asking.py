"""A page that asks for what a new record needs; it posts to the service that makes one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from audit.errors import Refusal
from audit.pages import show
from registry.admin import acting
from registry.admin.acting import ActingAdmin
from registry.admin.questions import Question


class AskingAdmin(ActingAdmin):
    """A record that people make on a page. Subclasses say what the page asks and what its button does."""

    ask_title = ask_button = ""

    def explanation(self, request: HttpRequest) -> Any:
        """What the reader must know before answering."""
        return ""

    def questions(self, request: HttpRequest) -> Iterable[Question]:
        """None where the page cannot ask anything yet."""
        raise NotImplementedError

    def ask(self, request: HttpRequest) -> Model:
        """Call the service; the new record."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.add_{self.opts.model_name}"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._form(request)
        try:
            row = self.ask(request)
        except Refusal as refusal:
            words = f"{refusal.detail} {refusal.remedy}".strip()
            messages.error(request, words)
            return self._form(request, status=acting.status(refusal), refusal=words)
        messages.success(request, f"{row} is on record.")
        return redirect(f"{show.url_of(row)}#main")

    def _form(self, request: HttpRequest, *, status: int = 200, refusal: str = "") -> HttpResponse:
        """The page, with what was typed or what the link to it named."""
        request.current_app = self.admin_site.name
        given = request.POST if request.method == "POST" else request.GET
        asked = [one.answered(given) for one in self.questions(request)]
        whole = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.ask_title,
            "explanation": self.explanation(request),
            "questions": asked,
            "button": self.ask_button,
            "refusal": refusal,
        }
        return TemplateResponse(request, "registry/ask.html", whole, status=status)
