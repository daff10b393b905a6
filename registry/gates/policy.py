"""A promotion policy as frozen data; `grammar.parse` makes it, nothing changes it."""

from dataclasses import dataclass
from typing import Literal

from registry.gates.conditions import Condition, Scalar

Strictness = Literal["block", "review", "warn"]
Family = Literal["bonferroni", "simultaneous", "none"]
STRICTNESS: dict[str, int] = {"none": 0, "warn": 1, "review": 2, "block": 3}


@dataclass(frozen=True, slots=True)
class EvidenceSelector:
    """Which evidence a gate reads; what is left out (split, metric) may be anything, and the group is the whole."""

    kind: str
    split: str | None = None
    metric: str | None = None
    attribute: str | None = None
    group: str | None = None
    against: str | None = None
    paired: bool = False
    exclude_below_share: float | None = None


@dataclass(frozen=True, slots=True)
class BoundRequirement:
    """A number against a threshold: the value alone (point) or its whole interval (lower, upper, interval)."""

    bound: Literal["point", "lower", "upper", "interval"]
    op: Literal[">=", ">", "<=", "<"]
    value: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """A named field of the evidence must be one of these values."""

    field: str
    allowed: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Waivable:
    """Who may waive a gate, for how long, and what a waiver must bring."""

    by: tuple[str, ...]
    max_days: int | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """One requirement; the policy's evidence_defaults are already filled in."""

    id: str
    evidence: EvidenceSelector
    require: BoundRequirement | FieldRequirement
    on_fail: Strictness
    on_inconclusive: Strictness
    on_not_evaluable: Strictness
    clause: tuple[str, ...] = ()
    rationale: str = ""
    for_each: Literal["group"] | None = None
    family: Family = "bonferroni"
    skip_when: Condition | None = None
    waivable: Waivable | None = None
    min_n: int | None = None
    max_age_days: int | None = None
    same_dataset_digest: bool = True
    preregistered: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the approval chain; `due_in` counts from the moment the step opens."""

    role: str
    quorum: int
    meaning: str
    due_in: str | None = None


@dataclass(frozen=True, slots=True)
class Separation:
    """Subjects that must be different people, or people of different teams."""

    not_same_person: tuple[str, ...] = ()
    not_same_team: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """Who signs, in which order, who may not, how long it holds, and what happens when it ends.

    lapses_after: an open request without an answer lapses. review_every: the periodic review of a standing approval.
    re_review_within: the grace in which an approval whose grounds moved is reviewed again. on_end: what its slot does
    when it ends: the last holder with a valid approval serves again (fall_back), or nothing does (stop).
    """

    chain: tuple[Step, ...]
    valid_for: str
    separation_of_duties: tuple[Separation, ...] = ()
    reauthenticate: Literal["each_signature", "session"] = "each_signature"
    stale_when: tuple[str, ...] = ("artifact_digest", "dataset_digest", "policy_digest", "evidence_root")
    lapses_after: str | None = None
    review_every: str | None = None
    re_review_within: str = "P14D"
    on_end: Literal["fall_back", "stop"] = "fall_back"


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """The classes of change that were determined beforehand (EU AI Act, Annex IV 2(f)); any other blocks."""

    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """The test that may stop a canary at any time without inflating false alarms."""

    kind: Literal["anytime_valid"]
    alpha: float
    metrics: tuple[str, ...]
    min_n_per_arm: int
    max_duration: str


@dataclass(frozen=True, slots=True)
class Canary:
    """The percentages of traffic a new version gets, one after the other."""

    steps: tuple[int, ...]
    assignment: Literal["sticky_hash"] = "sticky_hash"
    sequential_test: SequentialTest | None = None


@dataclass(frozen=True, slots=True)
class Rollback:
    """What rolls a version back by itself, and to what."""

    automatic_on: tuple[str, ...]
    target: Literal["last_slot_holder_with_valid_approval"] = "last_slot_holder_with_valid_approval"


@dataclass(frozen=True, slots=True)
class Rollout:
    """How an approved version reaches traffic."""

    canary: Canary | None = None
    rollback: Rollback | None = None


@dataclass(frozen=True, slots=True)
class Monitor:
    """A check that keeps running after deployment: a drift test or a metric."""

    id: str
    cadence: str
    test: str | None = None
    metric: str | None = None
    attribute: str | None = None
    fdr: float | None = None
    min_n: int | None = None
    wait_for_labels: str | None = None


@dataclass(frozen=True, slots=True)
class Retrain:
    """What starts a retraining; it makes a candidate and never deploys one."""

    when: tuple[str, ...]
    creates: Literal["candidate_only"] = "candidate_only"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long records stay."""

    prediction_log: str
    minimum: str | None = None
    technical_file: str | None = None
    legal_hold: Literal["honoured"] = "honoured"


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole policy, with the digest of the document it was read from.

    precedence: of several that apply to a request, the highest governs it.
    """

    name: str
    version: int
    digest: str
    gates: tuple[Gate, ...]
    approval: Approval
    retention: Retention
    description: str = ""
    precedence: int = 0
    applies_when: Condition | None = None
    change_plan: ChangePlan | None = None
    rollout: Rollout | None = None
    monitoring: tuple[Monitor, ...] = ()
    retrain: Retrain | None = None
