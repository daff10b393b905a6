"""Measurements and what they found."""

from audit.events import Event


class EvaluationRequested(Event, name="evaluation.requested"):
    """A measurement was asked for."""

    model_version: str
    dataset: str
    against: str | None


class EvaluationStarted(Event, name="evaluation.started"):
    """A worker took the evaluation."""

    attempt: int


class EvaluationSucceeded(Event, name="evaluation.succeeded"):
    """The measurement became evidence."""

    evidence_set: str


class EvaluationFailed(Event, name="evaluation.failed"):
    """The measurement ended without evidence."""

    attempt: int


class EvidenceRecorded(Event, name="evidence_set.recorded"):
    """Figures were fixed under a Merkle root, bound to artifact and data by digest."""

    artifact: str
    dataset: str
    root: str
    items: int
