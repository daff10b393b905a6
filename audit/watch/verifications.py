"""Verifications on record: each run of the self-check as a row and an event, and the alarm that follows from them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.log_events import LogVerified
from audit.models import Checkpoint, Event, Verification
from audit.watch import selfcheck, spans
from audit.watch.findings import Finding

logger = structlog.get_logger(__name__)

#: How old the newest verification of everything may be. No setting changes it: an alarm that can be put off is none.
PATIENCE = timedelta(days=2)
KEPT, KEPT_OF_A_TABLE = 100, 20


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why the log cannot be relied upon at this moment, in a sentence, and the verification that says so."""

    words: str
    verification: Verification | None


def verify(*, actor: Actor, jobs: int = 1, extra: Mapping[str, selfcheck.Check] | None = None) -> Verification:
    """Check the whole log and everything it speaks of. Records log.verified."""
    return record(selfcheck.run(jobs=jobs, extra=extra), actor=actor)


def verify_recent(*, actor: Actor, extra: Mapping[str, selfcheck.Check] | None = None) -> Verification | None:
    """Check what came since the last clean verification; everything, where there is none or the log is short.

    Does nothing, and records nothing, where nothing happened since but that verification's own event.
    """
    since = _clean_up_to()
    if since < spans.LENGTH:
        return verify(actor=actor, extra=extra) if _anything_since_the_last() else None
    if not _anything_since_the_last():
        return None
    return record(selfcheck.run(since=since), actor=actor)


def whole() -> Verification | None:
    """The newest verification that looked at every entry."""
    return Verification.objects.filter(entries__gte=F("size")).first()


def alarm() -> Alarm | None:
    """What every page must say, if anything: a finding, a check that is overdue, or one that could not be ended."""
    newest, every = Verification.objects.first(), whole()
    for one in filter(None, (newest, every)):
        if one.finding_count:
            return Alarm(f"The audit log does not agree with itself: {counted(one.finding_count)}.", one)
        if not one.complete:
            return Alarm("The last check of the audit log could not look at everything.", one)
    last = every.finished_at if every else Event.objects.order_by("ticket").values_list("at", flat=True).first()
    if last is not None and last < timezone.now() - PATIENCE:
        return Alarm("The audit log has not been checked as a whole for more than two days.", every)
    return None


def kept(findings: Iterable[Finding]) -> list[Finding]:
    """The first of them, and no more of one table than that the others are seen."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if len(found[finding.table]) < KEPT_OF_A_TABLE:
            found[finding.table].append(finding)
    return [finding for of_a_table in found.values() for finding in of_a_table][:KEPT]


def record(result: selfcheck.Result, *, actor: Actor) -> Verification:
    """Put a run on record, and raise the alarm if there is one. Records log.verified."""
    lines: list[dict[str, Any]] = [{"where": one.where, "what": one.what} for one in kept(result.findings)]
    with transaction.atomic(durable=True):
        row = Verification.objects.create(
            started_at=result.started_at,
            finished_at=result.finished_at,
            size=result.size,
            entries=result.entries,
            rows=result.rows,
            findings=lines + [{"where": "", "what": warning} for warning in result.warnings],
            finding_count=result.finding_count,
            complete=result.complete,
        )
        event = LogVerified(
            size=row.size,
            findings=row.finding_count,
            complete=row.complete,
            heads=result.heads,
            cosignatures=result.cosignatures,
        )
        log.record(event, subject=row, actor=actor)
    if found := alarm():
        logger.error("the audit log is not as it should be", why=found.words, verification=str(row.pk), findings=lines)
    return row


def _clean_up_to() -> int:
    """The size up to which the last verification found nothing; 0 if it, or the last of everything, found something."""
    newest, every = Verification.objects.first(), whole()
    if newest is None or every is None or any(one.finding_count or not one.complete for one in (newest, every)):
        return 0
    return newest.size


def _anything_since_the_last() -> bool:
    """Whether the log holds more than it did when it was verified last, and the event that says so."""
    newest = Verification.objects.first()
    if newest is None:
        return True
    said = Event.objects.filter(subject_type="verification", subject_id=str(newest.pk)).values_list("ticket").first()
    head = Checkpoint.objects.first()
    after = Event.objects.filter(ticket__gt=said[0]).exists() if said else True
    return after or head is None or head.size > newest.size + 1


def counted(count: int) -> str:
    """A number of findings, in words."""
    return f"{count:,} finding{'s' if count > 1 else ''}"
