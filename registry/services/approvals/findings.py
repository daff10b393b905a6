"""Findings: raised by reviewers, mended by engineers, settled by newer evidence or by a signature, never by silence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import actors, events
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted, Problem
from registry.models import EvidenceSet, Finding, ModelVersion, PromotionRequest, Slot, User
from registry.permissions import allows, require, roles
from registry.roles import ROLES_FOR, Action, Role
from registry.services import refusals, signing, sweeping
from registry.services.approvals import settlement
from registry.services.rows import check, match_revision
from registry.services.signing import Credentials, Signer
from registry.services.sweeping import Swept

State = Finding.State
#: An auditor raises findings and leaves closing them to those who answer for the model.
CLOSING = ROLES_FOR[Action.FIND] - {Role.AUDITOR}
UNSETTLED = (State.OPEN, State.IN_REMEDIATION, State.READY_FOR_RETEST)
LONGEST_ACCEPTANCE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, how bad it is, and who should mend it until when."""

    severity: str
    title: str
    detail: str
    owner: User | None = None
    due_at: datetime | None = None


def raise_(version: ModelVersion, wrong: Wrong, *, actor: Actor, promotion: PromotionRequest | None = None) -> Finding:
    """Say what is wrong with a version. A high or critical finding stops every signature on it until it is settled.

    What serves goes on, and nothing new begins: to suspend an approval is an act of its own. The same bytes under
    another number have the same findings. Records finding.raised. Raises Invalid, NotPermitted.
    """
    account = require(actor, Action.FIND, version.model.system)
    finding = Finding(
        model_version=version,
        promotion=promotion,
        severity=wrong.severity,
        title=wrong.title.strip(),
        detail=wrong.detail.strip(),
        raised_by=account,
        owner=wrong.owner,
        due_at=wrong.due_at,
    )
    check(finding)
    _check_fits(finding)
    with transaction.atomic(durable=True):
        _hold_signatures(version)
        finding.save(force_insert=True)
        log.record(_raised(finding), subject=finding, actor=actor)
    return finding


def remedy(finding: Finding, *, text: str, revision: int, actor: Actor) -> Finding:
    """Take a finding on, and say what is done about it; again, to say more or to take it over.

    Records finding.remedied or finding.refused. Raises NotPermitted, Conflict, RevisionMismatch.
    """

    def work(row: Finding, account: User) -> None:
        _must_mend(row, account)
        _must_be(row, State.OPEN, State.IN_REMEDIATION)
        row.state, row.remediation, row.remedied_by = State.IN_REMEDIATION, text, account
        _save(row)
        log.record(events.FindingRemedied(), subject=row, actor=actor, reason=text)

    return _step(finding, work, revision=revision, actor=actor)


def ready(finding: Finding, *, revision: int, actor: Actor) -> Finding:
    """Say that it is mended: only evidence newer than this moment closes the finding.

    Records finding.ready_for_retest or finding.refused. Raises NotPermitted, Conflict, RevisionMismatch.
    """

    def work(row: Finding, account: User) -> None:
        _must_mend(row, account)
        _must_be(row, State.IN_REMEDIATION)
        row.state, row.remedied_by, row.remedied_at = State.READY_FOR_RETEST, account, timezone.now()
        _save(row)
        log.record(events.FindingReady(remedied_at=row.remedied_at), subject=row, actor=actor)

    return _step(finding, work, revision=revision, actor=actor)


def retest(finding: Finding, *, evidence: EvidenceSet, reason: str, revision: int, actor: Actor) -> Finding:
    """Close a finding on evidence that is newer than its mending, by somebody with no part in it or in the version.

    The evidence is about the version itself or about a later one of the same model, which replaces it.
    Records finding.closed or finding.refused. Raises NotPermitted, DutyConflict, Invalid, Conflict, RevisionMismatch.
    """

    def work(row: Finding, account: User) -> None:
        _must_be_independent(row, account)
        _may_close(row, account)
        _must_be(row, State.READY_FOR_RETEST)
        _must_be_newer(row, evidence)
        row.state, row.retest, row.settled_by, row.settled_at = State.CLOSED, evidence, account, timezone.now()
        _save(row)
        event = events.FindingClosed(evidence_set=str(evidence.pk), root=evidence.root)
        log.record(event, subject=row, actor=actor, reason=reason)

    return _step(finding, work, revision=revision, actor=actor)


def reopen(finding: Finding, *, reason: str, revision: int, actor: Actor) -> Finding:
    """Say that the retest failed, or that what was closed or accepted may not stay so: all starts again.

    Records finding.reopened or finding.refused. Raises NotPermitted, Conflict, RevisionMismatch.
    """

    def work(row: Finding, account: User) -> None:
        _may_close(row, account)
        _must_be(row, State.READY_FOR_RETEST, *Finding.SETTLED)
        event = events.FindingReopened(was=row.state)
        _open_again(row)
        log.record(event, subject=row, actor=actor, reason=reason)

    return _step(finding, work, revision=revision, actor=actor)


def accept_risk(
    finding: Finding, *, until: datetime, reason: str, credentials: Credentials, revision: int, actor: Actor
) -> Finding:
    """Sign, as a risk officer who had no part, that the risk is borne until a date, 365 days away at most.

    Afterwards the finding is open again. Records signature.made and finding.risk_accepted, or finding.refused.
    Raises NotPermitted, SignatureRejected, DutyConflict, Invalid, Conflict, RevisionMismatch.
    """
    signer = refusals.proven(actor, credentials)

    def work(row: Finding, account: User) -> None:
        _may_bear(row, account)
        proven = signer()
        _must_have_no_part(row, account)
        _must_be(row, *UNSETTLED)
        _check_until(until)
        _accept(row, proven, until=until, reason=reason, actor=actor)

    return _step(finding, work, revision=revision, actor=actor)


def reopen_lapsed(*, actor: Actor) -> Swept:
    """Open again what was accepted until a date that has come. Records finding.risk_acceptance_lapsed."""

    def work(pk: UUID) -> bool:
        with transaction.atomic(durable=True):
            row = _lapsed().select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if row is not None:
                _open_again(row)
                log.record(events.FindingRiskLapsed(), subject=row, actor=actor)
        return row is not None

    return sweeping.each(_lapsed(), work)


def blocking(version: ModelVersion) -> list[Finding]:
    """The high and critical findings that stop signatures on a version, newest first.

    Those about the same bytes in the same system are its own, whichever number they were registered under. What a row
    says of itself is not enough: a closed one has its newer evidence, an accepted one its genuine signature.
    """
    severe = Finding.objects.filter(
        model_version__artifact_digest=version.artifact_digest,
        model_version__model__system=version.model.system_id,
        severity__in=Finding.BLOCKING,
    )
    rows = severe.select_related(
        "retest__model_version", "retest__evaluation", "model_version__dataset_version", "promotion"
    )
    return [row for row in rows if settlement.blocks(row)]


def unsettled(version: ModelVersion) -> str | None:
    """Which findings stop a version, in one sentence; None where none does."""
    named = "; ".join(f"{row.get_severity_display()}: {row.title}" for row in blocking(version))
    return f"Findings about the version are not settled ({named})." if named else None


def _step(finding: Finding, work: Callable[[Finding, User], None], *, revision: int, actor: Actor) -> Finding:
    def checked(row: Finding) -> None:
        account = actors.account(actor)
        require(actor, Action.READ, row.model_version.model.system)
        match_revision(row.revision, revision)
        work(row, account)

    refused = lambda rule: events.FindingRefused(rule=rule)  # noqa: E731
    return refusals.recorded(lambda: _locked(finding), checked, refused=refused, actor=actor)


def _locked(finding: Finding) -> Finding:
    rows = Finding.objects.select_related("model_version__model__system", "model_version__dataset_version", "promotion")
    return rows.select_for_update(of=("self",)).get(pk=finding.pk)


def _lapsed() -> QuerySet[Finding]:
    return Finding.objects.filter(state=State.RISK_ACCEPTED, accepted_until__lte=timezone.now())


def _hold_signatures(version: ModelVersion) -> None:
    """Until the finding is there, nobody signs or executes: what the log has after it has seen it.

    The same bytes may be asked for twice in a slot; who holds several promotions of a slot holds the slot.
    """
    system = version.model.system_id
    list(Slot.objects.select_for_update(no_key=True).filter(system=system).order_by("pk").values_list("pk"))
    requests = PromotionRequest.objects.filter(
        slot__system=system, model_version__artifact_digest=version.artifact_digest, state__in=PromotionRequest.OPEN
    )
    list(requests.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk"))


def _check_fits(finding: Finding) -> None:
    system, problems = finding.model_version.model.system, []
    if finding.promotion and finding.promotion.model_version_id != finding.model_version_id:
        problems.append(Problem("/promotion", "is about another version", "Name a request for this version."))
    if finding.owner and not (finding.owner.kind == User.Kind.PERSON and allows(finding.owner, Action.READ, system)):
        problems.append(Problem("/owner", "is nobody who may read this system", "Name a person who works on it."))
    if finding.due_at and finding.due_at <= timezone.now():
        problems.append(Problem("/due_at", "is over already", "Name a moment to come."))
    if problems:
        raise Invalid("The finding cannot be raised.", problems=problems)


def _raised(finding: Finding) -> events.FindingRaised:
    return events.FindingRaised(
        model_version=str(finding.model_version_id),
        promotion=str(finding.promotion_id) if finding.promotion_id else None,
        severity=finding.severity,
        due_at=finding.due_at,
    )


def _must_mend(finding: Finding, account: User) -> None:
    system = finding.model_version.model.system
    if finding.owner_id != account.pk and not allows(account, Action.REGISTER, system):
        raise NotPermitted(
            "Only its owner, an engineer or the model's owner works on a finding.", remedy="Ask one of them."
        )


def _may_close(finding: Finding, account: User) -> None:
    if not roles(account, finding.model_version.model.system) & CLOSING:
        wanted = " or ".join(sorted(role.label for role in CLOSING))
        raise NotPermitted("You may not settle findings here.", remedy=f"Ask one of: {wanted}.")


def _must_be(finding: Finding, *states: str) -> None:
    if finding.state not in states:
        raise Conflict(f"The finding is {finding.get_state_display()}; this is no step from there.")


def _must_be_independent(finding: Finding, account: User) -> None:
    """Whoever raised it may look whether it is mended; nobody else with a part in it or in the version."""
    if account.pk in settlement.makers(finding) or settlement.worked(finding, account):
        raise DutyConflict(
            "You made the version, asked for it, or worked on what was found, so you do not retest it.",
            remedy="Ask somebody who had no part in it.",
        )


def _must_be_newer(finding: Finding, evidence: EvidenceSet) -> None:
    wrong = settlement.outdated(finding, evidence)
    if wrong:
        raise Invalid(
            "This evidence does not close the finding.",
            problems=[Problem("/evidence_set", wrong, "Evaluate again, and name that evidence.")],
        )


def _may_bear(finding: Finding, account: User) -> None:
    if Role.RISK_OFFICER not in roles(account, finding.model_version.model.system):
        raise NotPermitted("Only a risk officer accepts a risk.", remedy="Ask one of this system.")


def _must_have_no_part(finding: Finding, account: User) -> None:
    """Neither in the version nor in the finding."""
    if account.pk in settlement.parties(finding):
        raise DutyConflict(
            "You had a part in the version or in the finding, so you do not accept its risk.",
            remedy="Ask another risk officer.",
        )


def _check_until(until: datetime) -> None:
    now = timezone.now()
    if not now < until <= now + LONGEST_ACCEPTANCE:
        days = LONGEST_ACCEPTANCE.days
        raise Invalid(
            "A risk is accepted for a while.",
            problems=[Problem("/until", f"is not within the next {days} days", "Name a nearer moment to come.")],
        )


def _accept(finding: Finding, signer: Signer, *, until: datetime, reason: str, actor: Actor) -> None:
    stated = settlement.stated(finding, until, reason=reason)
    made = signing.signature(signer, stated)
    digest = signing.keep(made, actor=actor)
    finding.state, finding.accepted_until = State.RISK_ACCEPTED, until
    finding.settled_by, finding.settled_at = signer.account, made.signed_at
    _save(finding)
    event = events.FindingRiskAccepted(until=until, record=stated.record_digest, signature=digest)
    log.record(event, subject=finding, actor=actor, reason=reason)


def _open_again(finding: Finding) -> None:
    finding.state = State.OPEN
    finding.remedied_by = finding.remedied_at = finding.retest = None
    finding.accepted_until = finding.settled_by = finding.settled_at = None
    _save(finding)


def _save(finding: Finding) -> None:
    finding.revision += 1
    finding.save()
