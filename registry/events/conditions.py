"""What approvals were made conditional on."""

from datetime import datetime

from audit.events import Event


class ConditionAttached(Event, name="condition.attached"):
    """Somebody approved on this condition; their signature binds it."""

    promotion: str
    decision: str
    rule: str | None
    standing: bool
    due_at: datetime
    on_breach: str


class ConditionChecked(Event, name="condition.checked"):
    """The server looked again and found something else than the last time."""

    verdict: str


class ConditionMet(Event, name="condition.met"):
    """The evidence, or a person's signature, says that the condition is met."""

    signature: str | None


class ConditionBreached(Event, name="condition.breached"):
    """The condition was not met in time, failed while it had to hold, or a person signed that it is not met."""

    on_breach: str
    signature: str | None


class ConditionRefused(Event, name="condition.refused"):
    """Somebody tried to settle a condition and may not; the rule says why."""

    rule: str


class PromotionConditionsMet(Event, name="promotion.conditions_met"):
    """Every condition of the approval is met: from now on it is an approval like any other."""
