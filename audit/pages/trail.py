"""The events of one subject as a table, and the way from a subject to its page."""

from collections.abc import Sequence

from django.apps import apps
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from audit import guard
from audit.models import Event
from audit.pages import names, show

SHOWN = 20


def subject(row: models.Model) -> tuple[str, str] | None:
    """The subject under which a record's events stand; None for a record that is not guarded by itself."""
    try:
        guarded = guard.of(type(row))
    except LookupError:
        return None
    column = {field.column: field.attname for field in row._meta.concrete_fields}[guarded.key]
    return guarded.subject, str(getattr(row, column))


def of(row: models.Model, *, linked: bool) -> SafeString | None:
    """The newest events about a record; the way to each and to all of them for those who may read the log."""
    found = subject(row)
    if found is None:
        return None
    events = Event.objects.filter(subject_type=found[0], subject_id=found[1])[:SHOWN]
    if not linked:
        return table(list(events), linked=False)
    every = f"{reverse('admin:audit_event_changelist')}?{urlencode({'subject_type': found[0], 'subject_id': found[1]})}"
    return format_html('{}<p class="more">{}</p>', table(list(events)), show.link("All events of this record", every))


def table(events: Sequence[Event], *, with_subject: bool = False, linked: bool = True) -> SafeString:
    """Events with the people's names; the subject only where it is not the page itself."""
    known = names.of(event.actor for event in events)
    headers = ["When", "What", *(["About"] if with_subject else []), "Who"]
    rows = [
        [
            event.at,
            show.row(event, event.event) if linked else event.event,
            *([about(event)] if with_subject else []),
            known[event.actor],
        ]
        for event in events
    ]
    return show.table(headers, rows, empty="No event yet.")


def about(event: Event) -> SafeString:
    """The subject of an event, with the way to its page."""
    words = f"{event.subject_type.replace('_', ' ')} {show.tail(event.subject_id)}"
    model = subjects().get(event.subject_type)
    if model is None:
        return format_html("{}", words)
    try:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[event.subject_id])
    except NoReverseMatch:
        return format_html("{}", words)
    return show.link(words, url)


def subjects() -> dict[str, type[models.Model]]:
    """Each subject type's own table."""
    found = {}
    for model in apps.get_models():
        try:
            guarded = guard.of(model)
        except LookupError:
            continue
        if guarded.key == "id":
            found[guarded.subject] = model
    return found
