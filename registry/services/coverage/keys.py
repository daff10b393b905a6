"""Many signatures at once: whether each is over what its row says, with keys read in one query."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from registry import signatures
from registry.models import SigningFactor
from registry.models.signatures import Signed

#: Whose keys, and from when to when they signed.
Known = dict[tuple[UUID, str], list[tuple[datetime, datetime | None]]]


def of(rows: Iterable[Signed]) -> Known:
    """The keys that these people ever signed with."""
    people = {row.signer_id for row in rows}
    known: Known = defaultdict(list)
    factors = SigningFactor.objects.filter(account__in=people).exclude(confirmed_at=None)
    for account, key, begin, end in factors.values_list("account", "public_key", "confirmed_at", "retired_at"):
        if begin is not None:
            known[account, key].append((begin, end))
    return known


def verifies(row: Signed, record_digest: str, known: Known) -> bool:
    """Whether both keys signed the statement, it is about this record by this person, and the key was theirs then."""
    made = signatures.Signature(row.public_key, row.signature, row.personal_key, row.personal_signature)
    own = known.get((row.signer_id, row.personal_key), [])
    return (
        row.signed_digest == record_digest == row.statement.get("record_digest")
        and row.statement.get("signer") == f"person:{row.signer_id}"
        and row.statement.get("printed_name") == row.printed_name
        and any(begin <= row.signed_at and (end is None or end > row.signed_at) for begin, end in own)
        and signatures.verify(row.statement, made)
    )
