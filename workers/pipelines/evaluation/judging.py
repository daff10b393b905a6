"""One evaluation from end to end: score the rows once, then measure all that was asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from workers.pipelines.evaluation import curves, deeper, figures, findings, subject
from workers.pipelines.evaluation.findings import Finding
from workers.pipelines.evaluation.question import Question
from workers.pipelines.evaluation.subject import Progress, Subject


def judge(question: Question, progress: Progress) -> list[Finding]:
    """Performance, fairness by each sensitive column and pair, the comparison, and what the settings ask for beside.

    On the model as it will be served. Raises EvaluationRefused for what cannot be measured as asked.
    """
    asked, judged = question.settings, question.subject
    if question.champion is not None:
        figures.check_comparable(judged, question.champion)  # before the hours that the rest may take
    part = subject.sample(question.table, question.rows)
    people = subject.groups(part, question.sensitive)
    progress(0.0, f"score {part.num_rows} rows")
    truth, inputs = judged.truth(part), judged.inputs(part)
    answers = judged.answers(inputs)
    progress(0.1, "performance")
    found = findings.of("evaluation", figures.performance_of(judged, truth, answers, options=question.options))
    progress(0.3, "fairness")
    found += findings.of("fairness", figures.fairness_of(judged, truth, answers, people, options=question.options))
    if question.champion is not None:
        progress(0.35, "comparison")
        found += list(_against(question.champion, judged, answers, part, truth, question.options))
    if "slices" in asked:
        progress(0.4, "slices")
        sliced = figures.by_slice(judged, truth, answers, part, asked=asked["slices"], options=question.options)
        found += findings.of("slice", sliced)
    if asked["curves"]:
        progress(0.45, "curves")
        found += curves.of(judged, truth, answers, confidence=asked["confidence"])
    found += deeper.of(question, part, (truth, inputs, answers), progress)
    progress(1.0, "evaluated")
    return found


def _against(
    champion: Subject, judged: Subject, answers: Any, part: pa.Table, truth: Any, options: Mapping[str, Any]
) -> Iterator[Finding]:
    theirs = champion.answers(champion.inputs(part))
    for one in figures.compared((judged, answers), (champion, theirs), truth, options=options):
        yield Finding("comparison", one, paired=True)
