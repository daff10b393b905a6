"""Queries for records: the newest row of a kind, the newest event about a kind, a field that is filled in."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from audit import guard
from audit.models import Event, Redaction, Verification
from registry.clauses.judging import Found, Proof
from registry.models import AISystem, Grant
from registry.services.coverage.kinds import KINDS, Kind
from registry.services.coverage.scope import Scope, proof

Given = Mapping[str, Any]
Answers = dict[UUID, Found]


def rows(scope: Scope, given: Given) -> Answers:
    """The newest row. kind: of which kind; where: columns and the value, or values, that they must have."""
    kind = KINDS[given["kind"]]
    wanted = kind.model._default_manager.filter(_where(given.get("where", {})))
    newest = _newest(scope, wanted.filter(**{kind.system: OuterRef("pk")}).order_by(f"-{kind.at}"))
    found = kind.model._default_manager.select_related(*kind.related).in_bulk(list(newest.values()))
    return {system: Found((_shown(given["kind"], kind, found[pk]),)) for system, pk in newest.items() if pk in found}


def events(scope: Scope, given: Given) -> Answers:
    """The newest entry of the log about a row of the system. of: the rows' kind; names: the events' names."""
    kind = KINDS[given["of"]]
    subjects = kind.model._default_manager.filter(**{kind.system: OuterRef(OuterRef("pk"))})
    about = subjects.annotate(as_text=Cast("pk", TextField())).order_by().values("as_text")
    told = Event.objects.filter(
        event__in=given["names"], subject_type=guard.of(kind.model).subject, subject_id__in=about
    )
    newest = _newest(scope, told.order_by("-ticket"), column="ticket")
    found = Event.objects.defer("leaf", "changes").in_bulk(list(newest.values()))
    return {system: Found((_event(found[ticket]),)) for system, ticket in newest.items() if ticket in found}


def filled(scope: Scope, given: Given) -> Answers:
    """Fields of the system in the inventory that say something."""
    found = {}
    for pk, system in scope.systems.items():
        empty = [name.replace("_", " ") for name in given["fields"] if not str(getattr(system, name)).strip()]
        lacking = (f"{system.name}: {', '.join(empty)}.",) if empty else ()
        shown = () if empty else (proof("system", system, scope.now, path="systems"),)
        found[pk] = Found(shown, lacking)
    return found


def roles(scope: Scope, given: Given) -> Answers:
    """Somebody holds each of these roles, for the system or for all."""
    held = Grant.objects.held().filter(role__in=given["roles"], account__is_active=True)
    grants = list(
        held.filter(Q(system__in=scope.ids) | Q(system=None)).select_related("account", "system").order_by("pk")
    )
    found = {}
    for pk in scope.systems:
        by_role = {grant.role: grant for grant in grants if grant.system_id in (None, pk)}
        lacking = tuple(f"Nobody is {role.replace('_', ' ')}." for role in given["roles"] if role not in by_role)
        # A grant holds until it is revoked, so it is as fresh as today.
        found[pk] = Found(tuple(proof("grant", grant, scope.now) for grant in by_role.values()), lacking)
    return found


def verified(scope: Scope, given: Given) -> Answers:
    """The newest complete self-check of the log, if it found nothing. It is about the log as a whole."""
    newest = Verification.objects.filter(complete=True).first()
    if newest is None:
        return {}
    if newest.finding_count:
        lacking = (f"The newest check, of {newest.finished_at:%d %B %Y}, has {newest.finding_count} findings.",)
        return {pk: Found((), lacking) for pk in scope.systems}
    return {pk: Found((proof("verification", newest, newest.finished_at),)) for pk in scope.systems}


def erasures(scope: Scope, given: Given) -> Answers:
    """The newest request for erasure that was decided: the desk works. It is about people, not about a system."""
    newest = Redaction.objects.exclude(decided_at=None).order_by("-decided_at").first()
    if newest is None or newest.decided_at is None:
        return {}
    shown = Proof(
        "redaction",
        str(newest.pk),
        f"Erasure {newest.state}",
        newest.decided_at,
        f"/api/v1/audit/redactions/{newest.pk}",
    )
    return {pk: Found((shown,)) for pk in scope.systems}


def _newest(scope: Scope, matching: QuerySet[Any], *, column: str = "pk") -> dict[UUID, Any]:
    """Per system the key of the first row of the query, in one query."""
    asked = AISystem.objects.filter(pk__in=scope.ids).annotate(newest=Subquery(matching.values(column)[:1]))
    return {pk: newest for pk, newest in asked.values_list("pk", "newest") if newest is not None}


def _where(conditions: Mapping[str, Any]) -> Q:
    wanted = Q()
    for name, value in conditions.items():
        wanted &= Q(**{f"{name}__in": value}) if isinstance(value, list) else Q(**{name: value})
    return wanted


def _shown(name: str, kind: Kind, row: Any) -> Proof:
    return proof(name, row, getattr(row, kind.at), path=kind.path)


def _event(event: Event) -> Proof:
    return Proof("event", str(event.id), str(event), event.at, f"/api/v1/audit/events/{event.id}")
