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
from registry import events, records, signatures
from registry.errors import Conflict
from registry.gates import document
from registry.models import EvidenceItem, PromotionRequest, SlotAssignment
from registry.permissions import require
from registry.roles import Action
from registry.services import gating


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
    entries = list(_entries(dict.fromkeys(_subjects(promotion))))
    bundles.require_placed(entries, head)
    verifier = bundles.published_verifier(head)
    return pack.Pack(
        origin=bundles.origin(head),
        about=pack.About("promotion", str(promotion.pk), str(promotion)),
        entries=bundles.proven([*entries, *([verifier[0]] if verifier else [])], head),
        records=list(_records(promotion)),
        disclosures=list(bundles.disclosures(entries, columns=False)),
        keys=_keys(promotion, head),
        files={bundles.VERIFIER_FILE: verifier[1]} if verifier else {},
        completeness=bundles.completeness({(one.subject_type, one.subject_id) for one in entries}, head),
    )


def _keys(promotion: PromotionRequest, head: Checkpoint) -> dict[str, note.Verifier]:
    """For reference only; a key that signed nothing in the pack would be a finding."""
    known = bundles.head_keys(head)
    if promotion.decisions.exists():
        signing = keys.public(signatures.KEY)
        known["signing.vkey"] = note.Verifier(f"{settings.LOG_ORIGIN}/signing", note.ED25519, signing)
    return known


def _subjects(promotion: PromotionRequest) -> Iterable[tuple[str, str]]:
    """Everything the decision stands on, and what came of it."""
    version = promotion.model_version
    yield "promotion", str(promotion.pk)
    yield "model_version", str(version.pk)
    yield "training_run", str(version.run_id)
    yield "dataset_version", str(version.dataset_version_id)
    yield "policy", str(promotion.policy_id)
    for item in gating.evidence_about(version):
        yield "evidence_set", str(item.set_id)
    if hasattr(promotion, "rollout"):
        yield "rollout", str(promotion.rollout.pk)
    if SlotAssignment.objects.filter(champion_promotion=promotion).exists():
        yield "slot", str(promotion.slot_id)


def _entries(subjects: Iterable[tuple[str, str]]) -> Iterable[Event]:
    for subject_type, subject_id in subjects:
        yield from Event.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("ticket")


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
