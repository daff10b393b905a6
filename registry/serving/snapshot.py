"""What this process serves: an immutable picture of each slot, renewed when the slot's revision moves."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from django.utils import timezone

from registry import artifacts
from registry.errors import NothingServes
from registry.models import ModelVersion, Slot, SlotAssignment
from registry.services.slots import assigning, warrants
from registry.serving import decoding, values

if TYPE_CHECKING:
    import onnxruntime

REFRESH_SECONDS = 0.5
Scores = np.ndarray[Any, np.dtype[np.float64]]
Decisions = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version ready to answer, with the end of what lets it: an approval, or a break-glass."""

    version: UUID
    name: str
    session: "onnxruntime.InferenceSession"
    schema: list[dict[str, Any]]
    plain: bool
    task: str
    threshold: float
    valid_until: datetime

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Scores, Decisions | None]:
        """A score and a decision for each row.

        Of two classes: the probability of the positive one, and whether it reaches the threshold. Of more: the
        probability of the class that is predicted, and that class. Of a number: the number, and no decision.
        """
        if timezone.now() >= self.valid_until:
            raise NothingServes(f"The approval of {self.name} has expired.", remedy="Have it reviewed again.")
        feeds = decoding.inputs(rows, self.schema, plain=self.plain)
        if self.task == ModelVersion.Task.REGRESSION:
            (value,) = self._run(["value"], feeds)
            return value.reshape(-1).astype(np.float64), None
        if self.task == ModelVersion.Task.MULTICLASS:
            label, probabilities = self._run(["label", "probabilities"], feeds)
            return probabilities[np.arange(len(label)), label].astype(np.float64), label
        (probabilities,) = self._run(["probabilities"], feeds)
        scores = probabilities[:, 1].astype(np.float64)
        return scores, scores >= self.threshold

    def _run(self, names: list[str], feeds: dict[str, decoding.Array]) -> list[decoding.Array]:
        if "texts" not in feeds or len(feeds["texts"]) <= values.TEXTS_AT_ONCE:
            return list(self.session.run(names, feeds))
        starts = range(0, len(feeds["texts"]), values.TEXTS_AT_ONCE)
        parts = [
            self.session.run(
                names, {name: array[start : start + values.TEXTS_AT_ONCE] for name, array in feeds.items()}
            )
            for start in starts
        ]
        return [np.concatenate(answered) for answered in zip(*parts, strict=True)]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One revision of a slot."""

    slot: Slot
    revision: int
    champion: Loaded | None
    canary: Loaded | None
    canary_percent: int

    def ran_out(self) -> bool:
        """Whether something in it may no longer answer; a review may have been answered since, so it is asked anew."""
        now = timezone.now()
        return any(arm is not None and arm.valid_until <= now for arm in (self.champion, self.canary))

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
    if snapshot is None or snapshot.revision != slot.revision or snapshot.slot.pk != slot.pk or snapshot.ran_out():
        snapshot = _take(slot, snapshot)
    _snapshots[key] = (now, snapshot)
    return snapshot


def _take(slot: Slot, old: Snapshot | None) -> Snapshot:
    current = assigning.current(slot)
    if current is None:
        return Snapshot(slot, slot.revision, None, None, 0)
    ready = {row.version: row.session for row in ((old.champion, old.canary) if old else ()) if row}
    unfit = warrants.problems(current)
    champion = None if "champion" in unfit else _load(current, "champion", ready)
    canary = None if "canary" in unfit else _load(current, "canary", ready)
    return Snapshot(slot, current.revision, champion, canary, current.canary_percent if canary else 0)


def _load(current: SlotAssignment, arm: str, ready: "dict[UUID, onnxruntime.InferenceSession]") -> Loaded | None:
    """Only a version whose approval, or break-glass, holds is loaded, and only bytes that have its digest."""
    version: ModelVersion | None = getattr(current, arm)
    warrant = warrants.of(current, arm)
    until = warrants.until(warrant) if warrant else None
    if version is None or until is None:
        return None
    loaded = Loaded(
        version=version.pk,
        name=str(version),
        session=ready.get(version.pk) or _session(version),
        schema=version.input_schema,
        plain=decoding.is_plain(version.input_schema),
        task=version.task,
        threshold=version.threshold,
        valid_until=until,
    )
    loaded.session.run(None, decoding.blank(1, loaded.schema))
    return loaded


def _session(version: ModelVersion) -> "onnxruntime.InferenceSession":
    import onnxruntime  # its memory is for the processes that serve

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    data = artifacts.read(version.artifact_digest)
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
