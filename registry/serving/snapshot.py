"""What this process serves: an immutable picture of each slot, renewed when the slot's revision moves."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from django.utils import timezone

from registry import artifacts
from registry.errors import NothingServes
from registry.models import ModelVersion, PromotionRequest, Slot, SlotAssignment
from registry.services import approvals
from registry.serving import decoding

if TYPE_CHECKING:
    import onnxruntime

REFRESH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version ready to answer, with the end of the approval that lets it."""

    version: UUID
    name: str
    session: "onnxruntime.InferenceSession"
    schema: list[dict[str, Any]]
    threshold: float
    valid_until: datetime

    def score(self, rows: decoding.Matrix) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The probability of the positive class for each row."""
        if timezone.now() >= self.valid_until:
            raise NothingServes(f"The approval of {self.name} has expired.", remedy="Have it reviewed again.")
        (probabilities,) = self.session.run(["probabilities"], {"features": rows})
        return probabilities[:, 1]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One revision of a slot."""

    slot: Slot
    revision: int
    champion: Loaded | None
    canary: Loaded | None
    canary_percent: int

    @property
    def salt(self) -> str:
        """Fixed for a canary, so that its entities stay with it while its share grows."""
        return str(self.canary.version) if self.canary else ""


_snapshots: dict[str, tuple[float, Snapshot]] = {}


def of(key: str) -> Snapshot:
    """The slot as it is now, at most half a second old. Raises Slot.DoesNotExist."""
    now = time.monotonic()
    checked, snapshot = _snapshots.get(key, (0.0, None))
    if snapshot is not None and now - checked < REFRESH_SECONDS:
        return snapshot
    slot = Slot.objects.get(key=key)
    if snapshot is None or snapshot.revision != slot.revision or snapshot.slot.pk != slot.pk:
        snapshot = _take(slot, snapshot)
    _snapshots[key] = (now, snapshot)
    return snapshot


def _take(slot: Slot, old: Snapshot | None) -> Snapshot:
    current = slot.assignments.select_related("champion_promotion", "canary_promotion").first()
    if current is None:
        return Snapshot(slot, slot.revision, None, None, 0)
    ready = {row.version: row.session for row in ((old.champion, old.canary) if old else ()) if row}
    champion = _load(current.champion_promotion, ready) if _fits(current, "champion") else None
    canary = _load(current.canary_promotion, ready) if _fits(current, "canary") else None
    return Snapshot(slot, current.revision, champion, canary, current.canary_percent if canary else 0)


def _fits(current: SlotAssignment, arm: str) -> bool:
    """Whether the arm's promotion is for this very slot and version; anything else was not written by a service."""
    promotion: PromotionRequest | None = getattr(current, f"{arm}_promotion")
    version = getattr(current, f"{arm}_id")
    return promotion is not None and (promotion.slot_id, promotion.model_version_id) == (current.slot_id, version)


def _load(promotion: PromotionRequest | None, ready: "dict[UUID, onnxruntime.InferenceSession]") -> Loaded | None:
    """Only a version whose approval holds is loaded, and only bytes that have its digest."""
    if promotion is None or approvals.problem(promotion) is not None or promotion.valid_until is None:
        return None
    version = promotion.model_version
    loaded = Loaded(
        version=version.pk,
        name=str(version),
        session=ready.get(version.pk) or _session(version),
        schema=version.input_schema,
        threshold=version.threshold,
        valid_until=promotion.valid_until,
    )
    loaded.session.run(["probabilities"], {"features": np.zeros((1, len(loaded.schema)), dtype=np.float32)})
    return loaded


def _session(version: ModelVersion) -> "onnxruntime.InferenceSession":
    import onnxruntime  # its memory is for the processes that serve

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    data = artifacts.read(version.artifact_digest)
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
