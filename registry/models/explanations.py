"""Why a model answers as it does: in general, for one decision, and what would have changed it."""

from django.db import models

from audit import guard
from registry.models.base import Job
from registry.models.datasets import Artifact, DatasetVersion
from registry.models.predictions import Prediction
from registry.models.runs import ModelVersion


class Explanation(Job):
    """A worker's answer to why; once it has succeeded it is kept and never made anew under the same id."""

    class Kind(models.TextChoices):
        GLOBAL = "global", "SHAP over many rows, permutation importance, partial dependence"
        DECISION = "decision", "SHAP of one decision"
        COUNTERFACTUAL = "counterfactual", "the nearest case that is decided otherwise"

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="explanations")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    prediction = models.ForeignKey(
        Prediction, on_delete=models.PROTECT, null=True, blank=True, related_name="explanations"
    )
    settings = models.JSONField(default=dict, blank=True)
    seed = models.BigIntegerField(default=0)
    content = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    attachment = models.ForeignKey(Artifact, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta(Job.Meta):
        triggers = guard.governed("explanation", operational=Job.OPERATIONAL)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.model_version}"
