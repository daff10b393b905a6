"""Whether the version still answers for the reasons that were looked at when it was approved."""

import numpy as np

from monitoring.measures import attributions
from monitoring.measures.estimate import Estimate
from monitoring.services.checks import finding
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Attributions, Missing
from registry.models import Explanation, ModelVersion

Task = ModelVersion.Task


def look(question: Question) -> Finding:
    """How far the shares of the features in the attributions have moved from the version's newest global explanation.

    Told beside it: the rank correlation of both, and what spoke most against those who were refused.
    """
    known = _known(question.version)
    models = question.references.at_hand()
    found = models.attributions(question.version, question.window.features, background=question.asked["background"])
    absent = sorted(set(found.features) - known.keys())
    if absent:
        raise Missing(f"The stored explanation says nothing of {', '.join(absent)}; have the version explained anew.")
    reference = np.array([known[name] for name in found.features])
    try:
        figures = attributions.compare(found.values, reference, found.features)
    except ValueError as error:
        raise Missing(f"The answers cannot be explained: {error}.") from error
    if question.task == Task.BINARY:
        figures += _reasons(question, found)
    return finding.against(question.window, [(figures[0], "<=", question.asked["distance_at_most"])], figures)


def _known(version: ModelVersion) -> dict[str, float]:
    """The mean size of each feature's attributions as stored. Raises Missing."""
    explained = Explanation.objects.filter(
        model_version=version, kind=Explanation.Kind.GLOBAL, state=Explanation.State.SUCCEEDED
    )
    newest = explained.order_by("-id").first()
    if newest is None:
        raise Missing("The version has no global explanation to compare with; ask for one.")
    return {line["feature"]: line["value"] for line in newest.content["importance"]}


def _reasons(question: Question, found: Attributions) -> list[Estimate]:
    refused = question.window.decisions == 0
    return attributions.reasons(found.values[refused, :, 0], found.features)
