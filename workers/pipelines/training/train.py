"""Train a model as a recipe says: hold out, cross-validate, search, refit, convert and prove the conversion."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from workers.pipelines import fitting, matrices, search
from workers.pipelines.errors import Cancelled
from workers.pipelines.fitting import folds, mitigation
from workers.pipelines.recipes import Recipe
from workers.pipelines.search import Each, Progress
from workers.pipelines.search.shared import Report, unreported
from workers.pipelines.training import curves, export, inputs, thresholds, trained
from workers.pipelines.training.inputs import Inputs
from workers.pipelines.training.trained import Found, Trained
from workers.pipelines.trials import InMemory, Proposal, TrialResult, TrialStore

PARITY_ROWS = 1_000


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
            ready = inputs.of(recipe, table)
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
    return trained.of(
        ready,
        Found(chosen, results, pipeline, model, threshold, asdict(parity), trade_off, [*drawn, *curves.of(pipeline)]),
        caught=caught,
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
        search.run(inputs.of(recipe, table).shared, trials, _heard(progress, cancelled), each=each)


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


def _checked(ready: Inputs) -> matrices.Rows:
    enough = len(ready.holdout_index) >= PARITY_ROWS
    return ready.whole.rows[ready.holdout_index] if enough else ready.whole.rows
