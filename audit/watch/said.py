"""What entries say about governed rows: for each row, and for all parts of a subject at once, the newest digest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

#: A digest in hex, and the entry that holds it: its index, or None while it waits for its place.
Digest: TypeAlias = tuple[str, int | None]


@dataclass(slots=True)
class Said:
    """The newest digest of each row by ``table/primary key``, and of all parts by subject type, id and table.

    tables: the table of the rows that are a type's own subjects.
    """

    tables: Mapping[str, str]
    rows: dict[str, Digest] = field(default_factory=dict)
    parts: dict[tuple[str, str, str], Digest] = field(default_factory=dict)

    def take(self, told: Mapping[str, Any], entry: int | None) -> None:
        """Read the next entry."""
        if told["row"] is not None:
            subject = told["subject"]
            self.rows[f"{self.tables.get(subject['type'], '?')}/{subject['id']}"] = (told["row"], entry)
        if told.get("rows"):
            self._take_others(told, entry)

    def _take_others(self, told: Mapping[str, Any], entry: int | None) -> None:
        subject = told["subject"]
        for label, digest in told["rows"].items():
            if label.endswith("/*"):
                self.parts[subject["type"], subject["id"], label[:-2]] = (digest, entry)
            else:
                self.rows[label] = (digest, entry)

    def update(self, later: "Said") -> None:
        """Take over what later entries say."""
        self.rows.update(later.rows)
        self.parts.update(later.parts)
