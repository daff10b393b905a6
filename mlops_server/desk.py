"""The admin's home: what waits for this person, most urgent first, and what happened last."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.models import Event
from audit.pages import show, trail
from audit.tree import proofs
from monitoring.admin.answering import board
from monitoring.models import Alert
from registry.admin.decisions import promotions
from registry.admin.people import queue
from registry.admin.people.queue import Waiting
from registry.models import User
from registry.permissions import reads_something, visible_systems

SHOWN = 50
EVENTS_SHOWN = 8
UNSETTLED = "open,in_remediation,ready_for_retest"


def of(request: HttpRequest) -> dict[str, Any]:
    """What the home page shows; to somebody who may not read the records, only that."""
    account: User = request.user  # type: ignore[assignment]  # The admin lets only accounts in.
    if not reads_something(account):
        return {"may_read": False}
    every = queue.waiting(account)
    mine = [one for one in every if one.mine]
    others = [one for one in every if not one.mine]
    ending = list(queue.expiring(account).select_related("model_version__model", "slot").order_by("valid_until"))
    readable = Alert.objects.filter(monitor__slot__system__in=visible_systems(account))
    alerts = list(board.unresolved(readable).filter(state=Alert.State.OPEN))
    return {
        "may_read": True,
        "counts": _counts(mine, ending, alerts) + _afterwards(account),
        "queue": _table(mine),
        "left_off": max(0, len(mine) - SHOWN),
        "others": _table(others) if others else "",
        "others_count": len(others),
        "ending": _ending(ending) if ending else "",
        "alerts": board.table(alerts[:SHOWN]) if alerts else "",
        **(_log() if account.has_perm("audit.view_event") else {}),
    }


def _log() -> dict[str, Any]:
    """The log's newest events and its last head; no system owns it, so only readers of all are shown it."""
    newest = Event.objects.exclude(subject_type="verification").defer("leaf", "changes")[:EVENTS_SHOWN]
    return {
        "events": trail.table(list(newest), with_subject=True),
        "head": proofs.latest(),
    }


def _counts(mine: Sequence[Waiting], ending: Sequence[Any], alerts: Sequence[Alert]) -> list[tuple[str, int, str, str]]:
    """Name, number, where it leads, and whether it presses."""
    alerts_url = f"{reverse('admin:monitoring_alert_changelist')}?state__exact=open"
    overdue, soon = sum(one.overdue for one in mine), sum(one.soon for one in mine)
    return [
        ("Overdue", overdue, "#queue", "bad" if overdue else "calm"),
        ("Due within 48 hours", soon, "#queue", "doubt" if soon else "calm"),
        ("Waiting for you", len(mine), "#queue", "wait" if mine else "calm"),
        ("Approvals ending in 30 days", len(ending), "#ending", "doubt" if ending else "calm"),
        ("Open alerts", len(alerts), alerts_url, "bad" if alerts else "calm"),
    ]


def _afterwards(account: User) -> list[tuple[str, int, str, str]]:
    """The same of what was decided already."""
    found = queue.afterwards(account)
    lines = (
        ("Reviews due", "reviews", "periodicreview", "state__in=due,overdue", "doubt"),
        ("Open incidents", "incidents", "incident", "state__in=reported,contained,analysed,corrected", "bad"),
        ("Findings you own", "findings", "finding", f"owner__id__exact={account.pk}&state__in={UNSETTLED}", "wait"),
        ("Waivers ending in 30 days", "waivers", "waiver", "state__exact=active", "doubt"),
    )
    return [
        (name, found[key], f"{reverse(f'admin:registry_{page}_changelist')}?{query}", mood if found[key] else "calm")
        for name, key, page, query, mood in lines
    ]


def _table(rows: Sequence[Waiting]) -> SafeString:
    """One line a request; the way to sign leads through its page, never from here."""
    headers = ["Due", "Decide", "Risk", "What the gates say", "Next, and then"]
    return show.table(
        headers,
        [
            [
                promotions.due(one.request),
                _request(one),
                show.chip(one.request.slot.system.risk_tier),
                one.request.headline,
                f"{one.role}, then {one.others}" if one.others else f"{one.role}, the last",
            ]
            for one in rows[:SHOWN]
        ],
    )


def _request(one: Waiting) -> SafeString:
    name = show.row(one.request, one.request.model_version)
    return format_html('{}<span class="note">{}</span>', name, f"to {one.request.slot}, asked by {one.request.author}")


def _ending(rows: Sequence[Any]) -> SafeString:
    return show.table(["Approval", "Slot", "Ends"], [[row, row.slot, row.valid_until] for row in rows])
