"""The inventory: every system with every model, what of it serves where, since when, by whose signature, until when."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from registry.models import (
    AISystem,
    Decision,
    Finding,
    Incident,
    ModelVersion,
    PromotionRequest,
    RegisteredModel,
    SlotAssignment,
)
from registry.services import axes, systems

#: The table's columns, in their order.
COLUMNS = (
    "system", "purpose", "owner", "position", "risk_tier", "exposure", "reliance", "materiality", "personal_data",
    "regimes", "model", "use", "versions", "retired_versions", "slot", "arm", "percent", "version", "since",
    "approval", "valid_until", "signed_by", "open_findings", "open_incidents",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Serving:
    """One version in one slot. arm: champion or canary; approval: the word of `axes`, or break-glass."""

    slot: str
    arm: str
    percent: int
    version: ModelVersion
    since: datetime | None
    promotion: UUID | None
    approval: str
    valid_until: datetime | None
    signed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One model family. use: in development, in use, or retired."""

    model: RegisteredModel
    use: str
    versions: int
    retired: int
    open_findings: int
    serving: list[Serving] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """One system with its families, whether anything serves or not."""

    system: AISystem
    materiality: str
    open_incidents: int
    models: list[Line]


def of(rows: Iterable[AISystem]) -> list[Entry]:
    """The inventory of these systems, in as many queries for one as for all."""
    found = list(rows)
    wanted = [system.pk for system in found]
    serving, lines = _serving(wanted), defaultdict[UUID, list[Line]](list)
    findings = _counted(Finding.objects.exclude(state__in=Finding.SETTLED), "model_version__model", wanted)
    for model in _models(wanted):
        lines[model.system_id].append(_line(model, serving[model.pk], findings[model.pk]))
    incidents = _counted(Incident.objects.exclude(state=Incident.State.CLOSED), "system", wanted)
    return [Entry(system, systems.materiality_of(system), incidents[system.pk], lines[system.pk]) for system in found]


def table(entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """The same as flat rows of COLUMNS: one for each version that serves, one for what serves nowhere."""
    for entry in entries:
        system = entry.system
        shared = {name: getattr(system, name) for name in COLUMNS[1:7]} | {
            "system": system.name,
            "owner": str(system.owner),
            "materiality": entry.materiality,
            "personal_data": "yes" if system.personal_data else "no",
            "regimes": " ".join(system.regimes),
            "open_incidents": entry.open_incidents,
        }
        rows = [row for line in entry.models for row in _flat(line)]
        yield from (shared | row for row in rows or [{}])


def _flat(line: Line) -> Iterator[dict[str, Any]]:
    family = {
        "model": line.model.name,
        "use": line.use,
        "versions": line.versions,
        "retired_versions": line.retired,
        "open_findings": line.open_findings,
    }
    if not line.serving:
        yield family
    for one in line.serving:
        yield (
            family
            | {name: getattr(one, name) for name in ("slot", "arm", "percent", "approval")}
            | {
                "version": str(one.version),
                "since": one.since.isoformat() if one.since else "",
                "valid_until": one.valid_until.isoformat() if one.valid_until else "",
                "signed_by": "; ".join(one.signed_by),
            }
        )


def _models(wanted: list[UUID]) -> QuerySet[Any]:
    gone = Q(versions__lifecycle__in=[ModelVersion.Lifecycle.RETIRED, ModelVersion.Lifecycle.PURGED])
    counts = {"all_versions": Count("versions"), "retired": Count("versions", filter=gone)}
    return RegisteredModel.objects.filter(system__in=wanted).annotate(**counts).order_by("name")


def _line(model: Any, serving: list[Serving], findings: int) -> Line:
    if serving:
        use = "in use"
    else:
        use = "retired" if model.all_versions and model.retired == model.all_versions else "in development"
    return Line(model, use, model.all_versions, model.retired, findings, serving)


def _counted(rows: QuerySet[Any], path: str, wanted: list[UUID]) -> Counter[UUID]:
    owner = "model_version__model__system__in" if path != "system" else "system__in"
    return Counter(dict(rows.filter(**{owner: wanted}).order_by().values_list(path).annotate(Count("pk"))))


def _serving(wanted: list[UUID]) -> dict[UUID, list[Serving]]:
    """What serves now, by model family."""
    current = (
        SlotAssignment.objects.filter(slot__system__in=wanted)
        .order_by("slot_id", "-revision")
        .distinct("slot_id")
        .select_related("slot", "champion__model", "canary__model", "champion_promotion", "canary_promotion")
    )
    arms = [arm for assignment in current for arm in _arms(assignment)]
    standing = axes.of(version for _, _, version, _ in arms)
    signers = _signers([promotion.pk for *_, promotion in arms if promotion])
    found = defaultdict[UUID, list[Serving]](list)
    for assignment, arm, version, promotion in arms:
        found[version.model_id].append(_one(assignment, arm, version, promotion, standing[version.pk], signers))
    return found


def _arms(row: SlotAssignment) -> Iterator[tuple[SlotAssignment, str, ModelVersion, PromotionRequest | None]]:
    if row.champion is not None:
        yield row, "champion", row.champion, row.champion_promotion
    if row.canary is not None:
        yield row, "canary", row.canary, row.canary_promotion


def _one(
    row: SlotAssignment,
    arm: str,
    version: ModelVersion,
    promotion: PromotionRequest | None,
    stands: axes.Axes,
    signers: dict[UUID, list[str]],
) -> Serving:
    key = row.slot.key
    since = next((one.since for one in stands.deployment if one.slot == key), row.since)
    approval = next((one.status for one in stands.approval if one.slot == key), "none")
    return Serving(
        slot=key,
        arm=arm,
        percent=row.canary_percent if arm == "canary" else 100 - row.canary_percent,
        version=version,
        since=since,
        promotion=promotion.pk if promotion else None,
        approval=approval if promotion else "break-glass",
        valid_until=promotion.valid_until if promotion else None,
        signed_by=tuple(signers.get(promotion.pk, ())) if promotion else (),
    )


def _signers(promotions: list[UUID]) -> dict[UUID, list[str]]:
    found = defaultdict[UUID, list[str]](list)
    for row in Decision.objects.filter(promotion__in=promotions).order_by("id"):
        found[row.promotion_id].append(f"{row.printed_name} ({row.meaning})")
    return found
