"""What every noun shares: a record read from JSON, and a collection that finds records by id or name."""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from mlops_client import tables
from mlops_client.errors import Unusable
from mlops_client.session import Session

MOST_SHOWN = 25
# A bar shows the last eight digits of an id; among so many of the newest records they are looked for.
ENDING, MOST_SEARCHED = 8, 500
R = TypeVar("R", bound="Record")


@dataclass(kw_only=True, repr=False)
class Record:
    """A row as it was when it was read. Its usual fields are attributes; `data` is everything the server said."""

    PATH: ClassVar[str]
    #: The fields of one record, and the columns of many where those are fewer.
    SHOWN: ClassVar[tuple[str, ...]] = ("id",)
    LISTED: ClassVar[tuple[str, ...]] = ()

    id: str
    data: dict[str, Any] = field(default_factory=dict)
    session: Session = field(compare=False)

    @classmethod
    def read(cls, data: dict[str, Any], session: Session) -> Self:
        """The record of a JSON object; a field that the client does not know stays in `data`."""
        return cls(**_values(cls, data), data=data, session=session)

    @classmethod
    def noun(cls) -> str:
        """What a person calls it, as in ``model version``."""
        return re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).lower()

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """What a table of many shows."""
        return cls.LISTED or cls.SHOWN

    @property
    def address(self) -> str:
        return f"{self.PATH}/{self.id}"

    def cells(self) -> list[Any]:
        """Its row in a table of many."""
        return [getattr(self, name) for name in self.columns()]

    def refresh(self) -> Self:
        """Read it again, in place. Raises ClientError."""
        return self._became(self.session.get(self.address))

    def _became(self, data: dict[str, Any]) -> Self:
        for name, value in _values(type(self), data).items():
            setattr(self, name, value)
        self.data = data
        return self

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={_told(getattr(self, name))}" for name in self.SHOWN)
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

    def __repr__(self) -> str:
        return f"<Rows of {self.record.__name__}: iterate, or call first() or frame()>"

    def frame(self) -> Any:
        """All of them as a pandas DataFrame, which has to be installed."""
        import pandas  # the client does without it; who calls this has it

        return pandas.DataFrame([one.data for one in self])

    def _repr_html_(self) -> str:
        rows = list(islice(self, MOST_SHOWN))
        caption = f"the first {MOST_SHOWN}" if len(rows) == MOST_SHOWN else ""
        return tables.as_html(self.record.columns(), [one.cells() for one in rows], caption=caption)


class Collection(Generic[R]):
    """All records of a noun that you may read, found by id."""

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
        """One by its id, or its name where it has one; a record is given back as it is. Raises NotFound, Unusable."""
        if isinstance(which, Record):
            return which
        if is_id(which):
            return self.RECORD.read(self._session.get(f"{self.RECORD.PATH}/{which}"), self._session)
        return self._named(str(which))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._session.account.url}: all(), get(...)>"

    def _repr_html_(self) -> str:
        return self.all()._repr_html_()

    def _named(self, name: str) -> R:
        """By the last digits of an id. Raises Unusable."""
        newest = islice(self.all(), MOST_SEARCHED) if len(name) >= ENDING else ()
        found = [one for one in newest if one.id.endswith(name.lower())]
        if len(found) != 1:
            noun = self.RECORD.noun()
            raise Unusable(f"There is no {noun} {name!r} that you may read.", remedy=f"Give the id of the {noun}.")
        return found[0].refresh()

    def _post(self, path: str, body: dict[str, Any]) -> R:
        return self.RECORD.read(self._session.post(path, body), self._session)


class Named(Collection[R]):
    """All records of a noun that you may read, found by id or name."""

    def _named(self, name: str) -> R:
        found = list(islice(self.all(name=name), 2))
        if len(found) == 1:
            return found[0]
        if found:
            ids = " or ".join(one.id for one in found)
            raise Unusable(f"Several are called {name!r}.", remedy=f"Name the {self.RECORD.noun()} by its id: {ids}.")
        raise missing(self.RECORD.noun(), name, (str(vars(one)["name"]) for one in islice(self.all(), MOST_SEARCHED)))


def missing(noun: str, name: str, known: Iterable[str]) -> Unusable:
    """What to raise for a name that fits nothing: it says which names are like it."""
    like = difflib.get_close_matches(name, list(known))
    remedy = f"Did you mean {' or '.join(dict.fromkeys(like))}?" if like else ""
    return Unusable(f"There is no {noun} {name!r} that you may read.", remedy=remedy)


def no_version(name: str, number: int | None, newest: int | None) -> Unusable:
    """What to raise for a version that is not there."""
    if newest is None:
        return Unusable(f"{name} has no version yet.")
    return Unusable(f"{name} has no version {number}.", remedy=f"The newest is {name}@{newest}.")


def identity(value: Any) -> Any:
    """The id of a record; anything else as it is."""
    return value.id if isinstance(value, Record) else value


def is_id(which: Any) -> bool:
    try:
        UUID(str(which))
    except ValueError:
        return False
    return True


def numbered(which: str) -> tuple[str, int | None]:
    """The name and the number of ``employment@3``, or of ``employment v3``, as the server prints it.

    The number is None where there is none. Raises Unusable.
    """
    name, _, number = re.sub(r"^(\S+) v(?=\d+$)", r"\1@", which).partition("@")
    if not number:
        return name, None
    if not number.isdigit():
        raise Unusable(f"{which!r} names no version.", remedy="Write it as name@number, or give the id.")
    return name, int(number)


def _told(value: Any) -> str:
    """A value in a repr: numbers as they are, everything else in words."""
    return repr(value) if value is None or isinstance(value, int | float) else repr(tables.shown(value))


def _values(record: type[Record], data: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(record)
    own = {one.name for one in dataclasses.fields(record)} - {"data", "session"}
    return {name: _value(hints[name], data[name]) for name in own if name in data}


def _value(hint: Any, value: Any) -> Any:
    """Times are aware datetimes, as the field's type says; everything else is as JSON has it."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return datetime.fromisoformat(value) if datetime in kinds and isinstance(value, str) else value
