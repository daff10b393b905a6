"""A slot's history: every change as a sentence, and as a table."""

from collections.abc import Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from audit.pages import names, show
from registry.models import SlotAssignment

Cause = SlotAssignment.Cause


def sentences(rows: Sequence[SlotAssignment]) -> SafeString:
    """What happened, the newest first: when, what, by whom and why."""
    known = names.of(row.actor for row in rows)
    lines = ((show.moment(row.since), _happened(row), known[row.actor], _why(row)) for row in rows)
    found = format_html_join("", "<li>{}: {}, by {}{}.</li>", lines)
    return (
        format_html('<ul class="sentences">{}</ul>', found)
        if found
        else mark_safe('<p class="empty">Nothing has served here.</p>')
    )


def table(rows: Sequence[SlotAssignment]) -> SafeString:
    """What served from each moment until the next."""
    known = names.of(row.actor for row in rows)
    headers = ["Since", "Revision", "What happened", "Champion", "Canary", "By", "Reason"]
    lines = [
        [
            show.row(row, show.moment(row.since)),
            row.revision,
            row.get_cause_display().capitalize(),
            show.row(row.champion_promotion or row.champion_emergency, row.champion) if row.champion else None,
            canary(row),
            known[row.actor],
            row.reason,
        ]
        for row in rows
    ]
    return show.table(headers, lines, empty="Nothing has served here.")


def canary(row: SlotAssignment | None) -> SafeString:
    """The canary with its share."""
    if row is None or row.canary is None:
        return mark_safe(show.NOTHING)
    return show.row(row.canary) + mark_safe(f" at {row.canary_percent} %")


def _happened(row: SlotAssignment) -> SafeString:
    """One change in words."""
    serves: Any = show.row(row.champion) if row.champion else "nothing"
    match row.cause:
        case Cause.RENEWED:
            return format_html("{} goes on to serve under a new approval", serves)
        case Cause.CANARY_STARTED | Cause.CANARY_ADVANCED:
            return format_html("{} as the canary beside {}", canary(row), serves)
        case Cause.ROLLED_BACK:
            return format_html("rolled back, {} serves", serves)
        case Cause.WITHDRAWN:
            return format_html("an approval ended, {} serves", serves)
        case Cause.EMERGENCY:
            return format_html("the glass was broken, {} serves without an approval", serves)
        case Cause.EMERGENCY_ENDED:
            return format_html("the break-glass is over, {} serves", serves)
    return format_html("{} took the slot", serves)


def _why(row: SlotAssignment) -> SafeString:
    return format_html(": <q>{}</q>", row.reason.rstrip(".")) if row.reason else SafeString()
