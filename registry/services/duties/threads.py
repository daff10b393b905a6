"""What people say to each other about a request."""

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events
from registry.models import Comment, PromotionRequest
from registry.permissions import require
from registry.roles import Action


def comment(promotion: PromotionRequest, *, text: str, actor: Actor) -> Comment:
    """Write into the thread of a request that one may read, in whatever state it is; nothing is taken back.

    Records promotion.commented, with a commitment to the words only. Raises NotPermitted.
    """
    author = require(actor, Action.READ, promotion.slot.system)
    with transaction.atomic(durable=True):
        promotion = PromotionRequest.objects.select_for_update(no_key=True).get(pk=promotion.pk)
        said = Comment(promotion=promotion, author=author, text=text)
        said.save(force_insert=True)
        event = events.PromotionCommented(comment=str(said.pk))
        log.record(event, subject=promotion, actor=actor, sealed={"text": text}, also=[said])
    return said
