"""Evidence: what was measured on exactly which artifact and data, as items under one Merkle root."""

from django.db import models

from audit import guard
from registry.models.base import Job, Record
from registry.models.datasets import DatasetVersion
from registry.models.runs import ModelVersion


class Evaluation(Job):
    """The work of measuring one model version on one dataset version, alone or against another version."""

    class Split(models.TextChoices):
        HOLDOUT = "holdout", "the rows the run held out"
        ALL = "all", "every row"

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="evaluations")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="evaluations")
    split = models.CharField(max_length=8, choices=Split.choices, default=Split.HOLDOUT)
    against = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seed = models.BigIntegerField(default=0)
    settings = models.JSONField(
        default=dict, blank=True, help_text="what to measure beside performance and fairness: slices, robustness, more"
    )

    class Meta(Job.Meta):
        triggers = guard.governed("evaluation", operational=Job.OPERATIONAL)

    def __str__(self) -> str:
        return f"{self.model_version} on {self.dataset_version}"


class EvidenceSet(Record):
    """The outcome of one measurement; its root commits to every item."""

    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence_sets"
    )
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="evidence_sets")
    evaluation = models.OneToOneField(
        Evaluation, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence_set"
    )
    artifact_digest = models.CharField(max_length=64, blank=True)
    dataset_digest = models.CharField(max_length=64)
    against_digest = models.CharField(max_length=64, blank=True)
    produced_by = models.CharField(max_length=100)
    tool = models.CharField(max_length=200)
    root = models.CharField(max_length=64)

    class Meta(Record.Meta):
        triggers = guard.governed("evidence_set")

    def __str__(self) -> str:
        return f"Evidence about {self.model_version or self.dataset_version}"


class EvidenceItem(Record):
    """One figure with its interval and n, or one verdict; never changed, only superseded by newer evidence."""

    set = models.ForeignKey(EvidenceSet, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=40)
    metric = models.CharField(max_length=60, blank=True)
    split = models.CharField(max_length=20, blank=True)
    attribute = models.CharField(max_length=100, blank=True)
    group = models.CharField(max_length=100, blank=True)
    against = models.CharField(max_length=20, blank=True)
    value = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    n = models.BigIntegerField(null=True, blank=True)
    method = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64)

    class Meta(Record.Meta):
        ordering = ["id"]
        triggers = guard.governed("evidence_set", key="set_id")

    def __str__(self) -> str:
        return " ".join(part for part in (self.metric or self.kind, self.attribute, self.group) if part)
