"""The evidence pack of a decision: records, log entries, proofs and signatures, checkable without us."""

import io
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

from audit import log
from audit.actors import Actor
from audit.disclosure import bundles
from audit.models import Checkpoint, Event
from audit.signing import keys
from audit.tlog import note, pack
from audit.tree import proofs
from registry import events, signatures
from registry.errors import Conflict
from registry.models import PromotionRequest
from registry.permissions import require
from registry.roles import Action
from registry.services.approvals import exhibits


def export(promotion: PromotionRequest, *, actor: Actor) -> bytes:
    """The pack of one request as a zip, proven under the newest signed head; that it left is itself an event.

    It holds every event about the request and about all that the decision stands on, and proves that none is left out.
    Records promotion.pack_exported. Raises NotPermitted, and Conflict while the newest events await their place.
    """
    require(actor, Action.EXPORT, promotion.slot.system)
    target = io.BytesIO()
    try:
        head = bundles.newest_head()
        pack.write(target, _pack(promotion, head))
    except proofs.NotSequenced as error:
        raise Conflict(str(error), remedy="Ask again in a second.") from error
    data = target.getvalue()
    with transaction.atomic(durable=True):
        promotion = PromotionRequest.objects.select_for_update().get(pk=promotion.pk)
        log.record(events.PackExported(size=head.size), subject=promotion, actor=actor)
    return data


def _pack(promotion: PromotionRequest, head: Checkpoint) -> pack.Pack:
    entries = list(_entries(dict.fromkeys(exhibits.subjects(promotion))))
    bundles.require_placed(entries, head)
    verifier, held = bundles.published_verifier(head), list(dict.fromkeys(exhibits.held(promotion)))
    return pack.Pack(
        origin=bundles.origin(head),
        about=pack.About("promotion", str(promotion.pk), str(promotion)),
        entries=bundles.proven([*entries, *([verifier[0]] if verifier else [])], head),
        records=held,
        disclosures=list(bundles.disclosures(_open(entries), columns=False)),
        keys=_keys(held, head),
        files={bundles.VERIFIER_FILE: verifier[1]} if verifier else {},
        completeness=bundles.completeness({(one.subject_type, one.subject_id) for one in entries}, head),
    )


def _open(entries: Iterable[Event]) -> list[Event]:
    """Those whose words are given away: why somebody's signing factor was reset is nothing to readers of decisions."""
    return [one for one in entries if one.subject_type != exhibits.FACTOR]


def _keys(held: Iterable[pack.Record], head: Checkpoint) -> dict[str, note.Verifier]:
    """For reference only; a key that signed nothing in the pack would be a finding."""
    known = bundles.head_keys(head)
    if any(record.kind == "signature" for record in held):
        signing = keys.public(signatures.KEY)
        known["signing.vkey"] = note.Verifier(f"{settings.LOG_ORIGIN}/signing", note.ED25519, signing)
    return known


def _entries(subjects: Iterable[tuple[str, str]]) -> Iterable[Event]:
    for subject_type, subject_id in subjects:
        yield from Event.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("ticket")
