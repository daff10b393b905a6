"""Pages of the log: each event with its entry decoded and its proof, and the signed heads."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from audit import events, proofs
from audit.models import Checkpoint, Event, Sealed
from audit.pages import filters, names, show, trail
from audit.pages.records import RecordAdmin, Section
from audit.tlog import checkpoint, merkle, note

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
    show_full_result_count = False
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
        entry = json.loads(bytes(row.leaf))
        yield Section("What happened", show.document(entry["data"]))
        if entry["sealed"]:
            yield Section("What was said", _sealed(entry["sealed"]), ERASABLE)
        yield Section("Rows it fixes", show.document({"subject": entry["row"], **entry["rows"]}), folded=True)
        yield Section("The entry, byte for byte", show.code(bytes(row.leaf).decode()), folded=True)
        yield Section("Its proof", _proof(row), "A C2SP tlog-proof under the newest head.", folded=True)


def _sealed(commitments: dict[str, str]) -> SafeString:
    """Each sealed field: its words, or that they have been erased."""
    keys = [bytes.fromhex(commitment) for commitment in commitments.values()]
    kept = {bytes(one.commitment): one for one in Sealed.objects.filter(commitment__in=keys)}
    pairs = []
    for field, commitment in commitments.items():
        found = kept.get(bytes.fromhex(commitment))
        readable = found is not None and found.value is not None
        pairs.append((field.capitalize(), show.paragraph(found.value) if readable else show.chip("erased")))  # type: ignore[union-attr,arg-type]
    return show.facts(pairs)


def _place(row: Event) -> SafeString:
    try:
        proof = proofs.inclusion(row.id)
    except proofs.NotSequenced:
        return show.chip("pending", "committed, not yet under a signed head")
    return show.chip("proven", f"entry {proof.index:,}, under a signed head")


def _proof(row: Event) -> SafeString:
    leaf = ("Leaf hash", merkle.leaf_hash(bytes(row.leaf)).hex())
    try:
        return show.facts([leaf]) + show.code(proofs.inclusion(row.id).format().decode())
    except proofs.NotSequenced as error:
        return show.facts([leaf, ("Proof", str(error))])


@admin.register(Checkpoint)
class CheckpointAdmin(RecordAdmin):
    list_display = ("events", "when", "root")
    paginator = InfinitePaginator
    show_full_result_count = False

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
