"""A question why, answered."""

from typing import TYPE_CHECKING, Any

from celery import shared_task

from registry.models import Explanation
from registry.services import explanations, jobs
from registry.serving import decoding
from workers.tasks import context
from workers.tasks.subjects import subject_of
from workers.tasks.tables import load

if TYPE_CHECKING:
    from workers.pipelines.evaluation.subject import Subject
    from workers.pipelines.matrices import Inputs


@shared_task(name="workers.explain")
def explain(pk: str) -> None:
    """Explain a version in general, one of its decisions, or what would have changed it."""
    explanation = jobs.claim(Explanation, pk, actor=context.worker())
    if explanation is None:
        return
    with context.refusals_of(explanation):
        content = _content(explanation, subject_of(explanation.model_version))
        explanations.complete(explanation, content=content, actor=context.worker(explanation.request))


def _content(explanation: Explanation, judged: "Subject") -> dict[str, Any]:
    from workers.pipelines.explain import explaining, settings  # shap loads with the first explanation

    asked = settings.validate(explanation.kind, explanation.settings)
    table, progress = load(explanation.dataset_version), jobs.reporter(explanation)
    if explanation.kind == Explanation.Kind.GLOBAL:
        return explaining.in_general(judged, table, asked, seed=explanation.seed, progress=progress).content
    case = _case(explanation)
    if explanation.kind == Explanation.Kind.DECISION:
        return explaining.one_decision(judged, case, table, asked, seed=explanation.seed, progress=progress)
    sensitive = explanation.dataset_version.dataset.sensitive_columns
    return explaining.otherwise(judged, case, table, asked, sensitive=sensitive, seed=explanation.seed)


def _case(explanation: Explanation) -> "Inputs":
    """The features of the prediction, decoded as they were when it was made."""
    import numpy as np

    from workers.pipelines.matrices import Inputs  # as above

    assert explanation.prediction is not None
    schema = explanation.model_version.input_schema
    plain = decoding.is_plain(schema)
    made = decoding.inputs([explanation.prediction.features], schema, plain=plain)
    none = np.zeros((1, 0), dtype=np.float32)  # of a model that takes texts alone
    return Inputs(made.get("features", none), made.get("texts"))
