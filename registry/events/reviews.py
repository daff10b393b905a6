"""What keeps an approval honest afterwards: its end, its reviews, break-glass, and incidents."""

from audit.events import Event


class ApprovalSuspended(Event, name="approval.suspended"):
    """An approval does not count until somebody lifts the suspension."""

    cause: str


class ApprovalResumed(Event, name="approval.resumed"):
    """A second person lifted the suspension; the approval counts again."""

    approval: str


class ApprovalRevoked(Event, name="approval.revoked"):
    """An approval was taken back for good."""

    cause: str


class ApprovalExpired(Event, name="approval.expired"):
    """An approval came to its end, or another took its place."""

    cause: str


class ApprovalChangeRefused(Event, name="approval.change_refused"):
    """Somebody tried to suspend, revoke or resume an approval and may not."""

    rule: str


class PromotionGroundsMoved(Event, name="promotion.grounds_moved"):
    """What a standing approval was given for has changed; where it serves, it is reviewed within a grace."""

    cause: str
    serves: bool


class PromotionSuperseded(Event, name="promotion.superseded"):
    """The same version was approved anew for the same slot."""

    by: str


class ReviewOpened(Event, name="review.opened"):
    """A look must be taken again, by a date, or it has an effect."""

    cause: str
    promotion: str | None
    emergency: str | None
    due_at: str
    lapses_at: str


class ReviewDue(Event, name="review.due"):
    """The time of a review has come."""


class ReviewOverdue(Event, name="review.overdue"):
    """A review's date is past."""


class ReviewExtended(Event, name="review.extended"):
    """A review got some more time, once."""

    lapses_at: str


class ReviewCompleted(Event, name="review.completed"):
    """A review was answered: the approval goes on, or ends."""

    outcome: str
    signature: str | None


class ReviewLapsed(Event, name="review.lapsed"):
    """Nobody reviewed in time."""


class ReviewRefused(Event, name="review.refused"):
    """Somebody tried to answer or extend a review and may not."""

    rule: str


class EmergencyOpened(Event, name="emergency.opened"):
    """Somebody broke the glass: a version serves without an approval, for a few hours."""

    slot: str
    model_version: str
    artifact: str
    ends_at: str
    record: str
    signature: str


class EmergencyEnded(Event, name="emergency.ended"):
    """A break-glass is over."""

    cause: str


class EmergencyRefused(Event, name="emergency.refused"):
    """Somebody tried to break the glass, or to end a break-glass, and may not."""

    rule: str


class InvariantBreached(Event, name="slot.invariant_breached"):
    """Something served without what it takes; the arm and the finding are named."""

    revision: int
    arm: str
    finding: str


class IncidentReported(Event, name="incident.reported"):
    """Something happened that should not have; a clock runs."""

    system: str
    slot: str | None
    severity: str
    source: str
    authority_deadline: str | None


class IncidentMoved(Event, name="incident.moved"):
    """An incident was contained, analysed, corrected or closed."""

    state: str
