"""A requested evaluation becomes evidence."""

from typing import TYPE_CHECKING

from celery import shared_task

from registry import artifacts
from registry.models import Evaluation, EvidenceItem, ModelVersion
from registry.services import evaluations, jobs
from workers.tasks import context
from workers.tasks.tables import load

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from monitoring.measures.estimate import Estimate
    from workers.pipelines.recipes import Recipe

FAIRNESS = {
    "selection_rate",
    "impact_ratio",
    "true_positive_rate",
    "false_positive_rate",
    "demographic_parity_difference",
    "equalized_odds_difference",
}


@shared_task(name="workers.evaluate")
def evaluate(pk: str) -> None:
    """Measure performance and fairness, and where asked the paired difference to another version."""
    from workers.pipelines import evaluate as evaluating  # scikit-learn loads with the first evaluation

    evaluation = jobs.claim(Evaluation, pk, actor=context.worker())
    if evaluation is None:
        return
    with context.refusals_of(evaluation):
        table = load(evaluation.dataset_version)
        version, rows = evaluation.model_version, _rows(evaluation, table)
        model = (artifacts.read(version.artifact_digest), _recipe(version))
        found = evaluating.evaluate(
            *model,
            table,
            rows=rows,
            sensitive=evaluation.dataset_version.dataset.sensitive_columns,
            seed=evaluation.seed,
            progress=jobs.reporter(evaluation),
        )
        items = [_item(one, evaluation.split) for one in found]
        if evaluation.against:
            champion = (artifacts.read(evaluation.against.artifact_digest), _recipe(evaluation.against))
            compared = evaluating.compare(model, champion, table, rows=rows, seed=evaluation.seed)
            items += [_compared(one, evaluation.split) for one in compared]
        evaluations.complete(evaluation, items=items, actor=context.worker(evaluation.request))


def _recipe(version: ModelVersion) -> "Recipe":
    from workers.pipelines import recipes  # as above

    return recipes.validate({**version.run.recipe, "seed": version.run.seed})


def _rows(evaluation: Evaluation, table: "pa.Table") -> "np.ndarray":
    """The row numbers to measure on: those the run held out, found again from its seed, or all."""
    import numpy as np

    from workers.pipelines import train  # as above

    if evaluation.split == Evaluation.Split.ALL:
        return np.arange(table.num_rows)
    recipe = _recipe(evaluation.model_version)
    return train.split(recipe, train.labels_of(recipe, table))[1]


def _item(one: "Estimate", split: str) -> EvidenceItem:
    return EvidenceItem(
        kind="fairness" if one.metric in FAIRNESS else "evaluation",
        metric=one.metric,
        split=split,
        attribute=one.attribute,
        group=one.group,
        value=one.value,
        low=one.low,
        high=one.high,
        confidence=one.confidence,
        n=one.n,
        method=one.method,
        fields=dict(one.detail),
    )


def _compared(one: "Estimate", split: str) -> EvidenceItem:
    item = _item(one, split)
    item.kind, item.against = "comparison", "champion"
    item.fields = {**item.fields, "paired": True}
    return item
