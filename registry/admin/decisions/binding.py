"""What a signature on a request binds."""

from collections.abc import Iterable
from typing import Any

from django.utils.safestring import SafeString

from audit.pages import show
from registry.models import EvidenceItem, PromotionRequest


def records(row: PromotionRequest, bound: list[EvidenceItem]) -> Iterable[tuple[str, Any]]:
    """Each thing the signatures are about, with its digest and the way to its record."""
    version = row.model_version
    yield "Record signed", row.record_digest
    yield "Artifact", show.row(version) + SafeString(" ") + show.digest(row.artifact_digest)
    yield "Run", version.run
    yield "Data", show.row(version.dataset_version) + SafeString(" ") + show.digest(row.dataset_digest)
    yield "Policy", show.row(row.policy) + SafeString(" ") + show.digest(row.policy_digest)
    sets = {item.set_id: item.set for item in bound}
    links = SafeString(", ").join(show.row(one, show.digest(one.root)) for one in sets.values())
    yield f"Evidence, {len(bound)} figures", show.digest(row.evidence_root) + SafeString(" over ") + SafeString(links)
    yield "Asked", row.created_at
    yield "Decided", row.decided_at
    yield "Approval ends", row.valid_until
    yield "Revision", row.revision
