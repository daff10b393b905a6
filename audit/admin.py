"""Pages of the log: each event with its entry decoded and its proof, and the signed heads."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from audit import events
from audit.erasure import erasures
from audit.models import Checkpoint, Event, Redaction
from audit.pages import filters, names, show, trail
from audit.pages.records import RecordAdmin, Section
from audit.sealed import sealing
from audit.tlog import checkpoint, merkle, note
from audit.tree import entries, proofs

ERASABLE = "The log only commits to these words: erased, they cannot be read or guessed, and every proof still holds."


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ("when", "what", "about", "who", "request")
    list_filter = (
        filters.among("subject_type", lambda: sorted(trail.subjects())),
        filters.among("event", lambda: sorted(events.Event.catalogue)),
    )
    search_fields = ("=subject_id", "=actor", "=request")
    search_help_text = "A whole subject id, actor or request id"
    paginator = InfinitePaginator
    ordering = ("-ticket",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).defer("leaf")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The people's names for the whole list in one query."""
        found: ChangeList = super().get_changelist_instance(request)
        known = names.of(row.actor for row in found.result_list)
        for row in found.result_list:
            row.actor_name = known[row.actor]
        return found

    @admin.display(description="When")
    def when(self, row: Event) -> SafeString:
        return show.moment(row.at)

    @admin.display(description="Event")
    def what(self, row: Event) -> str:
        return row.event

    @admin.display(description="About")
    def about(self, row: Event) -> SafeString:
        return trail.about(row)

    @admin.display(description="Who")
    def who(self, row: Any) -> str:
        return str(row.actor_name)

    def name(self, row: Event) -> str:
        return row.event

    def headline(self, row: Event) -> str:
        known = events.Event.catalogue.get(row.event)
        return (known.__doc__ or "") if known else ""

    def facts(self, row: Event) -> Iterable[tuple[str, Any]]:
        yield "Event", row.event
        yield "About", trail.about(row)
        yield "Who", names.of([row.actor])[row.actor]
        yield "When", row.at
        yield "Request", row.request
        yield "Place in the log", _place(row)

    def sections(self, row: Event, request: HttpRequest) -> Iterable[Section]:
        (leaf,) = entries.raw([row])
        entry = json.loads(leaf)
        yield Section("What happened", show.document(entry["data"]))
        kept = _Kept.of(row, entry["sealed"])
        if entry["sealed"]:
            yield Section("What was said", kept.words(entry["sealed"]), ERASABLE)
        if row.changes:
            yield Section("What changed", kept.changes(row), ERASABLE)
        if kept.opened and request.user.has_perm("audit.add_redaction"):
            asking = f"{reverse('admin:audit_redaction_add')}?{urlencode({'event': str(row.id)})}"
            yield Section("Personal data in it", show.link("Ask to erase values of this event", asking))
        yield Section("Rows it fixes", show.document({"subject": entry["row"], **entry.get("rows", {})}), folded=True)
        yield Section("The entry, byte for byte", show.code(leaf.decode()), folded=True)
        yield Section("Its proof", _proof(row, leaf), "A C2SP tlog-proof under the newest head.", folded=True)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What still opens of an event's sealed values, and by which erasure the rest went."""

    opened: Mapping[str, sealing.Opened]
    erased: Mapping[str, Redaction]
    names: Mapping[str, str]

    @classmethod
    def of(cls, row: Event, words: Iterable[str]) -> "_Kept":
        opened = {one.field: one for one in sealing.opened([row])}
        fields = [*words, *(f"{label}.{column}.{side}" for label, column, sides in _told(row) for side in sides)]
        gone = [field for field in fields if field not in opened]
        erased = erasures.explained(row, gone) if gone else {}
        return cls(opened, erased, names.of(one.decided_by for one in erased.values()))

    def words(self, fields: Iterable[str]) -> SafeString:
        """Each sealed field: its words, or what became of them."""
        return show.facts((field.capitalize(), self._words(field)) for field in fields)

    def changes(self, row: Event) -> SafeString:
        """Old and new value of every column that the change touched, row by row."""
        lines = [
            [
                _short(label),
                column,
                *(self._value(f"{label}.{column}.{side}", side in sides) for side in ("old", "new")),
            ]
            for label, column, sides in _told(row)
        ]
        return show.table(["Row", "Column", "Before", "After"], lines)

    def _words(self, field: str) -> SafeString:
        return show.paragraph(str(self.opened[field].value)) if field in self.opened else self._lost(field)

    def _value(self, field: str, there: bool) -> Any:
        if not there:
            return ""
        return str(self.opened[field].value or "") if field in self.opened else self._lost(field)

    def _lost(self, field: str) -> SafeString:
        row = self.erased.get(field)
        if row is None:
            return show.chip("fail", "gone, and no erasure says so")
        by, on = self.names[row.decided_by], show.moment(row.decided_at)
        return format_html("{} {} by {}, {}, {}", show.chip("erased"), on, by, row.ground, show.row(row, "the request"))


def _short(label: str) -> str:
    """A row by its table and the end of its id; the entry has the whole."""
    table, _, key = label.partition("/")
    return f"{table} {show.tail(key)}"


def _told(row: Event) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Row, column and sides of what changed."""
    told: dict[str, dict[str, dict[str, str]]] = json.loads(bytes(row.changes or b"{}"))
    for label, columns in told.items():
        for column, sides in columns.items():
            yield label, column, sides


def _place(row: Event) -> SafeString:
    try:
        proof = proofs.inclusion(row.id)
    except proofs.NotSequenced:
        return show.chip("pending", "committed, not yet under a signed head")
    return show.chip("proven", f"entry {proof.index:,}, under a signed head")


def _proof(row: Event, leaf: bytes) -> SafeString:
    hashed = ("Leaf hash", merkle.leaf_hash(leaf).hex())
    try:
        return show.facts([hashed]) + show.code(proofs.inclusion(row.id).format().decode())
    except proofs.NotSequenced as error:
        return show.facts([hashed, ("Proof", str(error))])


@admin.register(Checkpoint)
class CheckpointAdmin(RecordAdmin):
    list_display = ("events", "when", "root")
    paginator = InfinitePaginator

    @admin.display(description="Events under it")
    def events(self, row: Checkpoint) -> str:
        return show.number(row.size)

    @admin.display(description="Signed")
    def when(self, row: Checkpoint) -> SafeString:
        return show.moment(row.at)

    @admin.display(description="Root")
    def root(self, row: Checkpoint) -> SafeString:
        return show.digest(_head(row).root.hex())

    def facts(self, row: Checkpoint) -> Iterable[tuple[str, Any]]:
        head = _head(row)
        yield "Log", head.origin
        yield "Events under it", row.size
        yield "Root", head.root.hex()
        yield "Signed", row.at

    def sections(self, row: Checkpoint, request: HttpRequest) -> Iterable[Section]:
        yield Section(
            "The signed note",
            show.code(row.note),
            "Keep a copy: a later head that does not continue this one is a lie.",
        )


def _head(row: Checkpoint) -> checkpoint.Checkpoint:
    return checkpoint.parse(note.text_of(row.note.encode()))
