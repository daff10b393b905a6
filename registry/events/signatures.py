"""Signatures on records that are no promotion request: waivers, accepted risks, settled conditions, reviews."""

from audit.events import Event


class SignatureMade(Event, name="signature.made"):
    """A person signed a record, which has an event of its own: the signature's record stands here by digest."""

    kind: str
    subject_type: str
    subject: str
    record: str
    verdict: str
    role: str
    meaning: str
    signature: str
