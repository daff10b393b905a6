"""What a policy is judged on: evidence, context and waivers, handed in by the caller as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure with its interval and n, or one verdict in `fields`.

    `subjects` are the digests it was measured on: artifact, dataset, and against for a comparison. `started_at` is
    when the test began; without it, when the figure was produced. Fields with a meaning of their own: `share` (of
    the group in the population) and `paired` (true for a paired comparison).
    """

    id: str
    kind: str
    produced_at: datetime
    subjects: Mapping[str, str]
    metric: str = ""
    split: str = ""
    attribute: str = ""
    group: str = ""
    against: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    n: int | None = None
    method: str = ""
    started_at: datetime | None = None
    excluded: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _aware(self.produced_at, self.started_at)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A granted waiver of one gate: the roles of those who signed it, and what it brings (rationale, ...).

    verdict and value: what the gate had answered when it was signed; without a verdict, any answer is covered.
    """

    id: str
    gate_id: str
    roles: tuple[str, ...]
    granted_at: datetime
    expires_at: datetime
    brings: tuple[str, ...] = ()
    verdict: str = ""
    value: float | None = None

    def __post_init__(self) -> None:
        _aware(self.granted_at, self.expires_at)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one evaluation reads.

    `subjects` are the digests the request binds to now (artifact, dataset, against): evidence about others is stale.
    `groups` names, per attribute, the groups the data is known to hold: one without evidence is not passed over.
    """

    evidence: tuple[Evidence, ...]
    context: Mapping[str, Any]
    subjects: Mapping[str, str]
    now: datetime
    policy_effective_from: datetime
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    def __post_init__(self) -> None:
        _aware(self.now, self.policy_effective_from)


def _aware(*moments: datetime | None) -> None:
    for moment in moments:
        if moment is not None and moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone; times are aware and UTC.")
