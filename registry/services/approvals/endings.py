"""What log and signatures say of an approval's end, so that nobody gives one back by writing into its columns."""

from datetime import datetime

from audit.models import Event
from registry.models import PromotionRequest, Signature
from registry.services import signing
from registry.services.signing import Stated

#: The request or its approval is over for good with each of these; a new request is the only way on.
FINAL = {
    "approval.revoked": "revoked",
    "approval.expired": "expired",
    "promotion.superseded": "superseded",
    "promotion.rolled_back": "rolled back",
    "promotion.went_stale": "stale",
    "promotion.withdrawn": "withdrawn",
    "promotion.lapsed": "lapsed",
}
SUSPENDED, RESUMED, MOVED = "approval.suspended", "approval.resumed", "promotion.grounds_moved"
#: The names and times of events, in the log's order.
Told = list[tuple[str, datetime]]
#: What a signature on an approval means, and the verdict that it states.
VERDICTS = {"suspension": "suspend", "revocation": "revoke", "resumption": "resume"}


def problem(promotion: PromotionRequest, told: Told) -> str | None:
    """Why the approval does not count by its history, in one sentence; None where nothing ended it.

    For an approval whose columns say that it stands: then what the log tells has been rewritten behind it.
    """
    names, signatures = [name for name, _ in told], _signatures(promotion)
    final = next((name for name in names if name in FINAL), None)
    if final is not None:
        return f"The log says that it is {FINAL[final]}, and its own record does not."
    if not all(_genuine(promotion, row) for row in signatures):
        return "A signature on its suspension, revocation or resumption does not verify."
    meanings = [row.meaning for row in signatures]
    turns = [name for name in names if name in (SUSPENDED, RESUMED)]
    if turns[-1:] == [SUSPENDED] or "revocation" in meanings or meanings[-1:] == ["suspension"]:
        return "The log or a signature says that it was stopped, and its own record does not."
    if turns.count(RESUMED) != meanings.count("resumption"):
        return "It was resumed without a signature, or the log does not tell of it."
    if MOVED in names and promotion.stale_since is None:
        return "The log says that its grounds moved, and its own record does not."
    return None


def stale_since(promotion: PromotionRequest, told: Told) -> datetime | None:
    """Since when its grounds have moved: the earlier of what its column and the log say."""
    moments = [at for name, at in told if name == MOVED]
    return min([*moments, *([promotion.stale_since] if promotion.stale_since else [])], default=None)


def told(promotion: PromotionRequest) -> Told:
    """The events that end, stop or resume the approval, and those by which its grounds moved; one query."""
    names = (*FINAL, SUSPENDED, RESUMED, MOVED)
    rows = Event.objects.filter(subject_type="promotion", subject_id=str(promotion.pk), event__in=names)
    return list(rows.order_by("ticket").values_list("event", "at"))


def _signatures(promotion: PromotionRequest) -> list[Signature]:
    rows = Signature.objects.filter(subject_type="promotion", subject_id=promotion.pk)
    return list(rows.order_by("signed_at", "id"))


def _genuine(promotion: PromotionRequest, row: Signature) -> bool:
    """Whether it was signed about this approval; at which revision of it is not kept, so its digest is the row's."""
    said = Stated(
        kind="suspension",
        subject="promotion",
        identity=promotion.pk,
        record_digest=row.signed_digest,
        verdict=VERDICTS.get(row.meaning, ""),
        role=row.role,
        meaning=row.meaning,
        reason=row.reason,
    )
    return signing.genuine(row, stated=said)
