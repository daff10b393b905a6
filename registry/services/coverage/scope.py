"""What the queries look at together: some systems, the versions of theirs that count, and the requests for these."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from registry.clauses.judging import Found, Proof
from registry.models import AISystem, Decision, ModelVersion, PromotionRequest, SlotAssignment
from registry.services import systems


class Scope:
    """Some systems at one moment; what several queries need is read once, in as many queries for one as for all.

    The versions that count are those that serve, as champion or canary; of a family of which none serves, its newest.
    """

    def __init__(self, rows: Iterable[AISystem], now: datetime) -> None:
        self.systems = {system.pk: system for system in rows}
        self.now = now

    @property
    def ids(self) -> list[UUID]:
        return list(self.systems)

    def context(self, system: UUID) -> Mapping[str, Any]:
        """What the clauses' conditions read."""
        row = self.systems[system]
        names = ("risk_tier", "position", "exposure", "reliance", "personal_data", "regimes")
        stated = {name: getattr(row, name) for name in names} | {"materiality": systems.materiality_of(row)}
        return {"system": stated | {"risk_tier": row.tier_in_force}}

    @cached_property
    def versions(self) -> list[ModelVersion]:
        current = SlotAssignment.objects.filter(slot__system__in=self.ids).order_by("slot_id", "-revision")
        pairs = current.distinct("slot_id").values_list("champion", "canary")
        serving = {version for pair in pairs for version in pair if version}
        related = ModelVersion.objects.select_related("model", "run", "dataset_version__dataset", "trained_by")
        rows = list(related.filter(pk__in=serving).order_by("pk"))
        newest = related.filter(model__system__in=self.ids, lifecycle=ModelVersion.Lifecycle.REGISTERED)
        newest = newest.exclude(model__in={row.model_id for row in rows})
        return [*rows, *newest.order_by("model_id", "-number").distinct("model_id")]

    @cached_property
    def promotions(self) -> dict[UUID, PromotionRequest]:
        """Of each version that counts the newest request whose approval stands, else the newest."""
        rows = PromotionRequest.objects.filter(model_version__in=[version.pk for version in self.versions])
        related = rows.select_related("policy", "slot", "model_version__model").prefetch_related("gates")
        found: dict[UUID, PromotionRequest] = {}
        for row in sorted(related.order_by("pk"), key=_stands):
            found[row.model_version_id] = row
        return found

    @cached_property
    def decisions(self) -> dict[UUID, list[Decision]]:
        """The signatures on these requests in their current rounds."""
        rounds = {row.pk: row.round for row in self.promotions.values()}
        rows = Decision.objects.filter(promotion__in=list(rounds)).select_related("signer").order_by("pk")
        found: dict[UUID, list[Decision]] = {pk: [] for pk in rounds}
        for row in rows:
            if row.round == rounds[row.promotion_id]:
                found[row.promotion_id].append(row)
        return found

    def by_version(self, proofs: Mapping[UUID, Iterable[Proof]], wanting: str) -> dict[UUID, Found]:
        """Per system what each version that counts has; every one must have something. wanting: said of who has not."""
        shown: dict[UUID, list[Proof]] = {pk: [] for pk in self.systems}
        lacking: dict[UUID, list[str]] = {pk: [] for pk in self.systems}
        for version in self.versions:
            own = list(proofs.get(version.pk, ()))
            shown[version.model.system_id] += own
            if not own:
                lacking[version.model.system_id].append(f"{version}: {wanting}.")
        for pk in self.systems.keys() - {version.model.system_id for version in self.versions}:
            lacking[pk].append("There is no model version yet.")
        return {pk: Found(tuple(shown[pk]), tuple(lacking[pk])) for pk in self.systems}


def _stands(request: PromotionRequest) -> bool:
    return request.approval in PromotionRequest.STANDING and request.state in PromotionRequest.VALID


def proof(kind: str, row: Any, at: datetime, *, path: str = "") -> Proof:
    """A row as a proof."""
    return Proof(kind, str(row.pk), str(row), at, f"/api/v1/{path}/{row.pk}" if path else "")


def of_version(version: ModelVersion) -> Proof:
    return proof("model_version", version, version.created_at, path="model-versions")


def of_promotion(promotion: PromotionRequest) -> Proof:
    at = promotion.decided_at or promotion.created_at
    return proof("promotion", promotion, at, path="promotions")
