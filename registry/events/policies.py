"""Policies from a draft to the end."""

from audit.events import Event


class PolicyProposed(Event, name="policy.proposed"):
    """A policy text was put forward."""

    policy: str
    version: int
    digest: str


class PolicySimulated(Event, name="policy.simulated"):
    """A draft was tried on past requests: how many it would have stopped, and how many let through."""

    policy: str
    version: int
    digest: str
    requests: int
    would_block: int
    would_release: int


class PolicyApproved(Event, name="policy.approved"):
    """A second person signed the policy, for a time that begins now or later."""

    policy: str
    version: int
    digest: str
    effective_from: str
    effective_until: str
    signature: str


class PolicyTookEffect(Event, name="policy.took_effect"):
    """An approved policy governs from now on."""

    policy: str
    version: int
    digest: str


class PolicySuperseded(Event, name="policy.superseded"):
    """A newer version took effect."""

    by: str


class PolicyEnded(Event, name="policy.ended"):
    """The policy's window is over, and no newer version took its place."""

    policy: str
    version: int


class PolicyApprovalRefused(Event, name="policy.approval_refused"):
    """Somebody tried to approve a policy and may not."""

    rule: str
