"""The admin of a record: a list and a page to read; nobody adds, changes or deletes here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from audit.pages import search, show, trail

SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a record's page; a folded one is opened by the reader."""

    title: str
    body: SafeString
    note: str = ""
    folded: bool = False


def reads_log(request: HttpRequest) -> bool:
    """Whether the person may read the whole log, not only the events of what is shown."""
    return bool(request.user.has_perm("audit.view_event"))


class RecordAdmin(ModelAdmin):
    """A governed table to read. Subclasses say what stands in the list, in `facts` and in `sections`."""

    actions = None
    list_per_page = 50
    #: How many rows there would be without the filter is not worth a second count.
    show_full_result_count = False
    record_template = "admin/record.html"
    #: Relations that the page reads, so that the number of queries does not depend on the row.
    page_related: tuple[str, ...] = ()

    def name(self, row: Any) -> str:
        """What the page is called."""
        return str(row)

    def facts(self, row: Any) -> Iterable[tuple[str, Any]]:
        """What the record is, name by name."""
        return ()

    def sections(self, row: Any, request: HttpRequest) -> Iterable[Section]:
        """What belongs to the record."""
        return ()

    def headline(self, row: Any) -> SafeString | str:
        """What a reader must know first; empty where the facts are enough."""
        return ""

    def tone(self, row: Any) -> str:
        """The state whose colour the headline has; empty for none."""
        return ""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[Any, bool]:
        """The rows that match, each once."""
        return search.matching(queryset, self.get_search_fields(request), search_term), False

    def page_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows as a page reads them."""
        return self.get_queryset(request).select_related(*self.page_related)

    def readable(self, request: HttpRequest, object_id: str) -> Any:
        """The record, if there is one and the person may read it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.page_queryset(request).filter(pk=self._key(object_id)).first()
        if row is None:
            raise Http404(f"There is no {self.opts.verbose_name} {object_id}.")
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The record's page. It only reads: what changes a record has a button and an address of its own."""
        if request.method not in SAFE:
            raise PermissionDenied
        return self.page(request, self.readable(request, object_id))

    def page(self, request: HttpRequest, row: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        """The page of a record."""
        request.current_app = self.admin_site.name
        whole = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "record": row,
            "title": self.name(row),
            "headline": self.headline(row),
            "tone": self.tone(row),
            "facts": show.facts(facts) if (facts := list(self.facts(row))) else "",
            "sections": list(self.sections(row, request)),
            "trail": trail.of(row, linked=reads_log(request)),
            **context,
        }
        return TemplateResponse(request, self.record_template, whole, status=status)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A record's history is its events in the log; who may not read the log sees them on the record's page."""
        row = self.readable(request, object_id)
        if not reads_log(request):
            return redirect(f"{show.url_of(row)}#trail")
        kind, key = trail.subject(row) or ("", "")
        query = urlencode({"subject_type": kind, "subject_id": key})
        return redirect(f"{reverse('admin:audit_event_changelist')}?{query}")

    def _key(self, object_id: str) -> Any:
        try:
            return self.opts.pk.to_python(object_id)
        except ValidationError as error:
            raise Http404(f"{object_id} is no id.") from error
