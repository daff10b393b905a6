"""The kinds of nodes in the lineage graph: which rows they are, who may read them, and what they are called."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from registry.models import (
    AISystem,
    Dataset,
    DatasetVersion,
    Decision,
    Emergency,
    EvidenceSet,
    Ingestion,
    ModelVersion,
    PolicyVersion,
    PredictionBatch,
    PromotionRequest,
    Slot,
    SlotAssignment,
    TrainingRun,
)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A node by kind and id; the id is a row's, or a digest for code."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Node:
    """One record in the graph. path: where the API shows it, empty where it stands in another record."""

    key: Key
    name: str
    at: datetime | None
    path: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of node. column: its place in a picture, from cause to effect; system: None where rows have none."""

    title: str
    column: int
    model: type[Model]
    system: str | None
    related: tuple[str, ...] = ()
    path: str = ""
    facts: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "dataset": Kind("Dataset", 0, Dataset, "system", (), "datasets/{id}", ("licence",)),
    "ingestion": Kind(
        "Delivery", 1, Ingestion, "dataset__system", ("dataset", "source"), "ingestions/{id}",
        ("source.digest", "state"),
    ),
    "dataset_version": Kind(
        "Data", 2, DatasetVersion, "dataset__system", ("dataset",), "dataset-versions/{id}",
        ("digest", "row_count", "contract_verdict"),
    ),
    "code": Kind("Code", 2, TrainingRun, "model__system"),
    "run": Kind(
        "Run", 3, TrainingRun, "model__system", ("model",), "runs/{id}",
        ("recipe_digest", "seed", "code_digest", "state"),
    ),
    "model_version": Kind(
        "Model version", 4, ModelVersion, "model__system", ("model",), "model-versions/{id}",
        ("artifact_digest", "lifecycle"),
    ),
    "policy": Kind("Policy", 5, PolicyVersion, None, (), "policies/{id}", ("digest", "state")),
    "evidence_set": Kind(
        "Evidence", 5, EvidenceSet, "dataset_version__dataset__system",
        ("model_version__model", "dataset_version__dataset"), "evidence-sets/{id}", ("root", "produced_by"),
    ),
    "promotion": Kind(
        "Promotion", 6, PromotionRequest, "slot__system", ("model_version__model", "slot"), "promotions/{id}",
        ("state", "approval", "record_digest"),
    ),
    "decision": Kind("Decision", 7, Decision, "promotion__slot__system", (), "", ("verdict", "role", "signed_digest")),
    "emergency": Kind(
        "Break-glass", 7, Emergency, "slot__system", ("model_version__model", "slot"), "", ("state", "artifact_digest")
    ),
    "slot": Kind("Slot", 7, Slot, "system", (), "slots/{name}"),
    "assignment": Kind("Serving", 8, SlotAssignment, "slot__system", ("slot",), "", ("cause", "revision")),
    "prediction_batch": Kind(
        "Predictions", 9, PredictionBatch, "slot__system", ("slot",), "", ("row_count", "digest")
    ),
}  # fmt: skip


def register(name: str, kind: Kind) -> None:
    """Called once, at start, by the application whose records these are."""
    KINDS[name] = kind


def nodes(kind: str, ids: Iterable[str], *, among: QuerySet[AISystem]) -> Iterator[Node]:
    """The nodes of these ids that belong to the systems given, in one query."""
    if kind == "code":
        yield from _code(ids, among)
        return
    one = KINDS[kind]
    rows = one.model._default_manager.filter(pk__in=list(ids)).select_related(*one.related).order_by("pk")
    if one.system is not None:
        rows = rows.filter(**{f"{one.system}__in": among})
    for row in rows:
        path = f"/api/v1/{one.path.format(id=row.pk, name=row)}" if one.path else ""
        facts = {fact.replace(".", " "): str(_value(row, fact)) for fact in one.facts}
        yield Node(Key(kind, str(row.pk)), str(row), getattr(row, "created_at", None), path, facts)


def _code(digests: Iterable[str], among: QuerySet[AISystem]) -> Iterator[Node]:
    """Code is no record of its own: every run names it by its digest."""
    runs = TrainingRun.objects.filter(code_digest__in=list(digests), model__system__in=among)
    for digest in runs.order_by("code_digest").values_list("code_digest", flat=True).distinct():
        yield Node(Key("code", digest), digest[:12], None, "", {"digest": digest})


def _value(row: Any, path: str) -> Any:
    for name in path.split("."):
        row = getattr(row, name)
    return row
