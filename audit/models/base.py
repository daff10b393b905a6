"""A governed row remembers how the database gave it, so that the log can say what a change changed."""

import json
from collections.abc import Collection
from typing import Any, NamedTuple, Self

from django.db import models


class Governed(models.Model):
    """The base of every model with a guard. A row that was never read is a new one."""

    #: Attribute name -> value as it was read, or as it last went into the log; None for a row that is new.
    as_read: dict[str, Any] | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        row = super().from_db(db, field_names, values, **options)
        # A deferred column has a name here and no value of its own.
        row.as_read = {name: _kept(row.__dict__[name]) for name in field_names if name in row.__dict__}
        return row

    def refresh_from_db(self, *args: Any, **options: Any) -> None:
        super().refresh_from_db(*args, **options)
        self.remember()

    def remember(self) -> None:
        """Take the row as it stands now for what the next change begins with."""
        names = (field.attname for field in self._meta.concrete_fields)
        self.as_read = {name: _kept(self.__dict__[name]) for name in names if name in self.__dict__}


class Frozen(NamedTuple):
    """A list or an object as it was read, as JSON: the row holds the original, which may be changed in place."""

    json: str


def _kept(value: Any) -> Any:
    return Frozen(json.dumps(value, default=str)) if isinstance(value, list | dict) else value
