"""What serves, and what was predicted."""

from audit.events import Event


class RolloutStarted(Event, name="rollout.started"):
    """An approved version began to take over a slot."""

    slot: str
    model_version: str
    steps: list[int]


class PromotionExecuting(Event, name="promotion.executing"):
    """The version answers a share of its slot's traffic."""

    slot: str


class RolloutAdvanced(Event, name="rollout.advanced"):
    """The canary's share grew."""

    percent: int


class RolloutPromoted(Event, name="rollout.promoted"):
    """The canary became the champion."""


class RolloutRolledBack(Event, name="rollout.rolled_back"):
    """The canary was taken out."""


class RolloutRefused(Event, name="rollout.refused"):
    """Somebody tried to put a version into a slot and may not."""

    rule: str


class SlotAssigned(Event, name="slot.assigned"):
    """What the slot serves changed; the entry names versions and the promotions that allow them."""

    revision: int
    cause: str
    champion: str | None
    champion_promotion: str | None
    champion_emergency: str | None
    canary: str | None
    canary_promotion: str | None
    canary_percent: int


class RollbackRefused(Event, name="slot.rollback_refused"):
    """A rollback was asked for and there is nothing valid to go back to, or the person may not."""

    rule: str


class HoldPlaced(Event, name="slot_hold.placed"):
    """Nothing new comes into the slot and its rollout stands still, until a person lifts this."""

    slot: str
    source: str


class HoldLifted(Event, name="slot_hold.lifted"):
    """A hold over a slot has ended."""

    slot: str


class HoldRefused(Event, name="slot_hold.refused"):
    """Somebody tried to place or lift a hold and may not."""

    rule: str


class PredictionsSealed(Event, name="prediction_batch.sealed"):
    """A batch of predictions was fixed under its digest."""

    slot: str
    row_count: int
    digest: str


class PackExported(Event, name="promotion.pack_exported"):
    """An evidence pack of the decision left the house."""

    size: int
