"""The entry schema: what it takes and what it refuses."""

from typing import Any

import pytest

from audit.tlog import canonical, entry
from audit.tlog.errors import CanonicalError, EntryError
from tests.audit.tlog import examples

VALID = canonical.decode(examples.entry(1))


def test_entry_of_version_1_is_read() -> None:
    assert entry.parse(examples.entry(1)) == VALID
    assert "rows" in entry.parse(examples.entry(1, rows={"a/1": "0" * 64}, row="f" * 64, request=None))


WRONG = [
    ("v", 2),
    ("v", True),
    ("v", "1"),
    ("id", "018F0000-0000-7000-8000-000000000001"),
    ("id", "not a uuid"),
    ("id", 1),
    ("event", "approved"),
    ("event", "Promotion.approved"),
    ("event", "promotion.approved\n"),
    ("subject", {"type": "promotion"}),
    ("subject", {"type": "promotion", "id": 42}),
    ("subject", {"type": "", "id": "42"}),
    ("subject", {"type": "promotion", "id": "42", "name": "x"}),
    ("actor", ""),
    ("actor", None),
    ("at", "2026-01-01T00:00:00Z"),
    ("at", "2026-01-01T00:00:00.000000+00:00"),
    ("at", "2026-02-30T00:00:00.000000Z"),
    ("request", 1),
    ("row", "ABCDEF"),
    ("row", "A" * 64),
    ("rows", {"a/1": None}),
    ("rows", []),
    ("sealed", {"reason": "0" * 63}),
    ("sealed", None),
    ("data", []),
    ("unknown", 1),
    ("at", "2026-01-01T24:00:00.000000Z"),
]


@pytest.mark.parametrize(("member", "value"), WRONG)
def test_entry_with_a_wrong_member_is_refused(member: str, value: Any) -> None:
    with pytest.raises(EntryError, match=member):
        entry.parse(examples.entry(1, **{member: value}))


@pytest.mark.parametrize("member", sorted(VALID) if isinstance(VALID, dict) else [])
def test_entry_without_a_member_is_refused(member: str) -> None:
    assert isinstance(VALID, dict)
    with pytest.raises(EntryError, match=member):
        entry.parse(canonical.encode({name: value for name, value in VALID.items() if name != member}))


def test_entry_that_is_too_large_no_object_or_not_canonical_is_refused() -> None:
    with pytest.raises(EntryError, match="a log takes at most 65535"):
        entry.parse(examples.entry(1, data={"text": "x" * 66_000}))
    with pytest.raises(EntryError, match="not a JSON object"):
        entry.parse(b"[]")
    with pytest.raises(CanonicalError):
        entry.parse(examples.entry(1) + b" ")
