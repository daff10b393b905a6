"""What takes long, and loads its libraries only where it is asked for: robustness, attacks on privacy, explanations."""

from collections.abc import Iterator

import pyarrow as pa

from monitoring.measures.estimate import Estimate
from workers.ingestion import leakage
from workers.pipelines.evaluation import findings, subject
from workers.pipelines.evaluation.figures import Truth
from workers.pipelines.evaluation.findings import Finding
from workers.pipelines.evaluation.question import Question
from workers.pipelines.evaluation.subject import Answers, Progress
from workers.pipelines.matrices import Inputs

Scored = tuple[Truth, Inputs, Answers]


def of(question: Question, part: pa.Table, scored: Scored, progress: Progress) -> list[Finding]:
    """Whatever the settings ask for, in a fixed order."""
    asked, found = question.settings, []
    if asked["leakage"]:
        progress(0.5, "leakage")
        found += list(_leakage(question))
    if "robustness" in asked:
        found += list(_robustness(question, scored, progress))
    if "explanations" in asked:
        progress(0.85, "explanations")
        found += list(_explanations(question, part, progress))
    return found


def _robustness(question: Question, scored: Scored, progress: Progress) -> Iterator[Finding]:
    from workers.pipelines.robustness import adversarial, figures, membership

    asked, (truth, inputs, answers) = question.settings["robustness"], scored
    progress(0.55, "robustness")
    worse = figures.of(question.subject, truth, inputs, answers, asked=asked, options=question.options)
    yield from findings.of("robustness", worse)
    shared = {"confidence": question.settings["confidence"], "seed": question.seed}
    if "adversarial" in asked:
        progress(0.65, "adversarial examples")
        turned = adversarial.of(question.subject, truth, inputs, asked=asked["adversarial"], **shared)
        yield from findings.of("robustness", turned)
    if "membership" in asked and len(question.seen):
        progress(0.8, "membership inference")
        fitted = subject.sample(question.table, question.seen)
        members = question.subject.truth(fitted), question.subject.inputs(fitted)
        rows = asked["membership"]["rows"]
        given_away = membership.of(question.subject, members, (truth, inputs), rows=rows, **shared)
        yield from findings.of("privacy_attack", given_away)


def _explanations(question: Question, part: pa.Table, progress: Progress) -> Iterator[Finding]:
    from workers.pipelines.explain import explaining, settings

    asked = settings.validate("global", question.settings["explanations"])
    told = explaining.in_general(
        question.subject, part, asked, seed=question.seed,
        progress=lambda share, words: progress(0.85 + 0.14 * share, words),
    )  # fmt: skip
    yield from findings.of("explanation", told.figures)
    for curve in told.content["partial_dependence"]:
        name = f"{curve['feature']} {curve['output']}" if len(told.content["outputs"]) > 1 else curve["feature"]
        yield findings.document(
            "curve", "partial_dependence", curve, n=curve["n"], method="partial dependence with quantiles of rows",
            attribute="feature", group=name[:100],
        )  # fmt: skip


def _leakage(question: Question) -> Iterator[Finding]:
    """Rows that the model was fitted on and is judged on too, and columns that give the label away.

    Only where the rows judged are those that the run held out: of other data there is no split to look at.
    """
    if not len(question.seen):
        return
    recipe = question.subject.recipe
    leaks = leakage.find(
        question.table, label=recipe.label, features=list(recipe.features), train=question.seen, holdout=question.rows
    )
    for one in leaks:
        place = "feature" if one.column else ""
        detail = {**one.detail, "suspect": one.suspect}
        figure = Estimate(one.metric, one.value, None, None, 0.0, one.n, one.method, place, one.column)
        yield Finding("leakage", figure, detail)
