"""Whether a model gives away which rows it was trained on; attacks of the adversarial-robustness-toolbox.

References: S. Yeom and others, CSF 2018 (by the loss); R. Shokri and others, IEEE S&P 2017 (by a model of the answers).
"""

import warnings
from typing import Any

import numpy as np

from monitoring.measures import multiclass, performance
from monitoring.measures.estimate import Estimate
from workers.pipelines.evaluation.figures import Truth
from workers.pipelines.evaluation.subject import REGRESSION, Answers, Subject
from workers.pipelines.matrices import Inputs

Floats = np.ndarray[Any, np.dtype[np.float64]]
FEWEST = 50


def of(
    subject: Subject,
    members: tuple[Truth, Inputs],
    others: tuple[Truth, Inputs],
    *,
    rows: int,
    confidence: float,
    seed: int,
) -> list[Estimate]:
    """The area under the attacker's ROC curve, by DeLong: 0.5 is guessing, 1 is knowing every member.

    As many members as others, at most `rows` in all. The attack by the loss learns nothing and is judged on all; the
    one by the answers learns on half of the rows and is judged on the other half. Nothing where a side is too small.
    """
    count = min(rows // 2, len(members[1]), len(others[1]))
    if count < FEWEST:
        return []
    generator = np.random.default_rng(seed)
    sides = [_drawn(side, generator.permutation(len(side[1]))[:count]) for side in (members, others)]
    answered = [subject.answers(inputs) for _, inputs in sides]
    loss = np.concatenate([_losses(subject, truth, one) for (truth, _), one in zip(sides, answered, strict=True)])
    member = np.repeat([1.0, 0.0], count)
    found = [_area("loss_threshold", member, -loss, confidence)]
    if subject.task != REGRESSION:
        score, judged = _learned(subject, sides, count, seed)
        found.append(_area("black_box_forest", member[judged], score, confidence))
    return found


def _learned(subject: Subject, sides: Any, count: int, seed: int) -> tuple[Floats, Any]:
    """What a forest that saw the model's answers on half of both sides says of the other half, and which rows it is."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PyTorch not found", category=UserWarning)
        from art.attacks.inference.membership_inference import MembershipInferenceBlackBox
        from art.estimators.classification import BlackBoxClassifier
    from sklearn.ensemble import RandomForestClassifier

    (seen_truth, seen), (new_truth, new) = sides
    half = count // 2
    store = Inputs(np.concatenate([seen.features, new.features]), _texts(seen, new))

    def answered(numbers: Any) -> Any:
        # The toolbox hands rows about as arrays: a row goes by its number, so that texts come along.
        return _shares(subject, subject.answers(store[np.asarray(numbers)[:, 0].astype(np.int64)]))

    classes = max(2, len(subject.classes))
    forest = RandomForestClassifier(n_estimators=100, max_depth=6, random_state=seed % 2**32, n_jobs=1)
    attack = MembershipInferenceBlackBox(
        BlackBoxClassifier(answered, (1,), classes), input_type="prediction", attack_model_type="rf", scaler_type=None
    )
    attack.attack_model = forest  # the same model with a seed: the toolbox's own has none
    number = np.arange(2 * count, dtype=np.float32)[:, None]
    truth = np.concatenate([seen_truth, new_truth]).astype(np.int64)
    fit = slice(0, half), slice(count, count + half)
    attack.fit(number[fit[0]], truth[fit[0]], number[fit[1]], truth[fit[1]])
    judged = np.concatenate([np.arange(half, count), np.arange(count + half, 2 * count)])
    told = attack.infer(number[judged], truth[judged], probabilities=True)
    return np.asarray(told, dtype=np.float64).reshape(len(judged), -1)[:, -1], judged


def _shares(subject: Subject, answers: Answers) -> Floats:
    return answers.probabilities if subject.task != REGRESSION else answers.score[:, None]


def _losses(subject: Subject, truth: Truth, answers: Answers) -> Floats:
    if subject.task == REGRESSION:
        return np.square(answers.score - truth)
    return multiclass.losses(np.asarray(truth, dtype=np.int64), answers.probabilities)


def _area(attack: str, member: Floats, score: Floats, confidence: float) -> Estimate:
    # Only the ranking counts: the attacker's score is no probability.
    found = performance.binary_classification(member, score, confidence=confidence, draws=1)[0]
    return Estimate(
        "attack_auc", found.value, found.low, found.high, confidence, found.n, found.method, "attack", attack,
        {key: value for key, value in found.detail.items() if key in ("positives", "negatives", "reason")},
    )  # fmt: skip


def _drawn(side: tuple[Truth, Inputs], picked: Any) -> tuple[Truth, Inputs]:
    return side[0][picked], side[1][picked]


def _texts(one: Inputs, other: Inputs) -> Any:
    return None if one.texts is None or other.texts is None else np.concatenate([one.texts, other.texts])
