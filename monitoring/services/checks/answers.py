"""Whether the answers still look like those that the version gave to rows it had not seen."""

from functools import lru_cache

from monitoring.measures import drift, profiles
from monitoring.measures.profiles import Kind, Profile
from monitoring.services.checks import over_time
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Answers
from registry.models import ModelVersion


def look(question: Question) -> Finding:
    """Scores, and decisions where there are any, against those of the rows held out."""
    decides = question.task != ModelVersion.Task.REGRESSION
    profile = _profile(question.references.answers(question.version), decides)
    window = {"score": question.window.scores}
    if decides:
        window["decision"] = question.window.decisions
    report = drift.drift(
        profile,
        window,
        fdr=question.asked["fdr"],
        psi_floor=question.asked["psi_floor"],
        min_n=min(question.asked["min_n"], drift.MIN_N),
    )
    return over_time.judged(question, report)


@lru_cache(maxsize=32)
def _profile(answers: Answers, decides: bool) -> Profile:
    kinds: dict[str, Kind] = {"score": "numeric"}
    if decides:
        kinds["decision"] = "categorical"
    return profiles.make({"score": answers.score, "decision": answers.decision}, kinds)
