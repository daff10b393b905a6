"""The shape of an event; what each application records stands in its own events.py."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias, dataclass_transform
from uuid import UUID

from audit.tlog import canonical

Json: TypeAlias = str | int | bool | list["Json"] | dict[str, "Json"] | None


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event:
    """A past fact with a typed, public payload; subclasses are named: ``class A(Event, name="x.a")``.

    Payload fields must hold nothing personal: free text goes to `record(reason=..., sealed=...)`, which can erase it.
    """

    event_name: ClassVar[str]
    catalogue: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls, *, name: str) -> None:
        if name in Event.catalogue:
            raise TypeError(f"The event name {name!r} is taken by {Event.catalogue[name].__qualname__}.")
        cls.event_name = name
        Event.catalogue[name] = dataclass(frozen=True, kw_only=True)(cls)

    def payload(self) -> dict[str, Json]:
        """The public data of the entry: JSON without floats."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


def plain(value: Any) -> Json:
    """Bring a value into the entry's subset of JSON: times in UTC to the microsecond, numbers as decimal strings."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= canonical.MAX_INTEGER else str(value)
        case float():
            return _decimal(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return timestamp(value)
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Sequence() | set() | frozenset():
            return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    raise TypeError(f"An event cannot hold a {type(value).__name__}; give text, a whole number, a time or a digest.")


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits, the one spelling of a time in the log."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _decimal(value: float) -> str:
    """The shortest decimal that reads back the same, in the one spelling that a visit to a jsonb column leaves alone.

    There a large number comes back as a whole one and a negative zero loses its sign; numpy's floats write their type.
    """
    if abs(value) >= 1e16 and math.isfinite(value):
        return format(Decimal(float.__repr__(value)), "f")
    return float.__repr__(value + 0.0)
