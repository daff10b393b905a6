"""A document laid out: every value as the text that a page prints, whatever the page is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOTHING = "–"
DIGEST_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Line:
    """A fact, and the name of the record it stands in."""

    name: str
    value: str
    record: str


@dataclass(frozen=True, slots=True)
class Table:
    """Headers and rows of text. kinds: of each column `text`, `number` (which stands to the right) or `record`."""

    title: str
    headers: list[str]
    kinds: list[str]
    rows: list[list[str]]

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Each header with the kind of its column."""
        return list(zip(self.headers, self.kinds, strict=True))

    @property
    def cells(self) -> list[list[tuple[str, str]]]:
        """Each row likewise."""
        return [list(zip(row, self.kinds, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Written:
    """What a person wrote, and the signature beneath it."""

    text: str
    signature: str
    verifies: bool


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    clauses: str
    lines: list[Line]
    tables: list[Table]
    written: Written | None
    gap: str

    @property
    def is_empty(self) -> bool:
        """Nothing stands in it, and nothing needs to."""
        return not (self.lines or self.tables or self.written or self.gap)


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that is printed. gaps: the titles of the sections in which something is missing."""

    kind: str
    title: str
    subject: str
    sections: list[Section]
    gaps: list[str]
    records: list[tuple[str, str]]


def lay_out(document: Mapping[str, Any]) -> Page:
    """The page of a document, from the document alone."""
    records: dict[str, str] = document["records"]
    sections = [_section(one, records) for one in document["sections"]]
    return Page(
        kind=document["kind"],
        title=document["title"],
        subject=document["subject"]["id"],
        sections=sections,
        gaps=[one.title for one in sections if one.gap],
        records=list(records.items()),
    )


def shown(value: Any) -> str:
    """A value in words: an interval in brackets, numbers to three decimals, lists with commas, times to the second."""
    if value in (None, "", [], {}):
        return NOTHING
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case {"value": exact, "low": low, "high": high}:
            return number(exact) if low is None or high is None else f"{number(exact)} [{number(low)}, {number(high)}]"
        case dict():
            return "; ".join(f"{key}: {shown(item)}" for key, item in value.items())
        case list():
            return ", ".join(shown(item) for item in value)
    return _text(str(value))


def number(exact: str) -> str:
    """Three decimals of the exact figure, or its first digits where it is very small."""
    value = float(exact)
    return f"{value:.1e}" if value and abs(value) < 0.0005 else f"{value:z,.3f}"


def is_number(value: Any) -> bool:
    """Whether a cell is a count or a figure."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, dict) and "low" in value)


def _text(text: str) -> str:
    """Times are printed to the second; everything else is the record's own words."""
    is_time = len(text) == 27 and text[10] == "T" and text.endswith("Z") and text[:4].isdecimal()
    return f"{text[:10]} {text[11:19]} UTC" if is_time else text


def _section(one: Mapping[str, Any], records: Mapping[str, str]) -> Section:
    return Section(
        name=one["name"],
        title=one["title"],
        clauses=", ".join(one["clauses"]),
        lines=[Line(fact["name"], shown(fact["value"]), _digest(fact["record"], records)) for fact in one["facts"]],
        tables=[_table(table, records) for table in one["tables"]],
        written=_written(one["text"]),
        gap=one["gap"],
    )


def _table(table: Mapping[str, Any], records: Mapping[str, str]) -> Table:
    names = [column["name"] for column in table["columns"]]
    rows = [[*(shown(row[name]) for name in names), _digest(row["record"], records)] for row in table["rows"]]
    return Table(
        title=table["title"],
        headers=[*(column["title"] for column in table["columns"]), "Record"],
        kinds=[
            *("number" if any(is_number(row[name]) for row in table["rows"]) else "text" for name in names),
            "record",
        ],
        rows=rows,
    )


def _digest(record: str, records: Mapping[str, str]) -> str:
    return records[record][:DIGEST_SHOWN] if record else ""


def _written(text: Mapping[str, Any] | None) -> Written | None:
    if text is None:
        return None
    signature = f"{text['printed_name']}, {text['role']}, {shown(text['signed_at'])}: {text['meaning']}"
    return Written(text["text"], signature, text["verifies"])
