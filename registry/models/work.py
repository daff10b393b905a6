"""What long work leaves beside its row: lines of its log, trials that are done, and runs done again."""

from django.db import models

from audit import guard
from registry.models.base import Job, Record
from registry.models.runs import TrainingRun


class JobLine(models.Model):
    """One line of a job's log. Not governed: it tells how the work went, not what came of it."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    id = models.BigAutoField(primary_key=True)
    job = models.UUIDField(help_text="the id of the job's row, whatever its kind")
    attempt = models.PositiveSmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.INFO)
    text = models.TextField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["job", "id"], name="job_line_of_job")]

    def __str__(self) -> str:
        return self.text


class Trial(models.Model):
    """One parameter set of a run's search: any worker may take it, and once done it is never fitted again.

    Not governed: the run's event commits to what was chosen, and its metrics name every trial.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        PRUNED = "pruned"
        FAILED = "failed"

    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="trials")
    number = models.PositiveIntegerField()
    estimator = models.CharField(max_length=60)
    parameters = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    reported = models.JSONField(default=list, blank=True, help_text="a value for each step, as pruning compares them")
    metrics = models.JSONField(default=dict, blank=True)
    failure = models.TextField(default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="trial_number_in_run")]

    def __str__(self) -> str:
        return f"Trial {self.number} of {self.run}"


class Reproduction(Job):
    """A run done again on a worker, and what came out the same."""

    class Verdict(models.TextChoices):
        BIT_IDENTICAL = "bit_identical", "bit-identical"
        WITHIN_TOLERANCE = "within_tolerance", "within tolerance"
        DIFFERENT = "different"

    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="reproductions")
    verdict = models.CharField(max_length=16, choices=Verdict.choices, blank=True)
    first_difference = models.JSONField(default=dict, blank=True, help_text="what differed first, with both values")
    compared = models.JSONField(default=dict, blank=True, help_text="each thing compared, with its digest both times")
    environment = models.JSONField(default=dict, blank=True)

    class Meta(Job.Meta):
        triggers = guard.governed("reproduction", operational=Job.OPERATIONAL)

    def __str__(self) -> str:
        return f"{self.run} again"


class Pipeline(Record):
    """One definition from source to candidate: data, contract, recipe, evaluation, and who it is drafted for."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        RETIRED = "retired"

    system = models.ForeignKey("registry.AISystem", on_delete=models.PROTECT, related_name="pipelines")
    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    due_at = models.DateTimeField(null=True, blank=True)
    registered_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["system", "name", "version"], name="pipeline_version")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="active"), name="pipeline_due")]
        triggers = guard.governed("pipeline", operational=("due_at",))

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class PipelineRun(Job):
    """One pass of a pipeline: each step's job by id, until there is a candidate and, where wanted, a draft request."""

    class Cause(models.TextChoices):
        REQUESTED = "requested"
        SCHEDULE = "schedule"
        MONITOR = "monitor", "a monitor's alert"

    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="runs")
    cause = models.CharField(max_length=12, choices=Cause.choices, default=Cause.REQUESTED)
    cause_id = models.CharField(max_length=64, blank=True, help_text="the alert that asked for it")
    steps = models.JSONField(default=list, blank=True, help_text="each step: name, state, what it made")
    model_version = models.ForeignKey(
        "registry.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    promotion = models.ForeignKey(
        "registry.PromotionRequest", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta(Job.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "cause", "cause_id"],
                condition=~models.Q(cause_id=""),
                name="pipeline_run_once_a_cause",
            )
        ]
        triggers = guard.governed("pipeline_run", operational=(*Job.OPERATIONAL, "steps"))

    def __str__(self) -> str:
        return f"{self.pipeline} at {self.created_at:%Y-%m-%d %H:%M}"
