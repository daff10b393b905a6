"""Where a model version stands: three axes instead of a stage, and the picture of where it comes from."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.pages import show
from registry.models import ModelVersion, PromotionRequest, Slot
from registry.services import axes
from registry.services.axes import Approved, Deployed


def body(row: ModelVersion) -> SafeString:
    """Its lifecycle; and for each slot its approval and its place there."""
    found = axes.of([row])[row.pk]
    keys = dict.fromkeys([*(one.slot for one in found.approval), *(one.slot for one in found.deployment)])
    slots = {one.key: one for one in Slot.objects.filter(key__in=keys)}
    approved = {one.slot: one for one in found.approval}
    deployed = {one.slot: one for one in found.deployment}
    lines = [[slots[key], _approval(approved.get(key)), _place(deployed.get(key))] for key in keys]
    record = show.state(row, "lifecycle")
    table = show.table(["Slot", "Approval", "Deployment"], lines, empty="It has no approval and serves nowhere.")
    return format_html("<p>Record: {}</p>{}", record, table)


def picture(row: ModelVersion) -> SafeString:
    """The lineage as an image, with the same edges as a table for whom it tells nothing."""
    asked = f"?of=model_version:{row.pk}"
    table = show.link("The same as a table (CSV)", f"{reverse('lineage-table')}{asked}")
    large = reverse("lineage-picture") + asked
    return format_html(
        '<div class="scroll" tabindex="0"><a href="{0}"><img src="{0}" alt="{1}" loading="lazy"></a></div>'
        '<p class="more">{2}</p>',
        large,
        f"Lineage of {row}: the table below names every edge in words.",
        table,
    )


def _approval(found: Approved | None) -> SafeString:
    if found is None:
        return show.cell(None)
    name = show.link(show.chip(found.status), show.url_of(PromotionRequest(pk=found.promotion)))
    until = format_html(" until {}", show.moment(found.valid_until)) if found.status in axes.HOLDS else SafeString()
    stale = (
        format_html(", its grounds have moved since {}", show.moment(found.stale_since)) if found.stale_since else ""
    )
    return format_html("{}{}{}", name, until, stale)


def _place(found: Deployed | None) -> SafeString:
    if found is None:
        return show.cell(None)
    share = f" at {found.percent} %" if found.percent else ""
    end = format_html(" until {}", show.moment(found.until)) if found.until else SafeString()
    return format_html("{}{} since {}{}", show.chip(found.status), share, show.moment(found.since), end)
