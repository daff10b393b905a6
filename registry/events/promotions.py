"""Promotion requests, decisions and signatures."""

from audit.events import Event


class PromotionDrafted(Event, name="promotion.drafted"):
    """A request was written that nobody is asked to decide yet."""

    model_version: str
    slot: str
    policy: str
    change_class: str


class PromotionSubmitted(Event, name="promotion.submitted"):
    """A version was put forward for a slot; gates answered at once."""

    model_version: str
    slot: str
    change_class: str
    round: int
    record: str
    artifact: str
    dataset: str
    policy: str
    evidence: str
    state: str
    gates: dict[str, str]


class PromotionResubmitted(Event, name="promotion.resubmitted"):
    """What reviewers asked for was answered: a new round begins, and what was signed in the ones before is void."""

    change_class: str
    round: int
    record: str
    policy: str
    evidence: str
    state: str
    gates: dict[str, str]


class PromotionGatesRun(Event, name="promotion.gates_run"):
    """The gates of a blocked request answered again, on the evidence and waivers of now: a new round."""

    change_class: str
    round: int
    record: str
    policy: str
    evidence: str
    state: str
    gates: dict[str, str]


class PromotionSigned(Event, name="promotion.signed"):
    """A person signed: the signature's record stands here by digest. on_behalf_of: for whom they stood in."""

    verdict: str
    role: str
    meaning: str
    round: int
    on_behalf_of: str | None
    conditions: int
    record: str
    signature: str
    state: str


class PromotionDecisionRefused(Event, name="promotion.decision_refused"):
    """Somebody tried to decide and may not; the rule says why."""

    rule: str


class PromotionWithdrawn(Event, name="promotion.withdrawn"):
    """The author took the request back."""


class PromotionLapsed(Event, name="promotion.lapsed"):
    """Nobody decided in the time that the policy gives; the request ended."""

    lapses_at: str


class PromotionEscalated(Event, name="promotion.escalated"):
    """A step's time is over: its deputies are told (level 1), and at half as much again the risk officers (level 2)."""

    level: int
    role: str


class PromotionClaimed(Event, name="promotion.claimed"):
    """A reviewer said that they look at the open step, so that others need not; anybody may still sign."""

    role: str


class PromotionUnclaimed(Event, name="promotion.unclaimed"):
    """The open step is free for others to look at again."""

    role: str


class PromotionRecused(Event, name="promotion.recused"):
    """A person stepped back from the request and cannot decide on it any more."""


class PromotionCommented(Event, name="promotion.commented"):
    """Somebody wrote into the request's thread."""

    comment: str


class PromotionWentStale(Event, name="promotion.went_stale"):
    """What the request was about has changed; signatures on it no longer count."""

    cause: str


class PromotionCompleted(Event, name="promotion.completed"):
    """The version took its slot."""

    slot: str
    slot_revision: int


class PromotionRolledBack(Event, name="promotion.rolled_back"):
    """The version was taken out of its slot; it needs a new request to come back."""

    slot: str


class DelegationMade(Event, name="delegation.made"):
    """A person let another stand in for them in one role, until a time."""

    delegator: str
    delegate: str
    role: str
    system: str | None
    starts_at: str
    ends_at: str


class DelegationRevoked(Event, name="delegation.revoked"):
    """A delegation ended before its time."""
