"""Training: what was asked, with which data, code, seed and environment, and what came out."""

from django.db import models

from audit import guard
from registry.models.base import Job, Record
from registry.models.datasets import Artifact, DatasetVersion
from registry.models.systems import AISystem, name_validator


class RegisteredModel(Record):
    """A family of versions that serve one purpose of one system."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="models")
    name = models.CharField(max_length=100, unique=True, validators=[name_validator])
    description = models.TextField(blank=True)

    class Meta(Record.Meta):
        triggers = guard.governed("model")

    def __str__(self) -> str:
        return self.name


class TrainingRun(Job):
    """One reproducible fit; a run that succeeds has registered a model version."""

    class Cause(models.TextChoices):
        REQUESTED = "requested"
        PIPELINE = "pipeline"
        SCHEDULE = "schedule"
        MONITOR = "monitor", "a monitor's alert"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="runs")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="runs")
    recipe = models.JSONField()
    recipe_digest = models.CharField(max_length=64)
    seed = models.BigIntegerField()
    cause = models.CharField(max_length=12, choices=Cause.choices, default=Cause.REQUESTED)
    limits = models.JSONField(
        default=dict, blank=True, help_text="at most: seconds, cpu_seconds, memory_bytes; empty where the server's hold"
    )
    cost = models.JSONField(
        default=dict, blank=True, help_text="what it took: seconds, cpu_seconds, memory_peak_bytes, trials"
    )
    code_digest = models.CharField(max_length=64, blank=True)
    environment = models.JSONField(default=dict, blank=True)
    environment_digest = models.CharField(max_length=64, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=dict, blank=True)

    class Meta(Job.Meta):
        triggers = guard.governed("training_run", operational=Job.OPERATIONAL)

    def __str__(self) -> str:
        return f"Run {str(self.id)[-8:]} of {self.model}"


class ModelVersion(Record):
    """An immutable artifact with its input schema and the run it came from; retired, never deleted."""

    class Lifecycle(models.TextChoices):
        REGISTERED = "registered"
        RETIRED = "retired"
        PURGED = "purged", "purged: the artifact is gone, the record stays"

    class Format(models.TextChoices):
        ONNX = "onnx"

    class Task(models.TextChoices):
        BINARY = "binary_classification", "binary classification"
        MULTICLASS = "multiclass_classification", "multiclass classification"
        REGRESSION = "regression"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    run = models.OneToOneField(TrainingRun, on_delete=models.PROTECT, related_name="version")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="model_versions")
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    artifact_digest = models.CharField(max_length=64)
    format = models.CharField(max_length=8, choices=Format.choices, default=Format.ONNX)
    task = models.CharField(max_length=32, choices=Task.choices, default=Task.BINARY)
    input_schema = models.JSONField()
    output_schema = models.JSONField(default=list)
    threshold = models.FloatField(default=0.5)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, default=Lifecycle.REGISTERED)
    trained_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="model_version_number")]
        triggers = guard.governed("model_version")

    def __str__(self) -> str:
        return f"{self.model} v{self.number}"
