"""What people wrote into documents, and which documents left the house."""

from audit.events import Event


class CardTextWritten(Event, name="card_text.written"):
    """A person wrote and signed a section of a model card or datasheet."""

    about: str
    about_id: str
    section: str
    record: str


class CardTextRefused(Event, name="card_text.refused"):
    """Somebody tried to sign a section and could not be believed; the subject is what it was about."""

    section: str
    rule: str


class DocumentExported(Event, name="document.exported"):
    """A statement, signature, bill of materials or description of data left the house."""

    form: str
    digest: str
