"""The inventory: what each AI system is for and how much is at stake."""

from django.core.validators import RegexValidator
from django.db import models

from audit import guard
from registry.models.base import Record

name_validator = RegexValidator(
    r"^[a-z0-9]+(?:[-.][a-z0-9]+)*\Z", "Use lower-case letters, digits, hyphens and dots, such as 'credit-scoring'."
)


class AISystem(Record):
    """A use case with a purpose, an owner and a risk tier; everything else belongs to one."""

    class RiskTier(models.TextChoices):
        MINIMAL = "minimal"
        LIMITED = "limited"
        HIGH = "high"

    name = models.CharField(max_length=100, unique=True, validators=[name_validator])
    purpose = models.TextField()
    risk_tier = models.CharField(max_length=8, choices=RiskTier.choices)
    legal_basis = models.TextField(blank=True)
    owner = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        verbose_name = "AI system"
        triggers = guard.governed("system")

    def __str__(self) -> str:
        return self.name
