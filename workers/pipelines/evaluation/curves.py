"""The curves of a model's answers by task, as findings that hold their points."""

from monitoring.measures import curves
from workers.pipelines.evaluation import findings
from workers.pipelines.evaluation.figures import Truth
from workers.pipelines.evaluation.findings import Finding
from workers.pipelines.evaluation.subject import BINARY, REGRESSION, Answers, Subject

CLASSES_AT_MOST = 20


def of(subject: Subject, truth: Truth, answers: Answers, *, confidence: float) -> list[Finding]:
    """ROC, precision-recall, calibration, gain and the confusion matrix; of several classes each against the rest; of
    numbers the true against the predicted."""
    if subject.task == REGRESSION:
        found = curves.residuals(truth, answers.score)
        return [findings.curve(found, method="equal-mass bins")] if found else []
    drawn = _of_score(truth, answers.score, confidence, "") if subject.task == BINARY else []
    if subject.task != BINARY:
        for place, name in enumerate(subject.classes[:CLASSES_AT_MOST]):
            drawn += _of_score(truth == place, answers.probabilities[:, place], confidence, str(name))
    cells = curves.confusion(truth, answers.decision, classes=subject.classes, confidence=confidence)
    return [
        *drawn,
        findings.document("curve", "confusion_matrix", cells, n=len(truth), method="Clopper-Pearson, each share alone"),
    ]


def _of_score(positive: Truth, score: Truth, confidence: float, group: str) -> list[Finding]:
    found = [curves.roc(positive, score), curves.precision_recall(positive, score), curves.gain(positive, score)]
    drawn = [findings.curve(one, group=group) for one in found if one is not None]
    calibrated = curves.calibration(positive, score, confidence=confidence)
    if calibrated is not None:
        drawn.append(findings.curve(calibrated, group=group, method="equal-mass bins, Wilson, each bin alone"))
    return drawn
