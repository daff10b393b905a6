"""Everything monitoring records."""

from datetime import datetime

from audit.events import Event


class MonitorCreated(Event, name="monitor.created"):
    """A slot is watched by one more check."""

    slot: str
    kind: str
    cadence_seconds: int


class MonitorChanged(Event, name="monitor.changed"):
    """A person lets a monitor look otherwise, or not at all, from its next look on."""

    changed: list[str]
    enabled: bool
    cadence_seconds: int
    revision: int


class MonitorRefused(Event, name="monitor.refused"):
    """Somebody tried to set up or change a monitor and may not, or not so."""

    rule: str


class ReferenceProfileMade(Event, name="reference_profile.made"):
    """What looks are compared with was taken from data, or from a version's answers, and is kept by digest."""

    kind: str
    n: int
    digest: str


class MonitorRan(Event, name="monitor_run.recorded"):
    """A check looked and came to a verdict; its report stands by digest."""

    monitor: str
    verdict: str
    n: int
    report: str


class MonitorCalibrated(Event, name="calibration.recorded"):
    """How often a monitor rings on rows that did not move, and how soon on rows that did, was measured."""

    monitor: str
    looks: int
    false_alarms: int
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


class AlertCalmed(Event, name="alert.calmed"):
    """The check looked again and found nothing; the alert stays until a person resolves it."""

    run: str


class AlertNotified(Event, name="alert.notified"):
    """A rule says that people are to be told of this alert."""

    slot: str
    kind: str
    rule: str
    in_a_row: int


class AlertIncidentOpened(Event, name="alert.incident_opened"):
    """An incident is open for this alert: a person, or a rule, opened it or joined the one of its monitor."""

    incident: str


class AlertRetrainingAsked(Event, name="alert.retraining_asked"):
    """A person wants a candidate trained anew because of this alert."""

    pipeline: str


class AlertSuppressed(Event, name="alert.suppressed"):
    """A person wants to hear nothing of the alert until a time; it neither tells nor does anything until then."""

    until: datetime


class AlertReopened(Event, name="alert.reopened"):
    """The time for which an alert was suppressed is over; it rang so often meanwhile."""

    alarms: int


class AlertEscalated(Event, name="alert.escalated"):
    """Nobody has answered the alert in time: these are told next."""

    step: int
    role: str
    rule: str


class AlertRefused(Event, name="alert.refused"):
    """Somebody tried to answer an alert and may not."""

    rule: str


class AlertRuleCreated(Event, name="alert_rule.created"):
    """Alarms of a system, or of one slot, lead to actions from now on."""

    system: str
    slot: str | None
    kinds: list[str]
    in_a_row: int
    actions: list[str]
    escalate_to: list[str]


class AlertRuleChanged(Event, name="alert_rule.changed"):
    """A rule of alerts says something else from now on."""

    changed: list[str]
    enabled: bool
    actions: list[str]
    revision: int


class AlertRuleRefused(Event, name="alert_rule.refused"):
    """Somebody tried to make or change a rule of alerts and may not."""

    rule: str


class AlertActionDone(Event, name="alert_action.done"):
    """A rule has done something because of an alert."""

    alert: str
    rule: str
    action: str


class AlertActionRefused(Event, name="alert_action.refused"):
    """A rule wanted something done because of an alert, and it could not be; it is not tried again."""

    alert: str
    rule: str
    action: str
    refusal: str
