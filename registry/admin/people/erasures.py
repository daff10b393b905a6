"""Erasures and legal holds: asked for on one page, decided on another, by another person."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.erasure import holds, redaction
from audit.models import Event, Hold, Redaction, Sealed
from audit.pages import columns, names, show, trail
from audit.pages.records import Section
from audit.sealed import datakeys, sealing
from registry.admin import acting, scoped
from registry.admin.acting import Act
from registry.admin.asking import AskingAdmin
from registry.admin.questions import Question
from registry.models import Decision, User
from registry.permissions import allows
from registry.roles import Action
from registry.services import privacy

GROUNDS = [
    ("GDPR Art. 17(1)(a)", "GDPR Art. 17(1)(a): no longer necessary"),
    ("GDPR Art. 17(1)(b)", "GDPR Art. 17(1)(b): consent withdrawn"),
    ("GDPR Art. 17(1)(c)", "GDPR Art. 17(1)(c): the person objects"),
    ("GDPR Art. 17(1)(d)", "GDPR Art. 17(1)(d): unlawfully processed"),
    ("GDPR Art. 17(1)(e)", "GDPR Art. 17(1)(e): a law demands it"),
    ("GDPR Art. 5(1)(e)", "GDPR Art. 5(1)(e): the storage period has ended"),
]
FOR_EVER = "It cannot be undone. Every proof still holds, and that it was erased stays in the log."
SHOWN = 80
SIDES = {"old": "before", "new": "after"}


@admin.register(Redaction)
class RedactionAdmin(AskingAdmin):
    system_path = None  # Whoever is erased, it is for readers of every system.
    list_display = (
        "what",
        columns.chip("state"),
        columns.text("ground", "Ground"),
        columns.moment("requested_at", "Asked"),
        columns.moment("decided_at", "Decided"),
    )
    list_filter = ("state",)
    search_fields = ("=person", "=event", "ground")
    search_help_text = "A whole id of a person or an event, or part of a ground"
    acts = ("approve", "refuse", "withdraw")
    ask_title, ask_button = "Ask for a redaction", "Ask for it"

    @admin.display(description="What")
    def what(self, row: Redaction) -> str:
        return f"{len(row.fields)} of an event's values" if row.event else "Everything about a person"

    def name(self, row: Redaction) -> str:
        return self.what(row)

    def headline(self, row: Redaction) -> str:
        match row.state:
            case Redaction.State.REQUESTED:
                return f"A second person decides. {FOR_EVER}"
            case Redaction.State.EXECUTED:
                return "Erased. The log holds commitments that nobody can open, and every proof still holds."
        return row.refusal

    def facts(self, row: Redaction) -> Iterable[tuple[str, Any]]:
        known = names.of(filter(None, (row.person, row.requested_by, row.decided_by)))
        yield "State", show.state(row)
        yield "Ground", row.ground
        if row.event:
            yield "Event", show.row(Event.objects.filter(id=row.event).first())
        else:
            yield "Person", known[row.person]
        yield "Asked by", known[row.requested_by]
        yield "Asked", row.requested_at
        yield "Why", _why(row)
        yield "Decided by", known.get(row.decided_by, "")
        yield "Decided", row.decided_at

    def sections(self, row: Redaction, request: HttpRequest) -> Iterable[Section]:
        if row.event:
            still = {one.field: one for one in redaction.values(row)}
            lines = [[name, _value(still.get(name))] for name in row.fields]
            yield Section("Which values", show.table(["Field", "What it says"], lines))
        elif row.state == Redaction.State.REQUESTED:
            yield Section("What goes, and what stays", show.facts(_about(row.person)))
        if row.state == Redaction.State.REQUESTED:
            standing = [[one, one.ground] for one in _holds(row)]
            note = "While one stands nobody can erase it; who tries refuses the request for good." if standing else ""
            yield Section("Holds over it", show.table(["Hold", "Ground"], standing, empty="None."), note)

    def offers(self, row: Redaction, request: HttpRequest) -> Iterable[Act]:
        if row.state != Redaction.State.REQUESTED or not allows(scoped.account(request), Action.ERASE):
            return
        if row.requested_by == acting.actor(request).id:
            yield Act("withdraw", "Withdraw", "Takes your request back. Another person decides it otherwise.")
            return
        yield Act("refuse", "Refuse", "The values stay; your reason is kept with the request.")
        if not _holds(row):
            yield Act("approve", "Erase", FOR_EVER, grave=True)

    def approve(self, request: HttpRequest, row: Redaction) -> str:
        privacy.approve(row, actor=acting.actor(request), reason=acting.reason(request))
        return "It is erased, and on record."

    def refuse(self, request: HttpRequest, row: Redaction) -> str:
        privacy.refuse(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The request is refused; the values stay."

    def withdraw(self, request: HttpRequest, row: Redaction) -> str:
        privacy.withdraw(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The request is withdrawn."

    def explanation(self, request: HttpRequest) -> Any:
        event, person = _asked(request)
        if event:
            return f"Values of the event {event} of {event.at:%-d %B %Y}. Another person decides. {FOR_EVER}"
        if person:
            return (
                f"Everything about {names.of([person])[person]}, with their account. Another person decides. {FOR_EVER}"
            )
        events, people = (reverse(f"admin:{model}_changelist") for model in ("audit_event", "registry_user"))
        return format_html(
            "An erasure begins where the value stands: open {} or {} and follow the link there.",
            show.link("the event", events),
            show.link("the person's account", people),
        )

    def questions(self, request: HttpRequest) -> Iterable[Question]:
        event, person = _asked(request)
        if event:
            values = [(one.field, _short(one)) for one in sealing.opened([event]) if one.value not in (None, "")]
            yield Question("event", "", "given", value=str(event.id))
            yield Question("fields", "Which values", "several", choices=values)
        elif person:
            yield Question("person", "", "given", value=person)
        else:
            return
        yield Question("ground", "Ground", "choice", "It stands in the log, in clear, for ever.", GROUNDS)
        yield Question("reason", "Reason", "text", "Kept with the request; the log only commits to it.")

    def ask(self, request: HttpRequest) -> Redaction:
        event, person = _asked(request)
        return privacy.request(
            ground=request.POST.get("ground", ""),
            actor=acting.actor(request),
            event=event.id if event else None,
            fields=request.POST.getlist("fields"),
            person="" if event else person,
            reason=acting.reason(request),
        )


@admin.register(Hold)
class HoldAdmin(AskingAdmin):
    system_path = None  # Likewise.
    list_display = (
        columns.text("", "Hold"),
        columns.text("ground", "Ground", words=90),
        columns.moment("placed_at", "Placed"),
        columns.moment("released_at", "Released"),
    )
    list_filter = (("released_at", admin.EmptyFieldListFilter),)
    search_fields = ("=subject_id", "=person", "ground")
    search_help_text = "A whole id of a subject or a person, or part of a ground"
    acts = ("release",)
    ask_title, ask_button = "Place a legal hold", "Place it"

    def headline(self, row: Hold) -> str:
        return "Released." if row.released_at else "In force: nothing under it is erased or archived away."

    def facts(self, row: Hold) -> Iterable[tuple[str, Any]]:
        known = names.of(filter(None, (row.person, row.placed_by, row.released_by)))
        yield (
            "Covers",
            known[row.person] if row.person else f"{row.subject_type} {row.subject_id}".strip() or "everything",
        )
        yield "Ground", show.paragraph(row.ground)
        yield "Placed by", known[row.placed_by]
        yield "Placed", row.placed_at
        yield "Released by", known.get(row.released_by, "")
        yield "Released", row.released_at

    def offers(self, row: Hold, request: HttpRequest) -> Iterable[Act]:
        if row.released_at is None and allows(scoped.account(request), Action.HOLD):
            yield Act("release", "Release", "What it covered may be erased again.", grave=True)

    def release(self, request: HttpRequest, row: Hold) -> str:
        privacy.release_hold(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The hold is released."

    def explanation(self, request: HttpRequest) -> Any:
        return "While it stands, nothing under it can be erased, whoever approves. Left empty, it covers everything."

    def questions(self, request: HttpRequest) -> Iterable[Question]:
        types = [(name, name.replace("_", " ")) for name in sorted(trail.subjects())]
        yield Question("subject_type", "Subjects of this type", "choice", choices=types, required=False)
        yield Question("subject_id", "Only the one with this id", required=False)
        whom = "or a person, as actors are named: what is about them, and what they did"
        yield Question("person", "Person", help=whom, required=False)
        yield Question("ground", "Ground", help="The duty to keep, with its source.")
        yield Question("reason", "Reason", "text")

    def ask(self, request: HttpRequest) -> Hold:
        scope = {name: request.POST.get(name, "").strip() for name in ("subject_type", "subject_id", "person")}
        ground = request.POST.get("ground", "").strip()
        return privacy.place_hold(ground=ground, actor=acting.actor(request), reason=acting.reason(request), **scope)


def _asked(request: HttpRequest) -> tuple[Event | None, str]:
    """The event or the person that the link to the page, or the page itself, names. Raises Http404."""
    given = request.POST if request.method == "POST" else request.GET
    if not given.get("event"):
        person = given.get("person", "")
        if person and not datakeys.living(person):
            raise Http404(f"Nothing is sealed under {person}.")
        return None, person
    try:
        return Event.objects.get(id=UUID(given["event"])), ""
    except (ValueError, Event.DoesNotExist) as error:
        raise Http404(f"There is no event {given['event']}.") from error


def _holds(row: Redaction) -> list[Hold]:
    people = {one.person for one in redaction.values(row)} if row.event else {row.person}
    return holds.over(event=row.event, people=people)


def _why(row: Redaction) -> SafeString:
    """What the one who asked gave as the reason."""
    asked = Event.objects.filter(subject_type="redaction", subject_id=str(row.pk), event="redaction.requested")
    words = next((str(one.value) for one in sealing.opened(asked) if one.field == "reason"), "")
    return show.paragraph(words)


def _about(person: str) -> Iterable[tuple[str, Any]]:
    account = User.objects.filter(pk=person.partition(":")[2]).first()
    yield "Goes", "what they wrote, and their name in old changes: the log's own copies, with the key that opens them"
    yield "Events concerned", Sealed.objects.filter(person=person).exclude(content=None).count()
    if account:
        signed = Decision.objects.filter(signer=account).count()
        yield "Becomes nobody's", f"the account {account.username}: name, address, team, password, roles, tokens"
        decisions = "1 signed decision" if signed == 1 else f"{signed} signed decisions"
        yield "Stays", f"{decisions} with their printed name, as the legal record ({privacy.SIGNED})"


def _value(found: sealing.Opened | None) -> SafeString:
    return show.chip("erased") if found is None else show.cell(found.value)


def _short(one: sealing.Opened) -> SafeString:
    """A field by its column, where it stands, and the beginning of what it says."""
    label, _, place = one.field.rpartition("/")
    row, *column = place.split(".")
    name, where = (column[0], f"{label} {show.tail(row)}, {SIDES[column[-1]]}") if column else (place, "")
    words = str(one.value)
    shown = words if len(words) <= SHOWN else f"{words[:SHOWN]}…"
    return format_html('<strong>{}</strong> <span class="note">{}</span><br>{}', name, where, shown)
