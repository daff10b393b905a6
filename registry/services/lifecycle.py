"""Retired, not deleted: a version out of use keeps its record, and its bytes go only when nothing needs them."""

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.erasure import holds
from audit.models import Hold
from registry import artifacts, events
from registry.errors import Conflict, RegistryError
from registry.gates import durations, grammar
from registry.models import Artifact, ModelVersion, PeriodicReview, Slot, SlotAssignment
from registry.permissions import require
from registry.roles import Action
from registry.services import artifacts as files
from registry.services import axes
from registry.services.approvals import staleness

Lifecycle = ModelVersion.Lifecycle
_IN_USE = frozenset({"serving", "canary"})
#: At least so long what answered people can be looked at again, whatever policies say.
AFTER_SERVING = durations.Duration(months=6)


def retire(version: ModelVersion, *, actor: Actor, reason: str) -> ModelVersion:
    """Take a version out of use for good; its open requests and unused approvals become stale.

    Records model_version.retired, or model_version.retire_refused. Raises Conflict while it serves or is a canary.
    """

    def work(locked: ModelVersion) -> None:
        _check_unused(locked)
        locked.lifecycle = Lifecycle.RETIRED
        locked.save(update_fields=["lifecycle"])
        staleness.mark(locked, cause="the version was retired", actor=actor)
        log.record(events.VersionRetired(), subject=locked, actor=actor, reason=reason)

    return _guarded(version, actor, reason, work)


def purge(version: ModelVersion, *, actor: Actor, reason: str) -> ModelVersion:
    """Give up a retired version's artifact; the bytes go once nothing living refers to them. The record stays.

    Records model_version.purged and, where it was the last referrer, artifact.purged; or model_version.retire_refused.
    Raises Conflict while the version is in use, its break-glass waits for its review, a legal hold stands over it, a
    policy's retention runs, or within six months after it served.
    """

    def work(locked: ModelVersion) -> None:
        if locked.lifecycle != Lifecycle.RETIRED:
            raise Conflict(f"{locked} is {locked.lifecycle}, not retired.", remedy="Only a retired version is purged.")
        _check_free(locked)
        artifact = Artifact.objects.select_for_update(no_key=True).get(pk=locked.artifact_id)
        locked.lifecycle = Lifecycle.PURGED
        locked.save(update_fields=["lifecycle"])
        freed = not any(referrer.living for referrer in files.referrers(artifact))
        if freed:
            _mark_purged(artifact, actor, reason)
        event = events.VersionPurged(artifact=locked.artifact_digest, freed=freed)
        log.record(event, subject=locked, actor=actor, reason=reason)

    purged = _guarded(version, actor, reason, work)
    # After the commit, and not before: a crash here leaves a file whose row says purged, which the sweep removes.
    _remove(purged.artifact_id)
    return purged


def sweep(*, actor: Actor) -> int:
    """Remove the files that a crash left behind after their rows were committed as purged; returns how many."""
    rows = Artifact.objects.exclude(purged_at=None).only("digest").iterator()
    left = [row.pk for row in rows if artifacts.exists(row.digest)]
    return sum(_remove(pk) for pk in left)


def kept_until(version: ModelVersion) -> datetime | None:
    """Until when the version is kept because it served, and because policies that judged it ask for it; None: no more.

    Counted from the day the version last served, or was made.
    """
    last, ends = _last_used(version), []
    if _named(version).exists():
        ends.append(durations.after(last, AFTER_SERVING))
    for promotion in version.promotions.select_related("policy"):
        retention = grammar.parse(promotion.policy.document).retention
        terms = [term for term in (retention.prediction_log, retention.technical_file) if term]
        ends += [durations.after(last, durations.parse(term)) for term in terms]
    return max(ends, default=None)


def _guarded(version: ModelVersion, actor: Actor, reason: str, work: Callable[[ModelVersion], None]) -> ModelVersion:
    """Under the locks of every slot of the system, in the order deployments take them; refusals are on record."""
    refusal: RegistryError | None = None
    with transaction.atomic(durable=True):
        holds.wait()
        list(Slot.objects.select_for_update(no_key=True).filter(system=version.model.system_id).order_by("pk"))
        rows = ModelVersion.objects.select_for_update(of=("self",), no_key=True).select_related("model__system")
        version = rows.get(pk=version.pk)
        try:
            require(actor, Action.RETIRE, version.model.system)
            with transaction.atomic():
                work(version)
        except RegistryError as error:
            refusal = error
            version.refresh_from_db()
            event = events.VersionRetireRefused(rule=type(error).__name__)
            log.record(event, subject=version, actor=actor, reason=reason)
    if refusal:
        raise refusal
    return version


def _check_unused(version: ModelVersion) -> None:
    if version.lifecycle != Lifecycle.REGISTERED:
        raise Conflict(f"{version} is {version.lifecycle} already.")
    for deployed in axes.of([version])[version.pk].deployment:
        if deployed.status in _IN_USE:
            word = "serves in" if deployed.status == "serving" else "is the canary of"
            raise Conflict(f"{version} {word} {deployed.slot}.", remedy="Promote another version, or roll it back.")


def _check_free(version: ModelVersion) -> None:
    standing = list(_holds(version))
    if standing:
        grounds = "; ".join(f"{hold} ({hold.ground})" for hold in standing)
        raise Conflict(f"It must be kept: {grounds}.", remedy="Ask again when the hold is released.")
    open_reviews = PeriodicReview.objects.filter(emergency__model_version=version)
    if open_reviews.exclude(state=PeriodicReview.State.COMPLETED).exists():
        raise Conflict("Nobody has reviewed its break-glass.", remedy="Have another person review it first.")
    until = kept_until(version)
    if until is not None and until > timezone.now():
        raise Conflict(
            f"A policy, or that it served, keeps it until {until:%d %B %Y}.", remedy="Purge it after that day."
        )


def _holds(version: ModelVersion) -> Iterator[Hold]:
    """Legal holds over everything, over the version, or over what it belongs to and is made of."""
    about = {
        "model_version": version.pk,
        "artifact": version.artifact_id,
        "model": version.model_id,
        "system": version.model.system_id,
        "training_run": version.run_id,
    }
    scope = Q(subject_type="", person="")
    for kind, identity in about.items():
        scope |= Q(subject_type=kind, subject_id__in=["", str(identity)])
    yield from Hold.objects.filter(scope, released_at=None)


def _named(version: ModelVersion) -> QuerySet[SlotAssignment]:
    """What slots served of the version, as champion or as canary, by an approval or a break-glass."""
    return SlotAssignment.objects.filter(Q(champion=version) | Q(canary=version))


def _last_used(version: ModelVersion) -> datetime:
    ends = [deployed.until for deployed in axes.of([version])[version.pk].deployment if deployed.until]
    return max([version.created_at, *ends, *_named(version).order_by("-since").values_list("since", flat=True)[:1]])


def _mark_purged(artifact: Artifact, actor: Actor, reason: str) -> None:
    artifact.purged_at = timezone.now()
    artifact.save(update_fields=["purged_at"])
    event = events.ArtifactPurged(digest=artifact.digest, size_bytes=artifact.size_bytes)
    log.record(event, subject=artifact, actor=actor, reason=reason)


def _remove(pk: UUID) -> bool:
    """Remove the file if its row still says purged; in the row's lock, so that nobody brings it back meanwhile."""
    with transaction.atomic(durable=True):
        artifact = Artifact.objects.select_for_update(no_key=True).get(pk=pk)
        if artifact.purged_at is None:
            return False
        artifacts.remove(artifact.digest)
    return True
