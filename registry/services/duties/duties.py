"""Separation of duties from the record: who had a part in a request, who stepped back, and who may not decide."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.models import Event
from registry import events
from registry.errors import AlreadyExists, Conflict, NotPermitted
from registry.gates import duties
from registry.models import CardText, Decision, Grant, ModelVersion, PromotionRequest, Recusal, User
from registry.permissions import allows
from registry.roles import ROLES_FOR, Action
from registry.services import signing
from registry.services.duties import delegations, tasks

#: Whoever did one of these in any round is an author of the request.
SUBMITTING = ("promotion.drafted", "promotion.submitted", "promotion.resubmitted")


@dataclass(frozen=True, slots=True)
class History:
    """Who did what to a request and to its version, and when; read once, asked for any moment."""

    submitters: tuple[str, ...]
    edits: tuple[tuple[datetime, str], ...]
    recusals: tuple[tuple[datetime, str], ...]
    registering: tuple[tuple[datetime, str], ...]

    def last_editor(self, at: datetime) -> str | None:
        """Who had written the newest text about the version by then."""
        return next((person for moment, person in reversed(self.edits) if moment <= at), None)

    def recused(self, at: datetime) -> tuple[str, ...]:
        """Who had stepped back by then."""
        return tuple(person for moment, person in self.recusals if moment <= at)

    def behind(self, at: datetime) -> tuple[str, ...]:
        """Who may have been behind a service account that had a part in it, by then."""
        return tuple(person for moment, person in self.registering if moment <= at)


def history(promotion: PromotionRequest) -> History:
    """From the rows and, for who put it forward in each round, from the log; few queries, however many rounds."""
    told = Event.objects.filter(subject_type="promotion", subject_id=str(promotion.pk), event__in=SUBMITTING)
    texts = CardText.objects.filter(
        subject_type=CardText.Subject.MODEL_VERSION, subject_id=promotion.model_version_id
    ).order_by("signed_at")
    submitters = tuple(actor.partition(":")[2] for actor in told.values_list("actor", flat=True))
    version = promotion.model_version
    makers = {str(promotion.author_id), *submitters, *makers_of(version)}
    return History(
        submitters=submitters,
        edits=tuple((moment, str(person)) for moment, person in texts.values_list("signed_at", "signer_id")),
        recusals=tuple((row.created_at, str(row.person_id)) for row in promotion.recusals.all()),
        registering=registering(makers, promotion.slot.system_id),
    )


def makers_of(version: ModelVersion) -> tuple[str, str]:
    """Who trained a version, and who uploaded its data."""
    return str(version.trained_by_id), str(version.dataset_version.uploaded_by_id)


def registering(makers: Collection[str], system: UUID) -> tuple[tuple[datetime, str], ...]:
    """Since when who may register in a system, where one of the makers is a service account; else nobody.

    The record names no person behind such an account. Whoever could have told it what to do counts, also after the
    role has ended: what they had made stays theirs.
    """
    if not User.objects.filter(pk__in=makers, kind=User.Kind.SERVICE).exists():
        return ()
    given = Grant.objects.filter(role__in=ROLES_FOR[Action.REGISTER], pending=False)
    here = given.filter(Q(system=system) | Q(system=None))
    return tuple((moment, str(person)) for moment, person in here.values_list("created_at", "account_id"))


def record(
    promotion: PromotionRequest, decisions: Iterable[Decision], known: History, *, at: datetime
) -> duties.DutyRecord:
    """Who had done what on the way to a request by then; decisions: those of its current round."""
    version = promotion.model_version
    data = version.dataset_version
    labeller = data.dataset.labelled_by_id
    return duties.DutyRecord(
        author=str(promotion.author_id),
        trainer=str(version.trained_by_id),
        uploader=str(data.uploaded_by_id),
        last_editor=known.last_editor(at),
        labeller_lead=str(labeller) if labeller else None,
        author_team=promotion.author.team,
        trainer_team=version.trained_by.team,
        approvers=tuple(approver for made in decisions for approver in _approvers(made)),
        submitters=known.submitters,
        recused=known.recused(at),
        behind=known.behind(at),
    )


def recuse(promotion: PromotionRequest, *, reason: str, actor: Actor) -> Recusal:
    """Step back from a request for good: neither one's own signature nor one given for another counts on it.

    Records promotion.recused. Raises NotPermitted, Conflict for who has decided already, AlreadyExists.
    """
    person = signing.person(actor)
    with transaction.atomic(durable=True):
        promotion = PromotionRequest.objects.select_for_update(no_key=True).get(pk=promotion.pk)
        _check_recusal(promotion, person)
        recusal = Recusal(promotion=promotion, person=person, reason=reason)
        recusal.save(force_insert=True)
        freed = tasks.free(promotion, person)
        log.record(events.PromotionRecused(), subject=promotion, actor=actor, reason=reason, also=[recusal, *freed])
    return recusal


def _check_recusal(promotion: PromotionRequest, person: User) -> None:
    system = promotion.slot.system
    if not allows(person, Action.DECIDE, system) and not delegations.to(person, system, at=timezone.now()):
        raise NotPermitted("Nobody would ask you to decide on this.", remedy="There is nothing to step back from.")
    if promotion.state not in PromotionRequest.OPEN:
        raise Conflict(f"The request is {promotion.get_state_display()}; there is nothing to step back from.")
    made = promotion.decisions.filter(round=promotion.round)
    if made.filter(signer=person).exists() or made.filter(delegated_by=person).exists():
        raise Conflict(
            "You, or who stands in for you, has decided on this request.", remedy="A decision cannot be undone."
        )
    if promotion.recusals.filter(person=person).exists():
        raise AlreadyExists("You have stepped back from this request already.")


def _approvers(made: Decision) -> Iterator[duties.Approver]:
    """Who signed and, where they stood in for somebody, that person too: both have decided."""
    yield duties.Approver(str(made.signer_id), made.role, made.signer.team)
    if made.delegated_by is not None:
        yield duties.Approver(str(made.delegated_by_id), made.role, made.delegated_by.team)
