"""What data looked like when a version was approved, kept once and read by every check."""

from django.db import models

from audit import guard
from registry.models import DatasetVersion, ModelVersion
from registry.models.base import Record


class ReferenceProfile(Record):
    """A profile of a dataset version, or of a model's answers on the rows it held out: content-addressed bytes."""

    class Kind(models.TextChoices):
        INPUTS = "inputs", "the columns of the dataset"
        ANSWERS = "answers", "the version's answers on rows it did not see, with their truth"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="reference_profiles")
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="reference_profiles"
    )
    definition = models.CharField(max_length=64, help_text="the digest of what was asked for: columns, kinds, bins")
    digest = models.CharField(max_length=64, help_text="the profile's bytes in the artifact store")
    n = models.PositiveBigIntegerField()

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "dataset_version", "model_version", "definition"],
                nulls_distinct=False,
                name="one_profile_per_definition",
            )
        ]
        triggers = guard.governed("reference_profile")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.model_version or self.dataset_version}"
