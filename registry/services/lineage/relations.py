"""The edges of the lineage graph, each from a cause to its effect, and how rows give them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model

from registry.models import (
    DatasetVersion,
    Decision,
    Emergency,
    EvidenceSet,
    Ingestion,
    ModelVersion,
    PromotionRequest,
    SlotAssignment,
    TrainingRun,
)

Pair = tuple[str, str]
#: Given one end's ids, the pairs of ids: which end ("source" or "target"), and its ids.
Pairs = Callable[[str, list[str]], Iterator[Pair]]
NEWEST_BATCHES = 20

# The figures that a request is bound to stand in it by digest; what was measured after its gates ran is not among them.
_JUDGED = """
    SELECT DISTINCT item.set_id, request.id
    FROM registry_promotionrequest request
    JOIN registry_modelversion version ON version.id = request.model_version_id
    JOIN registry_evidenceset found ON found.model_version_id = version.id
        OR (found.model_version_id IS NULL AND found.dataset_version_id = version.dataset_version_id)
    JOIN registry_evidenceitem item ON item.set_id = found.id AND item.digest = ANY(request.evidence_digests)
    WHERE {end} = ANY(%s::uuid[]) AND found.created_at <= coalesce(
        (SELECT max(gate.created_at) FROM registry_gateresult gate WHERE gate.promotion_id = request.id),
        request.created_at)
"""
# The newest batches of each assignment only: a slot that serves for a year has thousands.
_ANSWERED = f"""
    SELECT mine.id, batch.id
    FROM registry_slotassignment mine
    LEFT JOIN registry_slotassignment after ON after.slot_id = mine.slot_id AND after.revision = mine.revision + 1
    CROSS JOIN LATERAL (
        SELECT one.id FROM registry_predictionbatch one
        WHERE one.slot_id = mine.slot_id AND one.created_at >= mine.since
            AND one.created_at <= coalesce(after.since + interval '1 day', 'infinity')
            AND EXISTS (SELECT FROM registry_prediction p WHERE p.batch_id = one.id AND p.slot_revision = mine.revision)
        ORDER BY one.id DESC LIMIT {NEWEST_BATCHES}
    ) batch
    WHERE mine.id = ANY(%s::uuid[])
"""
_ANSWERED_BY = """
    SELECT DISTINCT mine.id, batch.id
    FROM registry_predictionbatch batch
    JOIN registry_prediction p ON p.batch_id = batch.id
    JOIN registry_slotassignment mine ON mine.slot_id = batch.slot_id AND mine.revision = p.slot_revision
    WHERE batch.id = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """One kind of edge: the source became, fed, judged or let serve the target."""

    source: str
    label: str
    target: str
    pairs: Pairs


def via(model: type[Model], source: str, target: str) -> Pairs:
    """Rows of one table whose columns hold both ends."""

    def pairs(end: str, ids: list[str]) -> Iterator[Pair]:
        column = source if end == "source" else target
        rows = model._default_manager.filter(**{f"{column}__in": ids}).order_by("pk")
        for one, other in rows.values_list(source, target):
            if one and other:
                yield str(one), str(other)

    return pairs


def asked(from_source: str, from_target: str) -> Pairs:
    """Statements where columns are not enough, one for each way."""

    def pairs(end: str, ids: list[str]) -> Iterator[Pair]:
        with connection.cursor() as cursor:
            cursor.execute(from_source if end == "source" else from_target, [ids])
            rows: list[Any] = cursor.fetchall()
        yield from sorted((str(one), str(other)) for one, other in rows)

    return pairs


RELATIONS = [
    Relation("dataset", "received", "ingestion", via(Ingestion, "dataset", "pk")),
    Relation("ingestion", "became", "dataset_version", via(DatasetVersion, "ingestion", "pk")),
    Relation("dataset_version", "was learned by", "run", via(TrainingRun, "dataset_version", "pk")),
    Relation("code", "ran in", "run", via(TrainingRun, "code_digest", "pk")),
    Relation("run", "registered", "model_version", via(ModelVersion, "run", "pk")),
    Relation("model_version", "was measured in", "evidence_set", via(EvidenceSet, "model_version", "pk")),
    Relation("dataset_version", "was measured on in", "evidence_set", via(EvidenceSet, "dataset_version", "pk")),
    Relation(
        "evidence_set", "was judged in", "promotion",
        asked(_JUDGED.format(end="found.id"), _JUDGED.format(end="request.id")),
    ),
    Relation("model_version", "was put forward in", "promotion", via(PromotionRequest, "model_version", "pk")),
    Relation("policy", "governed", "promotion", via(PromotionRequest, "policy", "pk")),
    Relation("promotion", "was decided by", "decision", via(Decision, "promotion", "pk")),
    Relation("model_version", "was let in by", "emergency", via(Emergency, "model_version", "pk")),
    Relation("promotion", "let serve", "assignment", via(SlotAssignment, "champion_promotion", "pk")),
    Relation("promotion", "let serve as canary", "assignment", via(SlotAssignment, "canary_promotion", "pk")),
    Relation("emergency", "let serve", "assignment", via(SlotAssignment, "champion_emergency", "pk")),
    Relation("slot", "was assigned", "assignment", via(SlotAssignment, "slot", "pk")),
    Relation("assignment", "answered", "prediction_batch", asked(_ANSWERED, _ANSWERED_BY)),
]  # fmt: skip


def register(relation: Relation) -> None:
    """Called once, at start, by the application whose records these are."""
    if relation not in RELATIONS:
        RELATIONS.append(relation)
