"""The evidence pack of a decision: records, log entries, proofs and signatures, checkable without us."""

import io
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction

from audit import keys, log, proofs
from audit.actors import Actor
from audit.models import Checkpoint, Event, Leaf, Sealed
from audit.tlog import note, pack
from registry import events, records, signatures
from registry.errors import Conflict
from registry.gates import document
from registry.models import EvidenceItem, PromotionRequest, SlotAssignment
from registry.permissions import require
from registry.roles import Action
from registry.services import gating


def export(promotion: PromotionRequest, *, actor: Actor) -> bytes:
    """The pack of one request as a zip, proven under the newest signed head; that it left is itself an event.

    Records promotion.pack_exported. Raises NotPermitted, and Conflict while the newest events await their place.
    """
    require(actor, Action.EXPORT, promotion.slot.system)
    head = proofs.latest()
    entries = list(_entries(promotion))
    if head is None or not entries or _unsequenced(entries, head):
        raise Conflict("The newest events are not under a signed head yet.", remedy="Ask again in a second.")
    target = io.BytesIO()
    pack.write(target, _pack(promotion, entries, head))
    data = target.getvalue()
    with transaction.atomic(durable=True):
        promotion = PromotionRequest.objects.select_for_update().get(pk=promotion.pk)
        log.record(events.PackExported(size=head.size), subject=promotion, actor=actor)
    return data


def _pack(promotion: PromotionRequest, entries: list[Event], head: Checkpoint) -> pack.Pack:
    return pack.Pack(
        origin=settings.LOG_ORIGIN,
        about=pack.About("promotion", str(promotion.pk), str(promotion)),
        entries=[_proven(entry, head) for entry in entries],
        records=list(_records(promotion)),
        disclosures=list(_disclosures(entries)),
        keys=_keys(promotion),
    )


def _keys(promotion: PromotionRequest) -> dict[str, note.Verifier]:
    """For reference only; a key that signed nothing in the pack would be a finding."""
    known = {"log.vkey": note.Verifier(settings.LOG_ORIGIN, note.ED25519, keys.public(keys.LOG))}
    if promotion.decisions.exists():
        signing = keys.public(signatures.KEY)
        known["signing.vkey"] = note.Verifier(f"{settings.LOG_ORIGIN}/signing", note.ED25519, signing)
    return known


def _subjects(promotion: PromotionRequest) -> Iterable[tuple[str, Any]]:
    """Everything the decision stands on, and what came of it."""
    version = promotion.model_version
    yield "promotion", promotion.pk
    yield "model_version", version.pk
    yield "training_run", version.run_id
    yield "dataset_version", version.dataset_version_id
    yield "policy", promotion.policy_id
    for item in gating.evidence_about(version):
        yield "evidence_set", item.set_id
    if hasattr(promotion, "rollout"):
        yield "rollout", promotion.rollout.pk
    if SlotAssignment.objects.filter(champion_promotion=promotion).exists():
        yield "slot", promotion.slot_id


def _entries(promotion: PromotionRequest) -> Iterable[Event]:
    for subject_type, subject_id in dict.fromkeys(_subjects(promotion)):
        yield from Event.objects.filter(subject_type=subject_type, subject_id=str(subject_id)).order_by("ticket")


def _unsequenced(entries: list[Event], head: Checkpoint) -> bool:
    tickets = [entry.ticket for entry in entries]
    return Leaf.objects.filter(ticket__in=tickets, index__lt=head.size).count() < len(tickets)


def _proven(entry: Event, head: Checkpoint) -> pack.ProvenEntry:
    proof = proofs.inclusion(entry.id, head=head)
    return pack.ProvenEntry(index=proof.index, raw=bytes(entry.leaf), proof=proof.format())


def _records(promotion: PromotionRequest) -> Iterable[pack.Record]:
    yield pack.Record.of("promotion", records.promotion(promotion, list(promotion.gates.all())))
    yield pack.Record.of("model_version", records.model_version(promotion.model_version))
    yield pack.Record.of("PromotionPolicy", document.canonical_form(promotion.policy.document))
    for decision in promotion.decisions.all():
        yield pack.Record.of("signature", records.signature(decision))
    bound = set(promotion.evidence_digests)
    seen: set[str] = set()
    for item in EvidenceItem.objects.filter(digest__in=bound).select_related("set"):
        if item.digest not in seen:
            seen.add(item.digest)
            yield pack.Record.of(item.kind, records.evidence_item(item, item.set))


def _disclosures(entries: list[Event]) -> Iterable[pack.Disclosure]:
    """What people wrote, where it has not been erased."""
    rows = Sealed.objects.filter(ticket__in=[entry.ticket for entry in entries])
    for row in rows.exclude(salt=None):
        yield pack.Disclosure(field=row.field, salt=bytes(row.salt or b""), value=row.value)
