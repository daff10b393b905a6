"""Gates set aside for a while, by two people."""

from datetime import datetime

from audit.events import Event


class WaiverRequested(Event, name="waiver.requested"):
    """Somebody asked to set one gate of a blocked request aside, against a compensating control."""

    promotion: str
    gate: str
    artifact: str
    policy: str
    expires_at: datetime
    record: str


class WaiverSigned(Event, name="waiver.signed"):
    """One of the two people signed; with the second the gate is set aside."""

    role: str
    record: str
    signature: str
    state: str


class WaiverRefused(Event, name="waiver.refused"):
    """Somebody who could have signed, or who asked for it, ended the request for a waiver."""


class WaiverRevoked(Event, name="waiver.revoked"):
    """A signed revocation: what was approved with the waiver is no longer approved."""

    role: str
    record: str
    signature: str


class WaiverExpired(Event, name="waiver.expired"):
    """Its time is over: what was approved with the waiver is no longer approved."""

    was: str


class WaiverSignatureRefused(Event, name="waiver.signature_refused"):
    """Somebody tried to grant, refuse or revoke a waiver and may not; the rule says why."""

    rule: str
