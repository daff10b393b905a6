"""What every noun shares: a record read from JSON, and a collection that finds records by id or name."""

import dataclasses
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from mlops_client import tables
from mlops_client.errors import Unusable
from mlops_client.session import Session

MOST_SHOWN = 25
R = TypeVar("R", bound="Record")


@dataclass(kw_only=True, repr=False)
class Record:
    """A row as it was when it was read. Its usual fields are attributes; `data` is everything the server said."""

    PATH: ClassVar[str]
    SHOWN: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    data: dict[str, Any] = field(default_factory=dict)
    session: Session = field(compare=False)

    @classmethod
    def read(cls, data: dict[str, Any], session: Session) -> Self:
        """The record of a JSON object; a field that the client does not know stays in `data`."""
        return cls(**_values(cls, data), data=data, session=session)

    @property
    def address(self) -> str:
        return f"{self.PATH}/{self.id}"

    def refresh(self) -> Self:
        """Read it again, in place. Raises ClientError."""
        return self._became(self.session.get(self.address))

    def _became(self, data: dict[str, Any]) -> Self:
        for name, value in _values(type(self), data).items():
            setattr(self, name, value)
        self.data = data
        return self

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={tables.shown(getattr(self, name))!r}" for name in self.SHOWN)
        return f"{type(self).__name__}({inner})"

    def _repr_html_(self) -> str:
        rows = [(name, getattr(self, name)) for name in self.SHOWN]
        return tables.as_html(("", type(self).__name__), rows)


class Rows(Generic[R]):
    """The records of a list: read page by page while you iterate, and anew each time you do."""

    def __init__(self, record: type[R], session: Session, path: str, query: dict[str, Any]) -> None:
        self.record, self._session, self._path, self._query = record, session, path, query

    def __iter__(self) -> Iterator[R]:
        for data in self._session.rows(self._path, **self._query):
            yield self.record.read(data, self._session)

    def first(self) -> R | None:
        """The first one, mostly the newest; None where there is none."""
        page = self._session.get(self._path, **{**self._query, "page_size": 1})
        return self.record.read(page["results"][0], self._session) if page["results"] else None

    def frame(self) -> Any:
        """All of them as a pandas DataFrame, which has to be installed."""
        import pandas  # the client does without it; who calls this has it

        return pandas.DataFrame([one.data for one in self])

    def _repr_html_(self) -> str:
        rows = [one for one, _ in zip(self, range(MOST_SHOWN), strict=False)]
        cells = [[getattr(one, name) for name in self.record.SHOWN] for one in rows]
        caption = f"the first {MOST_SHOWN}" if len(rows) == MOST_SHOWN else ""
        return tables.as_html(self.record.SHOWN, cells, caption=caption)


class Collection(Generic[R]):
    """All records of a noun that you may read."""

    RECORD: type[R]

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self, **filters: Any) -> Rows[R]:
        """Those that match the filters of the list in the API. Raises ClientError once it is read."""
        filters = {name: identity(value) for name, value in filters.items()}
        return Rows(self.RECORD, self._session, self.RECORD.PATH, filters)

    def __iter__(self) -> Iterator[R]:
        return iter(self.all())

    def get(self, which: R | str) -> R:
        """One by its id or its name; a record is given back as it is. Raises NotFound, Unusable."""
        if isinstance(which, Record):
            return which
        if is_id(which):
            return self.RECORD.read(self._session.get(f"{self.RECORD.PATH}/{which}"), self._session)
        return self._named(which)

    def _named(self, name: str) -> R:
        return self._only(self.all(name=name), name)

    def _only(self, rows: Rows[R], name: str) -> R:
        """Raises Unusable where none is called so, or several are: then the id is asked for."""
        found = [one for one, _ in zip(rows, range(2), strict=False)]
        noun = self.RECORD.__name__.lower()
        if not found:
            raise Unusable(f"There is no {noun} {name!r} that you may read.")
        if len(found) > 1:
            raise Unusable(f"Several are called {name!r}.", remedy=f"Name the {noun} by its id.")
        return found[0]

    def _post(self, path: str, body: dict[str, Any]) -> R:
        return self.RECORD.read(self._session.post(path, body), self._session)


def identity(value: Any) -> Any:
    """The id of a record; anything else as it is."""
    return value.id if isinstance(value, Record) else value


def is_id(which: str) -> bool:
    try:
        UUID(which)
    except ValueError:
        return False
    return True


def numbered(which: str) -> tuple[str, int | None]:
    """A name and the number after its @, as in ``employment@3``; None without one. Raises Unusable."""
    name, _, number = which.partition("@")
    if not number:
        return name, None
    if not number.isdigit():
        raise Unusable(f"{which!r} names no version.", remedy="Write it as name@number, or give the id.")
    return name, int(number)


def _values(record: type[Record], data: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(record)
    own = {one.name for one in dataclasses.fields(record)} - {"data", "session"}
    return {name: _value(hints[name], data[name]) for name in own if name in data}


def _value(hint: Any, value: Any) -> Any:
    """Times are aware datetimes, as the field's type says; everything else is as JSON has it."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return datetime.fromisoformat(value) if datetime in kinds and isinstance(value, str) else value
