"""Train a model as a recipe says: hold out, cross-validate, search, refit, convert and prove the conversion."""

import hashlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from workers.pipelines import (
    curves,
    export,
    fitting,
    folds,
    labels,
    mitigation,
    predict,
    preparation,
    sample,
    scoring,
    search,
    thresholds,
)
from workers.pipelines.errors import Cancelled, TrainingRefused
from workers.pipelines.labels import Class
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample
from workers.pipelines.search import Each, Fitting, Progress
from workers.pipelines.search.shared import Report, unreported
from workers.pipelines.trials import OUTER, InMemory, Proposal, TrialResult, TrialStore

PARITY_ROWS = 1_000
THRESHOLD = 0.5
Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Inputs:
    """A table made ready for any trial of a recipe: its training rows, and which rows are held out."""

    shared: Fitting
    whole: Sample
    classes: list[Class] | None
    train_index: Rows
    holdout_index: Rows


@dataclass(frozen=True)
class Trained:
    """A model with everything needed to judge it and to train it again; plain values but for pipeline and indexes.

    `threshold` divides two classes and is None for other tasks; `classes` are in the order of the probabilities.
    """

    pipeline: Pipeline
    onnx: bytes
    onnx_digest: str
    task: str
    estimator: str
    parameters: dict[str, Any]
    classes: list[Class] | None
    threshold: float | None
    input_schema: list[dict[str, Any]]
    output_schema: list[dict[str, Any]]
    metrics: dict[str, float]
    trials: list[dict[str, Any]]
    train_index: Rows
    holdout_index: Rows
    train_digest: str
    splits: dict[str, dict[str, Any]]
    parity: dict[str, Any]
    preparation: list[dict[str, Any]]
    trade_off: list[dict[str, Any]]
    curves: list[dict[str, Any]]
    warnings: list[str]
    seconds: dict[str, float] = field(compare=False)


class Clock:
    """The seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 3)


def never() -> bool:
    """Nobody asks to stop."""
    return False


def train(
    recipe: Recipe,
    table: pa.Table,
    progress: Progress,
    *,
    trials: TrialStore | None = None,
    cancelled: Callable[[], bool] = never,
    each: Each = map,
) -> Trained:
    """The same bytes for the same recipe, rows, code and libraries, however many workers shared the trials and however
    often the work was interrupted; raises TrainingRefused, ConversionRefused, or Cancelled.

    Everything runs on one thread: sums made in another order would not be the same bits.
    """
    clock, heard = Clock(), _heard(progress, cancelled)
    with threadpool_limits(limits=1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with clock.step("prepare"):
            ready = inputs(recipe, table)
        with clock.step("search"):
            store = trials or InMemory()
            results = search.run(ready.shared, store, lambda share, step: heard(0.8 * share, step), each=each)
            chosen = search.best(ready.shared, results)
        with clock.step("fit"):
            heard(0.8, "fit on all training rows")
            proposal = Proposal(chosen.number, chosen.estimator, chosen.parameters)
            pipeline, trade_off = _final(ready, proposal)
            threshold, drawn = _threshold(ready, proposal)
        with clock.step("convert"):
            heard(0.9, "convert to ONNX")
            model = _converted(pipeline)
        with clock.step("verify"):
            heard(0.95, "compare the converted model with the trained one")
            parity = export.verify(pipeline, model, _checked(ready), threshold)
    progress(1.0, "trained")
    seen = ready.shared.sample
    return Trained(
        pipeline=pipeline,
        onnx=model,
        onnx_digest=hashlib.sha256(model).hexdigest(),
        task=recipe.task,
        estimator=chosen.estimator,
        parameters=dict(chosen.parameters),
        classes=ready.classes,
        threshold=threshold,
        input_schema=preparation.input_schema(ready.shared.layout, seen.rows),
        output_schema=output_schema(recipe, ready.classes),
        metrics={**chosen.metrics, **_nested(recipe, results)},
        trials=[result.document for result in results],
        train_index=ready.train_index,
        holdout_index=ready.holdout_index,
        train_digest=_digest(recipe, seen),
        splits={"train": _described(ready.train_index), "holdout": _described(ready.holdout_index)},
        parity=asdict(parity),
        preparation=preparation.report(pipeline, seen.rows, ready.shared.layout),
        trade_off=trade_off,
        curves=[*drawn, *curves.of(pipeline)],
        warnings=sorted({f"{warning.category.__name__}: {warning.message}" for warning in caught}),
        seconds=clock.seconds,
    )


def help(
    recipe: Recipe,
    table: pa.Table,
    progress: Progress,
    *,
    trials: TrialStore,
    cancelled: Callable[[], bool] = never,
    each: Each = map,
) -> None:
    """Take trials of a search that another worker leads, until none is left. Raises as `train` does."""
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # Warnings are the leader's to keep: it sees those of the final fit.
        warnings.simplefilter("ignore")
        search.run(inputs(recipe, table).shared, trials, _heard(progress, cancelled), each=each)


def fit_trial(
    recipe: Recipe,
    ready: Inputs,
    proposal: Proposal,
    *,
    before: Sequence[TrialResult] = (),
    progress: Progress = lambda share, step: None,
    report: Report = unreported,
) -> TrialResult:
    """One trial alone, a pure unit of work; `before` are the results of earlier batches (search.earlier)."""
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return search.fit_trial(ready.shared, proposal, before, progress=progress, report=report)


def inputs(recipe: Recipe, table: pa.Table) -> Inputs:
    """The table as the recipe's trials need it; raises TrainingRefused where it cannot be trained on."""
    classes = labels.classes_of(recipe, table)
    answers = labels_of(recipe, table, classes)
    beside = sample.beside(recipe, table)
    _refuse_few(recipe, answers, classes)
    layout = preparation.bind(recipe.plan, table)
    rows = predict.inputs(table, layout).rows
    preparation.refuse_unusable(layout, rows)
    whole = Sample(rows, answers, **beside)
    train_index, holdout_index = folds.holdout(recipe, whole)
    return Inputs(Fitting(recipe, layout, whole.take(train_index)), whole, classes, train_index, holdout_index)


def holdout_rows(recipe: Recipe, table: pa.Table) -> Rows:
    """The numbers of the rows that a run on this table held out, found again from the recipe, sorted."""
    whole = Sample(np.empty((table.num_rows, 0)), labels_of(recipe, table), **sample.beside(recipe, table))
    return folds.holdout(recipe, whole)[1]


def labels_of(recipe: Recipe, table: pa.Table, classes: Sequence[Class] | None = None) -> np.ndarray[Any, Any]:
    """The label of each row as `labels.labels_of` reads it."""
    return labels.labels_of(recipe, table, classes)


def output_schema(recipe: Recipe, classes: list[Class] | None) -> list[dict[str, Any]]:
    """What the model answers, an entry an answer."""
    if not recipe.classifies:
        return [{"name": "value", "type": "number"}]
    if recipe.binary:
        score = {"name": "score", "type": "number", "minimum": 0, "maximum": 1}
        return [score, {"name": "decision", "type": "integer", "values": [0, 1]}]
    probabilities = {"name": "probabilities", "type": "number", "minimum": 0, "maximum": 1, "classes": classes}
    return [{"name": "label", "type": "integer", "classes": classes}, probabilities]


def _final(ready: Inputs, proposal: Proposal) -> tuple[Pipeline, list[dict[str, Any]]]:
    """The fit on all training rows; under a constraint, with what each candidate trades."""
    recipe, layout, seen = ready.shared.recipe, ready.shared.layout, ready.shared.sample
    if not recipe.mitigation:
        return fitting.fit(recipe, layout, proposal, seen), []
    pipeline, found = fitting.mitigated(recipe, layout, proposal, seen)
    held = ready.whole.take(ready.holdout_index)
    samples = {
        "train": (pipeline[0].transform(seen.rows), seen),
        "holdout": (pipeline[0].transform(held.rows), held),
    }
    reference = fitting.unfitted(recipe, layout, proposal)[-1].fit(samples["train"][0], seen.labels)
    return pipeline, mitigation.trade_off(recipe, found, reference, samples)


def _threshold(ready: Inputs, proposal: Proposal) -> tuple[float | None, list[dict[str, Any]]]:
    """As declared, or chosen on the answers of the folds' models to rows that they did not see."""
    shared, recipe = ready.shared, ready.shared.recipe
    if not recipe.threshold_rule:
        return recipe.threshold, []
    answers, truths = [], []
    for train, test in folds.splits(recipe, shared.sample):
        unseen = shared.sample.take(test)
        fitted = fitting.fit(recipe, shared.layout, proposal, shared.sample.take(train))
        answers.append(fitting.answers(recipe, fitted, unseen))
        truths.append(unseen.labels)
    answer, truth = np.concatenate(answers), np.concatenate(truths)
    chosen, worth = thresholds.choose(recipe.threshold_rule, truth, answer)
    return chosen, [curves.threshold(recipe.threshold_rule, truth, answer, chosen, worth)]


def _nested(recipe: Recipe, results: Sequence[TrialResult]) -> dict[str, float]:
    """The honest estimate of the whole procedure, search included, where the recipe asks for it."""
    outer = [dict(result.metrics) for result in results if result.estimator == OUTER]
    return scoring.summary(recipe.task, outer, prefix="nested") if outer else {}


def _converted(pipeline: Pipeline) -> bytes:
    with warnings.catch_warnings():
        # The converter asks support vectors for probabilities that they do not have.
        warnings.filterwarnings("ignore", "Attribute `prob[AB]_` was deprecated", FutureWarning)
        return export.to_onnx(pipeline)


def _heard(progress: Progress, cancelled: Callable[[], bool]) -> Progress:
    def said(share: float, step: str) -> None:
        if cancelled():
            raise Cancelled("Somebody asked the training to stop.")
        progress(share, step)

    return said


def _checked(ready: Inputs) -> predict.Rows:
    enough = len(ready.holdout_index) >= PARITY_ROWS
    return ready.whole.rows[ready.holdout_index] if enough else ready.whole.rows


def _refuse_few(recipe: Recipe, answers: Any, classes: list[Class] | None) -> None:
    share, count = recipe.holdout["share"], recipe.cross_validation["folds"]
    if classes is None:
        if len(answers) * min(share, (1 - share) / count) < 1:
            raise TrainingRefused(
                f"The data has {len(answers)} rows: too few for {count} folds and a holdout.", "Bring more."
            )
        return
    counts = np.bincount(answers, minlength=len(classes))
    fewest = int(counts.min())
    # Each fold and the holdout must see every class.
    if fewest * min(share, (1 - share) / count) < 1:
        which = f"rarer class of {recipe.label!r}" if recipe.binary else f"class {classes[int(counts.argmin())]!r}"
        raise TrainingRefused(
            f"The {which} has {fewest} rows: too few for {count} folds and a holdout.",
            "Bring more rows of that class, or use fewer folds.",
        )


def _described(index: Rows) -> dict[str, Any]:
    return {"rows": len(index), "digest": hashlib.sha256(index.astype("<i8").tobytes()).hexdigest()}


def _digest(recipe: Recipe, seen: Sample) -> str:
    """Hex SHA-256 of exactly what was fitted on: the rows, then the labels (a byte each where there are two)."""
    kind = "<f8" if not recipe.classifies else "i1" if recipe.binary else "<i8"
    return hashlib.sha256(predict.digest(seen.rows) + seen.labels.astype(kind).tobytes()).hexdigest()
