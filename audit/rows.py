"""What the log says about a governed row: the digest it commits to, recomputable from the table alone, and changes."""

import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import models

from audit import guard
from audit.encoding import encode
from audit.events import Json, plain
from audit.models.base import Frozen, Governed
from audit.tlog import merkle


class Change(NamedTuple):
    """One column's values before and after; `new_row` where there is no before."""

    column: str
    old: Json
    new: Json
    new_row: bool


def content(row: models.Model) -> dict[str, Json]:
    """The governed columns of a row by column name, in the log's subset of JSON.

    As the database will give them back: a whole number in a float's column, say, is already a float here.
    """
    return {
        str(field.column): plain(field.to_python(field.value_from_object(row))) for field in _governed_fields(type(row))
    }


def digest(row: models.Model) -> str:
    """SHA-256 of the canonical JSON of `content`, in hex."""
    return hashlib.sha256(encode(content(row))).hexdigest()


def label(row: models.Model) -> str:
    """How an entry names a row: ``table/primary key``."""
    return f"{row._meta.db_table}/{row.pk}"


def parts_label(parts: Sequence[models.Model]) -> str:
    """How an entry names all the parts of its subject in one table at once."""
    return f"{parts[0]._meta.db_table}/*"


def parts_digest(parts: Sequence[models.Model]) -> str:
    """The RFC 9162 root over the parts' digests, in the order of their primary keys as text, in hex."""
    in_order = sorted(parts, key=lambda part: str(part.pk))
    return merkle.root([merkle.leaf_hash(bytes.fromhex(digest(part))) for part in in_order]).hex()


def person(row: models.Model) -> str:
    """The pseudonymous id of whom the row is about; empty where it is about nobody."""
    column = guard.of(type(row)).person
    if not column:
        return ""
    (field,) = (field for field in _governed_fields(type(row)) if field.column == column)
    return f"person:{plain(field.to_python(field.value_from_object(row)))}"


def changes(row: Governed) -> Iterator[Change]:
    """What changed since the row was read, or since it last went into the log; every value of a new one."""
    before = row.as_read
    withheld = guard.of(type(row)).withheld
    for field in _governed_fields(type(row)):
        value = field.value_from_object(row)
        if field.column in withheld or (before and before.get(field.attname, before) is value):
            continue  # The very object that was read has not changed: what can change in place is kept as JSON.
        new = plain(field.to_python(value))
        if before is None:
            yield Change(str(field.column), None, new, new_row=True)
        elif field.attname in before and (old := _before(field, before[field.attname])) != new:
            yield Change(str(field.column), old, new, new_row=False)


def _before(field: Any, kept: Any) -> Json:
    return plain(json.loads(kept.json)) if isinstance(kept, Frozen) else plain(field.to_python(kept))


@functools.cache
def _governed_fields(model: type[models.Model]) -> list[Any]:
    operational = guard.of(model).operational
    return [field for field in model._meta.concrete_fields if field.column not in operational]
