"""What a check finds: one value in the database that is not what the log, its keys or its tree say it is."""

from typing import NamedTuple

_SHOWN = 120


class Finding(NamedTuple):
    """The place, down to the column where one can be named, what should stand there and what does."""

    table: str
    key: str
    column: str
    expected: str
    actual: str

    @property
    def where(self) -> str:
        """`audit_event 17, column actor`."""
        place = f"{self.table} {self.key}".strip()
        return f"{place}, column {self.column}" if self.column else place

    @property
    def what(self) -> str:
        """One sentence."""
        return f"Should be {self.expected}; is {self.actual}."

    def __str__(self) -> str:
        """As a line of a list."""
        return f"{self.where}: {self.what}"


def shown(value: object) -> str:
    """A value within a sentence: digests by their first characters, texts in quotes and not too long."""
    if isinstance(value, bytes | memoryview):
        return f"{bytes(value).hex()[:24]}…" if len(value) > 12 else bytes(value).hex() or "empty"
    if value is None:
        return "nothing"
    text = str(value)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…") if isinstance(value, str) else text


def differs(table: str, key: object, column: str, *, expected: object, actual: object) -> Finding:
    """A column that holds another value than it must."""
    return Finding(table, str(key), column, shown(expected), shown(actual))
