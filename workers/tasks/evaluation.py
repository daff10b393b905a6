"""A requested evaluation becomes evidence."""

from typing import TYPE_CHECKING

from celery import shared_task

from registry.models import Evaluation, EvidenceItem
from registry.services import evaluations, jobs
from workers.tasks import context
from workers.tasks.subjects import subject_of
from workers.tasks.tables import load

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from workers.pipelines.evaluation.findings import Finding
    from workers.pipelines.evaluation.subject import Subject


@shared_task(name="workers.evaluate")
def evaluate(pk: str) -> None:
    """Measure performance and fairness, the paired difference to another version, and what else the settings ask."""
    from workers.pipelines.evaluation import judging, settings  # scikit-learn loads with the first evaluation
    from workers.pipelines.evaluation.question import Question

    evaluation = jobs.claim(Evaluation, pk, actor=context.worker())
    if evaluation is None:
        return
    with context.refusals_of(evaluation):
        table = load(evaluation.dataset_version)
        judged = subject_of(evaluation.model_version)
        question = Question(
            subject=judged,
            table=table,
            rows=_rows(evaluation, judged, table),
            sensitive=evaluation.dataset_version.dataset.sensitive_columns,
            settings=settings.validate(evaluation.settings),
            seed=evaluation.seed,
            champion=subject_of(evaluation.against) if evaluation.against else None,
            held_out=evaluation.split == Evaluation.Split.HOLDOUT,
        )
        found = judging.judge(question, jobs.reporter(evaluation))
        items = [item(one, split=evaluation.split) for one in found]
        evaluations.complete(evaluation, items=items, actor=context.worker(evaluation.request))


def item(finding: "Finding", *, split: str) -> EvidenceItem:
    """A finding as a row that no set holds yet."""
    one = finding.figure
    return EvidenceItem(
        kind=finding.kind,
        metric=one.metric,
        split=split,
        attribute=one.attribute,
        group=one.group,
        against="champion" if finding.paired else "",
        value=one.value,
        low=one.low,
        high=one.high,
        confidence=one.confidence or None,
        n=one.n,
        method=one.method,
        fields={**one.detail, **finding.fields, **({"paired": True} if finding.paired else {})},
    )


def _rows(evaluation: Evaluation, judged: "Subject", table: "pa.Table") -> "np.ndarray":
    """The row numbers to measure on: those the run held out, found again from its seed, or all."""
    import numpy as np

    from workers.pipelines.training import inputs  # as above

    if evaluation.split == Evaluation.Split.ALL:
        return np.arange(table.num_rows)
    return inputs.holdout_rows(judged.recipe, table)
