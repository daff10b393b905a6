"""Everything monitoring records."""

from audit.events import Event


class MonitorCreated(Event, name="monitor.created"):
    """A slot is watched by one more check."""

    slot: str
    kind: str
    cadence_seconds: int


class MonitorRan(Event, name="monitor_run.recorded"):
    """A check looked and came to a verdict; its report stands by digest."""

    monitor: str
    verdict: str
    n: int
    report: str


class AlertRaised(Event, name="alert.raised"):
    """A check found what a person must look at."""

    monitor: str
    run: str


class AlertRepeated(Event, name="alert.repeated"):
    """The same check alarmed again while its alert is unresolved."""

    run: str


class AlertAcknowledged(Event, name="alert.acknowledged"):
    """A person has taken the alert on."""


class AlertResolved(Event, name="alert.resolved"):
    """The alert is answered."""
