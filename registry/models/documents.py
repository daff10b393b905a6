"""What people add to documents that are otherwise renderings, and which clauses they hold for not applicable."""

from django.db import models

from audit import guard
from registry.models.signatures import Signed
from registry.models.systems import AISystem


class CardText(Signed):
    """A section of a model card or datasheet that only a person can write; the newest of a section counts."""

    class Subject(models.TextChoices):
        MODEL_VERSION = "model_version", "model version"
        DATASET_VERSION = "dataset_version", "dataset version"

    subject_type = models.CharField(max_length=16, choices=Subject.choices)
    subject_id = models.UUIDField()
    section = models.CharField(max_length=40)
    text = models.TextField()

    class Meta(Signed.Meta):
        indexes = [models.Index(fields=["subject_type", "subject_id", "section"], name="card_text_subject")]
        triggers = guard.governed("card_text")

    def __str__(self) -> str:
        return self.section


class ClauseExemption(Signed):
    """A person's signed word that a clause does not apply to a system, and why."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="exemptions")
    clause = models.CharField(max_length=120)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta(Signed.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["system", "clause"], condition=models.Q(withdrawn_at=None), name="one_exemption_per_clause"
            )
        ]
        triggers = guard.governed("clause_exemption")

    def __str__(self) -> str:
        return f"{self.clause} does not apply to {self.system}"
