"""The kinds of records that clauses may ask for, as data; higher floors add their own at start."""

from dataclasses import dataclass

from django.db.models import Model

from registry.models import (
    AISystem,
    Condition,
    Dataset,
    DatasetVersion,
    Decision,
    Emergency,
    Evaluation,
    EvidenceSet,
    Finding,
    Incident,
    ModelVersion,
    Outcome,
    PeriodicReview,
    PredictionBatch,
    PromotionRequest,
    RegisteredModel,
    Rollout,
    Slot,
    SlotAssignment,
    TrainingRun,
    Waiver,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record. system: the lookup to its system; at: the column that says how fresh it is."""

    model: type[Model]
    system: str
    at: str = "created_at"
    path: str = ""
    related: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "system": Kind(AISystem, "pk", path="systems"),
    "dataset": Kind(Dataset, "system", path="datasets"),
    "dataset_version": Kind(DatasetVersion, "dataset__system", path="dataset-versions", related=("dataset",)),
    "model": Kind(RegisteredModel, "system", path="models"),
    "training_run": Kind(TrainingRun, "model__system", path="runs", related=("model",)),
    "model_version": Kind(ModelVersion, "model__system", path="model-versions", related=("model",)),
    "evaluation": Kind(
        Evaluation, "model_version__model__system", path="evaluations",
        related=("model_version__model", "dataset_version__dataset"),
    ),
    "evidence_set": Kind(
        EvidenceSet, "dataset_version__dataset__system", path="evidence-sets",
        related=("model_version__model", "dataset_version__dataset"),
    ),
    "promotion": Kind(PromotionRequest, "slot__system", path="promotions", related=("model_version__model", "slot")),
    "decision": Kind(Decision, "promotion__slot__system", at="signed_at"),
    "finding": Kind(Finding, "model_version__model__system"),
    "waiver": Kind(Waiver, "promotion__slot__system"),
    "condition": Kind(Condition, "promotion__slot__system"),
    "review": Kind(
        PeriodicReview, "promotion__slot__system",
        related=("promotion__model_version__model", "promotion__slot", "emergency"),
    ),
    "emergency": Kind(Emergency, "slot__system", at="opened_at", related=("model_version__model", "slot")),
    "incident": Kind(Incident, "system", at="detected_at"),
    "slot": Kind(Slot, "system"),
    "assignment": Kind(SlotAssignment, "slot__system", at="since", related=("slot",)),
    "rollout": Kind(Rollout, "slot__system", path="rollouts", related=("slot",)),
    "prediction_batch": Kind(PredictionBatch, "slot__system", related=("slot",)),
    "outcome": Kind(Outcome, "prediction__slot__system", at="at"),
}  # fmt: skip


def register(name: str, kind: Kind) -> None:
    """Called once, at start, by the application whose records these are."""
    KINDS[name] = kind
