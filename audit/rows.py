"""The digest of a governed row: what the log commits to, recomputable from the table alone."""

from django.db import models

from audit import guard
from audit.events import Json, plain
from audit.tlog import canonical


def content(row: models.Model) -> dict[str, Json]:
    """The governed columns of a row by column name, in the log's subset of JSON.

    As the database will give them back: a whole number in a float's column, say, is already a float here.
    """
    operational = guard.of(type(row)).operational
    return {
        str(field.column): plain(field.to_python(field.value_from_object(row)))
        for field in row._meta.concrete_fields
        if field.column not in operational
    }


def digest(row: models.Model) -> str:
    """SHA-256 of the canonical JSON of `content`, in hex."""
    return canonical.digest(content(row)).hex()


def label(row: models.Model) -> str:
    """How an entry names a row: ``table/primary key``."""
    return f"{row._meta.db_table}/{row.pk}"
