"""What is wrong with a version, and how that ends."""

from datetime import datetime

from audit.events import Event


class FindingRaised(Event, name="finding.raised"):
    """Somebody found a version wanting; while it is high or critical and unsettled, nobody approves the version."""

    model_version: str
    promotion: str | None
    severity: str
    due_at: datetime | None


class FindingRemedied(Event, name="finding.remedied"):
    """Somebody took a finding on, or said what they do about it."""


class FindingReady(Event, name="finding.ready_for_retest"):
    """What was found is mended, says who mended it; from now on new evidence counts."""

    remedied_at: datetime


class FindingClosed(Event, name="finding.closed"):
    """Somebody else looked again: evidence newer than the mending settles it."""

    evidence_set: str
    root: str


class FindingReopened(Event, name="finding.reopened"):
    """The retest failed, or the settlement no longer holds; everything starts again."""

    was: str


class FindingRiskAccepted(Event, name="finding.risk_accepted"):
    """A risk officer who had no part signed that it stays as it is, until a date."""

    until: datetime
    record: str
    signature: str


class FindingRiskLapsed(Event, name="finding.risk_acceptance_lapsed"):
    """The date has come: the finding is open again."""


class FindingRefused(Event, name="finding.refused"):
    """Somebody tried to move a finding on and may not; the rule says why."""

    rule: str
