"""The inventory: what each AI system is for and how much is at stake."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import TextChoices  # by its own name: a system's `models` are its model families

from audit import guard
from registry.models.base import Record

name_validator = RegexValidator(
    r"^[a-z0-9]+(?:[-.][a-z0-9]+)*\Z", "Use lower-case letters, digits, hyphens and dots, such as 'credit-scoring'."
)


class AISystem(Record):
    """A use case with a purpose, an owner and a risk tier; everything else belongs to one."""

    class RiskTier(TextChoices):
        MINIMAL = "minimal"
        LIMITED = "limited"
        HIGH = "high"

    class Position(TextChoices):
        PROVIDER = "provider"
        DEPLOYER = "deployer"
        BOTH = "both", "provider and deployer"

    class Exposure(TextChoices):
        LOW = "low", "few people or little money"
        MEDIUM = "medium", "many people or real money"
        HIGH = "high", "a population, or what the house stands on"

    class Reliance(TextChoices):
        INFORMS = "informs", "informs a person"
        ADVISES = "advises", "advises a person who decides"
        DECIDES = "decides", "decides by itself"

    class Regime(TextChoices):
        EU_AI_ACT = "eu-ai-act", "EU AI Act"
        NIST_AI_RMF = "nist-ai-rmf", "NIST AI RMF"
        ISO_42001 = "iso42001", "ISO/IEC 42001"
        SR_26_2 = "sr-26-2", "SR 26-2 (supersedes SR 11-7)"
        PART_11 = "21cfr11", "21 CFR Part 11"
        GDPR = "gdpr", "GDPR"
        NYC_LL144 = "nyc-ll144", "NYC Local Law 144"

    name = models.CharField(max_length=100, unique=True, validators=[name_validator])
    purpose = models.TextField()
    risk_tier = models.CharField(max_length=8, choices=RiskTier.choices)
    position = models.CharField(max_length=8, choices=Position.choices, default=Position.BOTH)
    exposure = models.CharField(max_length=6, choices=Exposure.choices, default=Exposure.MEDIUM)
    reliance = models.CharField(max_length=7, choices=Reliance.choices, default=Reliance.ADVISES)
    personal_data = models.BooleanField(default=True)
    regimes = ArrayField(
        models.CharField(max_length=20, choices=Regime.choices),
        default=list,
        blank=True,
        help_text="what it is held to; the clauses of these are asked for",
    )
    legal_basis = models.TextField(blank=True)
    owner = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    registered_by = models.ForeignKey(
        "registry.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    classified_by = models.ForeignKey(
        "registry.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    classified_at = models.DateTimeField(
        null=True, blank=True, help_text="since when the tier counts; before, the system counts as high risk"
    )
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        verbose_name = "AI system"
        triggers = guard.governed("system")

    def __str__(self) -> str:
        return self.name

    @property
    def is_classified(self) -> bool:
        """Whether a risk officer, who is not the registrar, has said which tier it is."""
        return self.classified_at is not None

    @property
    def tier_in_force(self) -> str:
        """What policies and clauses read: the highest until the tier is confirmed, so that nobody picks the weakest."""
        return self.risk_tier if self.is_classified else self.RiskTier.HIGH
