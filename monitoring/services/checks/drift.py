"""Whether the inputs still look like the data that the version learned from."""

from monitoring.measures import drift
from monitoring.services import columns
from monitoring.services.checks import over_time
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question


def look(question: Question) -> Finding:
    """Every column that has a distribution, against its reference profile."""
    profile = question.references.inputs(question.version)
    asked = question.asked
    report = drift.drift(
        profile,
        columns.of_rows(question.window.features, question.version.input_schema),
        fdr=asked["fdr"],
        psi_floor=asked["psi_floor"],
        min_n=min(asked["min_n"], drift.MIN_N),
    )
    return over_time.judged(question, report)
