"""Who is told of events, and each attempt to tell them."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.scoped import ScopedAdmin
from registry.models import Delivery, Subscription
from registry.permissions import allows
from registry.roles import Action
from registry.services.subscriptions import subscribing


@admin.register(Subscription)
class SubscriptionAdmin(ActingAdmin):
    system_path = None
    list_display = (
        "name",
        columns.chip("kind", "Kind"),
        columns.chip("state"),
        columns.text("shown_target", "To"),
        columns.text("created_by", "Made by"),
        columns.moment("created_at", "Made"),
    )
    list_filter = ("kind", "state")
    list_select_related = page_related = ("created_by",)
    search_fields = ("name", "shown_target")
    acts = ("pause", "resume")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        return super().get_queryset(request).defer("target", "secret")

    def facts(self, row: Subscription) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "To", row.shown_target
        yield "Kind", row.get_kind_display()
        yield "Events", ", ".join(row.events)
        yield "Next entry of the log", row.position
        yield "Made by", row.created_by

    def sections(self, row: Subscription, request: HttpRequest) -> Iterable[Section]:
        newest = row.deliveries.order_by("-id")[:50]
        headers = ["Event", "Entry", "State", "Attempts", "Answer", "Next or done"]
        lines = [
            [one.event, one.index, show.state(one), one.attempts, _answer(one), one.delivered_at or one.next_at]
            for one in newest
        ]
        yield Section("The newest deliveries", show.table(headers, lines, empty="Nothing was sent yet."))

    def offers(self, row: Subscription, request: HttpRequest) -> Iterable[Act]:
        if not allows(scoped.account(request), Action.SUBSCRIBE):
            return
        if row.state == Subscription.State.ACTIVE:
            yield Act("pause", "Pause", "Nothing is sent for now; entries wait in the log.", asks_reason=False)
        if row.state == Subscription.State.PAUSED:
            yield Act("resume", "Resume", "It is sent again, what waited first.", asks_reason=False)

    def pause(self, request: HttpRequest, row: Subscription) -> str:
        subscribing.pause(row, actor=acting.actor(request))
        return "The subscription is paused."

    def resume(self, request: HttpRequest, row: Subscription) -> str:
        subscribing.resume(row, actor=acting.actor(request))
        return "The subscription sends again."


@admin.register(Delivery)
class DeliveryAdmin(ScopedAdmin):
    system_path = None
    list_display = (
        columns.text("event", "Event"),
        columns.record("subscription", "To"),
        columns.chip("state"),
        columns.number("attempts", "Attempts"),
        columns.moment("next_at", "Next"),
        columns.moment("delivered_at", "Delivered"),
    )
    list_filter = ("state",)
    list_select_related = page_related = ("subscription",)
    search_fields = ("event", "=event_id")

    def facts(self, row: Delivery) -> Iterable[tuple[str, Any]]:
        yield "Event", row.event
        yield "Entry of the log", row.index
        yield "State", show.state(row)
        yield "Attempts", row.attempts
        yield "Answer", _answer(row)
        yield "Next attempt", row.next_at
        yield "Delivered", row.delivered_at


def _answer(row: Delivery) -> str:
    return " ".join(str(part) for part in (row.status_code, row.failure) if part)
