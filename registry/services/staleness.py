"""What a decision is about must not move under it: a change makes the open request stale, by itself."""

from audit import log
from audit.actors import Actor
from registry import events
from registry.models import ModelVersion, PromotionRequest


def mark(version: ModelVersion, *, cause: str, actor: Actor) -> list[PromotionRequest]:
    """Make the version's undecided requests stale, inside the caller's transaction. Records promotion.went_stale."""
    State = PromotionRequest.State  # noqa: N806
    requests = list(
        PromotionRequest.objects.select_for_update().filter(model_version=version, state__in=PromotionRequest.OPEN)
    )
    for request in requests:
        request.state, request.revision = State.STALE, request.revision + 1
        request.save()
        log.record(events.PromotionWentStale(cause=cause), subject=request, actor=actor)
    return requests
