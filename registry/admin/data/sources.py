"""Where data come from by themselves: what is read, how often, how far; and files that arrive in pieces."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.data import ingestions
from registry.admin.scoped import ScopedAdmin
from registry.models import DataSource, Upload
from registry.permissions import allows
from registry.roles import Action
from registry.services import sources

State = DataSource.State
SHOWN = 25


@admin.register(DataSource)
class DataSourceAdmin(ActingAdmin):
    system_path = "dataset__system"
    list_display = (
        "name",
        columns.chip("kind", "Kind"),
        columns.chip("state"),
        columns.record("dataset", "Dataset"),
        "every",
        columns.moment("due_at", "Next"),
    )
    list_filter = ("kind", "state")
    list_select_related = ("dataset",)
    page_related = ("dataset__system", "registered_by")
    search_fields = ("name", "dataset__name")
    date_hierarchy = "created_at"
    acts = ("read_now", "pause", "resume", "retire")

    @admin.display(description="Read", ordering="interval_seconds")
    def every(self, row: DataSource) -> str:
        return f"every {_interval(row.interval_seconds)}" if row.interval_seconds else "on request"

    def headline(self, row: DataSource) -> str:
        """Why the newest reading failed, while no later one has come out well."""
        last = row.ingestions.order_by("-pk").first()
        return f"The newest reading failed: {last.failure}" if last and last.failure else ""

    def tone(self, row: DataSource) -> str:
        return "failed"

    def facts(self, row: DataSource) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Dataset", row.dataset
        yield "System", row.dataset.system
        yield "Kind", row.get_kind_display()
        yield "Read", self.every(row)
        yield "Next", row.due_at
        yield "Registered by", row.registered_by
        yield "Registered", row.created_at

    def sections(self, row: DataSource, request: HttpRequest) -> Iterable[Section]:
        yield Section("What is read", show.facts((name, _plain(value)) for name, value in row.settings.items()))
        named = show.facts((name, show.code(reference)) for name, reference in row.secrets.items())
        if row.secrets:
            yield Section("Secrets, by reference", named, "Only workers can open them.")
        position = show.document(_short(row.position)) if row.position else show.paragraph("Nothing was read yet.")
        yield Section("How far", position)
        yield Section("Newest readings", ingestions.newest(row.ingestions.all(), empty="It was not read yet."))

    def offers(self, row: DataSource, request: HttpRequest) -> Iterable[Act]:
        if row.state == State.RETIRED or not allows(scoped.account(request), Action.REGISTER, row.dataset.system):
            return
        yield Act("read_now", "Read now", "A worker reads what is new, whatever the interval.", asks_reason=False)
        if row.state == State.ACTIVE:
            yield Act("pause", "Pause", "Nothing is read for now; it goes on from where it stopped.", asks_reason=False)
        else:
            yield Act("resume", "Resume", "It is read again, from where it stopped.", asks_reason=False)
        yield Act("retire", "Retire", "It is never read again; its past stays.", asks_reason=False, grave=True)

    def read_now(self, request: HttpRequest, row: DataSource) -> str:
        sources.read_now(row, actor=acting.actor(request))
        return "A worker was asked to read it."

    def pause(self, request: HttpRequest, row: DataSource) -> str:
        sources.pause(row, actor=acting.actor(request))
        return "The source is paused."

    def resume(self, request: HttpRequest, row: DataSource) -> str:
        sources.resume(row, actor=acting.actor(request))
        return "The source is read again."

    def retire(self, request: HttpRequest, row: DataSource) -> str:
        sources.retire(row, actor=acting.actor(request))
        return "The source is retired."


def _interval(seconds: int) -> str:
    """In the largest unit that says it exactly."""
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0:
            return name if seconds == size else f"{seconds // size:,} {name}s"
    return f"{seconds:,} s"


def _plain(value: Any) -> Any:
    """A setting as it was given: a port has no comma."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _short(position: dict[str, Any]) -> dict[str, Any]:
    """The position without hundreds of files."""
    return {
        name: f"{len(value):,} of them" if isinstance(value, dict | list) and len(value) > SHOWN else value
        for name, value in position.items()
    }


@admin.register(Upload)
class UploadAdmin(ScopedAdmin):
    system_path = "dataset__system"
    list_display = (
        "name",
        "how_it_stands",
        columns.record("dataset", "Dataset"),
        "arrived",
        columns.text("uploaded_by", "Sent by"),
        columns.moment("touched_at", "Last piece"),
    )
    list_filter = ("state", "format")
    list_select_related = ("dataset", "uploaded_by")
    page_related = ("dataset__system", "uploaded_by", "ingestion__dataset")
    search_fields = ("name", "dataset__name")
    date_hierarchy = "created_at"

    @admin.display(description="State", ordering="state")
    def how_it_stands(self, row: Upload) -> SafeString:
        """One that is open arrives piece by piece; nothing is wrong with it."""
        return show.chip("running", "arriving") if row.state == Upload.State.OPEN else show.state(row)

    @admin.display(description="Arrived")
    def arrived(self, row: Upload) -> str:
        return f"{show.size(row.offset_bytes)} of {show.size(row.length_bytes)}"

    def facts(self, row: Upload) -> Iterable[tuple[str, Any]]:
        yield "State", self.how_it_stands(row)
        yield "Dataset", row.dataset
        yield "Format", row.format
        yield "Arrived", self.arrived(row)
        yield "Last piece", row.touched_at
        yield "Is removed after", row.expires_at if row.state == Upload.State.OPEN else None
        yield "Became", row.ingestion
        yield "Sent by", row.uploaded_by
