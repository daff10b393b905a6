"""The governed entities, one file a noun."""

from registry.models.accounts import Grant, User
from registry.models.datasets import Artifact, Dataset, DatasetVersion, Ingestion, SubjectMark
from registry.models.deployments import Rollout, Slot, SlotAssignment
from registry.models.documents import CardText, ClauseExemption
from registry.models.duties import Comment, Delegation, Recusal, ReviewTask
from registry.models.evidence import Evaluation, EvidenceItem, EvidenceSet
from registry.models.explanations import Explanation
from registry.models.findings import Condition, Finding, Waiver
from registry.models.holds import Hold
from registry.models.policies import PolicyVersion
from registry.models.predictions import FailedRequest, Outcome, Prediction, PredictionBatch
from registry.models.promotions import Decision, GateResult, PromotionRequest
from registry.models.reviews import Emergency, Incident, PeriodicReview
from registry.models.runs import ModelVersion, RegisteredModel, TrainingRun
from registry.models.signatures import Signature, SigningFactor
from registry.models.sources import DataSource, Upload
from registry.models.subscriptions import Delivery, Subscription
from registry.models.systems import AISystem
from registry.models.work import JobLine, Pipeline, PipelineRun, Reproduction, Trial

__all__ = [
    "AISystem",
    "Artifact",
    "CardText",
    "ClauseExemption",
    "Comment",
    "Condition",
    "DataSource",
    "Dataset",
    "DatasetVersion",
    "Decision",
    "Delegation",
    "Delivery",
    "Emergency",
    "Evaluation",
    "EvidenceItem",
    "EvidenceSet",
    "Explanation",
    "FailedRequest",
    "Finding",
    "GateResult",
    "Grant",
    "Hold",
    "Incident",
    "Ingestion",
    "JobLine",
    "ModelVersion",
    "Outcome",
    "PeriodicReview",
    "Pipeline",
    "PipelineRun",
    "PolicyVersion",
    "Prediction",
    "PredictionBatch",
    "PromotionRequest",
    "Recusal",
    "RegisteredModel",
    "Reproduction",
    "ReviewTask",
    "Rollout",
    "Signature",
    "SigningFactor",
    "Slot",
    "SlotAssignment",
    "SubjectMark",
    "Subscription",
    "TrainingRun",
    "Trial",
    "Upload",
    "User",
    "Waiver",
]
