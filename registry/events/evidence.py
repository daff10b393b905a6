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


class ExplanationRequested(Event, name="explanation.requested"):
    """Somebody asked why: of a version in general, of one decision, or what would have changed it."""

    model_version: str
    kind: str
    prediction: str | None
    replay_of: str | None


class ExplanationStarted(Event, name="explanation.started"):
    """A worker took the explanation."""

    attempt: int


class ExplanationSucceeded(Event, name="explanation.succeeded"):
    """The explanation is kept; made again of another, it says whether the same came out."""

    content: str
    same: bool | None


class ExplanationFailed(Event, name="explanation.failed"):
    """The question could not be answered."""

    attempt: int


class ExplanationCancelled(Event, name="explanation.cancelled"):
    """The explanation was stopped; nothing is said."""

    attempt: int
