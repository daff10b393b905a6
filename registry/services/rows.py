"""What every service does with a row: check its fields, insert it under a free name, refuse a stale reader."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from registry.errors import AlreadyExists, Invalid, Problem, RevisionMismatch


def check(row: models.Model) -> None:
    """Validate a row's fields, naming each one that is wrong. Raises Invalid; uniqueness is the database's to say."""
    try:
        row.clean_fields()
    except ValidationError as error:
        problems = [Problem(f"/{field}", " ".join(messages)) for field, messages in error.message_dict.items()]
        raise Invalid("Some fields cannot be used.", problems=problems) from error


def insert(row: models.Model) -> None:
    """Insert a row, or say that its name is taken. Raises AlreadyExists."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        name = row._meta.verbose_name
        raise AlreadyExists(f"There is already a {name} called {row}.", remedy="Choose another name.") from error


def match_revision(current: int, expected: int) -> None:
    """Raises RevisionMismatch where the record has moved on since the caller read it."""
    if current != expected:
        raise RevisionMismatch(
            f"You read revision {expected}; the record is at {current} now.", remedy="Read it again, then decide again."
        )
