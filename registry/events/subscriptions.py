"""Who is told of events, and when telling failed for good."""

from datetime import datetime

from audit.events import Event


class SubscriptionCreated(Event, name="subscription.created"):
    """Somebody had events sent to an address from now on."""

    kind: str
    target: str
    events: list[str]


class SubscriptionChanged(Event, name="subscription.changed"):
    """A subscription got another name, address or choice of events."""

    changed: list[str]
    revision: int


class SubscriptionPaused(Event, name="subscription.paused"):
    """A subscription sends nothing for now: a person asked for it, or the address said that it is gone."""

    because: str


class SubscriptionResumed(Event, name="subscription.resumed"):
    """A subscription sends again, from where it stopped."""


class SubscriptionDeactivated(Event, name="subscription.deactivated"):
    """A subscription ended for good; what waited for it is not sent."""

    unsent: int


class SecretRotated(Event, name="subscription.secret_rotated"):
    """A subscription signs with a new secret, and for a while with the old one too."""

    overlap_until: datetime


class SubscriptionReplayed(Event, name="subscription.replayed"):
    """Entries of the log are sent to a subscription once more."""

    first: int
    last: int
    count: int


class SubscriptionGaveUp(Event, name="subscription.gave_up"):
    """An address has failed so often that an entry is sent there no more; the first of this failure says so."""

    index: int
    attempts: int
