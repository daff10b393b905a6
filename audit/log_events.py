"""What happens to the log itself: keys, origins, watch, erasure and the archive. Payloads are public."""

from audit.events import Event


# Keys and origins
class LogOpened(Event, name="log.opened"):
    """The log began, under its first key."""

    vkey: str


class KeyAdded(Event, name="log.key_added"):
    """Another key signs heads from now on, beside the one before it."""

    vkey: str
    from_size: int


class KeyRetired(Event, name="log.key_retired"):
    """A key signs no head larger than this size any more."""

    vkey: str
    at_size: int


class Resumed(Event, name="log.resumed"):
    """After a restored backup a person let the log go on, under a new origin; what was lost stays named here."""

    old_origin: str
    new_origin: str
    restored_size: int
    outside_size: int
    outside_root: str
    outside_note_digest: str


class SealingKeyRotated(Event, name="log.sealing_key_rotated"):
    """Every data key was wrapped under another installation key, so that older copies of them open with nothing."""


# Watch
class LogVerified(Event, name="log.verified"):
    """The self-check compared the log, and the governed rows with it; there were so many heads and cosignatures."""

    size: int
    findings: int
    complete: bool
    heads: int
    cosignatures: int


class HistoriesFixed(Event, name="log.histories_fixed"):
    """How many events each subject has was fixed under one root, so that a pack can prove that it is complete."""

    size: int
    root: str
    subjects: int


class VerifierPublished(Event, name="log.verifier_published"):
    """The one-file verifier that packs carry has this SHA-256."""

    digest: str


class LogExported(Event, name="log.exported"):
    """The entries from one place up to another left for somebody, in a format."""

    format: str
    first: int
    end: int


class HistoryExported(Event, name="log.history_exported"):
    """All that the log holds about one subject left in a pack; opened: with the words and values it seals."""

    subject_type: str
    subject_id: str
    size: int
    opened: bool


# Erasure
class HoldPlaced(Event, name="hold.placed"):
    """Something must be kept: nothing under it is erased or archived while it stands."""

    subject_type: str
    subject_id: str
    person: str


class HoldReleased(Event, name="hold.released"):
    """The duty to keep has ended."""


class RedactionRequested(Event, name="redaction.requested"):
    """Somebody asked to erase sealed values; a second person decides."""

    event: str | None
    fields: list[str]
    person: str
    ground: str


class RedactionRefused(Event, name="redaction.refused"):
    """An erasure was refused, by a person or by a legal hold."""

    rule: str


class ApprovalRefused(Event, name="redaction.approval_refused"):
    """Somebody could not approve an erasure; the request stays open."""

    rule: str


class RedactionWithdrawn(Event, name="redaction.withdrawn"):
    """Who asked for an erasure no longer wants it."""


class ValuesRedacted(Event, name="redaction.executed"):
    """Sealed values and their salts were erased; every proof still holds."""

    event: str | None
    fields: list[str]
    person: str
    ground: str
    values: int
    keys: list[int]


# Archive
class EntriesArchived(Event, name="entries.archived"):
    """The bytes of old entries moved to the archive; their place, hashes and proofs stay."""

    first_bundle: int
    last_bundle: int
    digest: str
