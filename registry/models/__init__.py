"""The governed entities, one file a noun."""

from registry.models.accounts import Grant, User
from registry.models.datasets import Artifact, Dataset, DatasetVersion, Ingestion
from registry.models.deployments import Rollout, Slot, SlotAssignment
from registry.models.evidence import Evaluation, EvidenceItem, EvidenceSet
from registry.models.policies import PolicyVersion
from registry.models.predictions import Outcome, Prediction, PredictionBatch
from registry.models.promotions import Decision, GateResult, PromotionRequest
from registry.models.runs import ModelVersion, RegisteredModel, TrainingRun
from registry.models.systems import AISystem

__all__ = [
    "AISystem",
    "Artifact",
    "Dataset",
    "DatasetVersion",
    "Decision",
    "Evaluation",
    "EvidenceItem",
    "EvidenceSet",
    "GateResult",
    "Grant",
    "Ingestion",
    "ModelVersion",
    "Outcome",
    "PolicyVersion",
    "Prediction",
    "PredictionBatch",
    "PromotionRequest",
    "RegisteredModel",
    "Rollout",
    "Slot",
    "SlotAssignment",
    "TrainingRun",
    "User",
]
