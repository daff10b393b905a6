"""Do the trials of a search: each is a pure unit of work, and workers with one store share them."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from workers.pipelines import fitting, scoring
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.fitting import folds
from workers.pipelines.recipes import Recipe
from workers.pipelines.search import pruning
from workers.pipelines.search.proposing import earlier, proposals, total
from workers.pipelines.search.shared import Each, Fitting, Progress, Report, unreported
from workers.pipelines.trials import DONE, FAILED, OUTER, PRUNED, InMemory, Proposal, TrialResult, TrialStore

Split = tuple[Any, Any]
# What a library says of parameters that do not fit the data; anything else is a defect and is not hidden in a trial.
UNFIT = (ValueError, ArithmeticError, np.linalg.LinAlgError)


def run(shared: Fitting, store: TrialStore, progress: Progress, *, each: Each = map) -> list[TrialResult]:
    """Every trial of the search, finished by this worker or by others; none that is done is fitted again.

    Raises TrainingRefused where no trial could be fitted, or other workers hold trials and never end them.
    """
    recipe = shared.recipe
    while todo := proposals(recipe, store.done()):
        claimed = False
        for proposal in todo:
            if not store.claim(proposal.number, proposal.estimator, proposal.parameters):
                continue
            claimed = True
            before = earlier(recipe, store.done(), proposal.number)
            result = fit_trial(shared, proposal, before, progress=progress, report=store.report, each=each)
            store.finish(proposal.number, result)
        if not claimed and not store.wait():
            raise TrainingRefused("Trials are held by workers that do not end them.", "Run it again.")
    return sorted(store.done(), key=lambda result: result.number)


def fit_trial(
    shared: Fitting,
    proposal: Proposal,
    before: Sequence[TrialResult],
    *,
    progress: Progress,
    report: Report = unreported,
    each: Each = map,
) -> TrialResult:
    """What comes of one parameter set; the same on any worker. `before` are the results of earlier batches."""
    started = time.perf_counter()
    if proposal.estimator == OUTER:
        made = _outer(shared, proposal, progress)
    else:
        try:
            made = _compared(shared, proposal, before, progress, report, each)
        except UNFIT as error:
            made = {"state": FAILED, "failure": f"{type(error).__name__}: {error}"[:1000]}
    seconds = round(time.perf_counter() - started, 3)
    return TrialResult(proposal.number, proposal.estimator, dict(proposal.parameters), seconds=seconds, **made)


def best(shared: Fitting, results: Sequence[TrialResult]) -> TrialResult:
    """The trial with the best mean; the earlier one of equals, so that the choice is repeatable."""
    recipe = shared.recipe
    done = [result for result in results if result.state == DONE and result.estimator != OUTER]
    if not done:
        failures = sorted({result.failure for result in results if result.failure})
        raise TrainingRefused(f"No trial could be fitted: {'; '.join(failures)[:1000]}", "Change its parameters.")
    sign = 1 if recipe.higher_is_better else -1
    return max(done, key=lambda result: (sign * result.metrics[f"cv_{recipe.selected_by}_mean"], -result.number))


def _compared(
    shared: Fitting, proposal: Proposal, before: Sequence[TrialResult], progress: Progress, report: Report, each: Each
) -> dict[str, Any]:
    recipe = shared.recipe
    scored: list[dict[str, float]] = []
    reported: list[float] = []
    for scores in each(partial(fold_scores, shared, proposal), folds.splits(recipe, shared.sample)):
        scored.append(scores)
        reported.append(float(np.mean([fold[recipe.selected_by] for fold in scored])))
        _announce(shared, proposal, len(scored), progress)
        asked = report(proposal.number, len(scored), reported[-1])
        if asked or pruning.stops(recipe, before, reported):
            return {"state": PRUNED, "reported": reported}
    return {"state": DONE, "reported": reported, "metrics": scoring.summary(recipe.task, scored)}


def fold_scores(shared: Fitting, proposal: Proposal, split: Split) -> dict[str, float]:
    """Fit on one side of a split, judge on the other."""
    recipe, (train, test) = shared.recipe, split
    fitted = fitting.fit(recipe, shared.layout, proposal, shared.sample.take(train))
    seen = shared.sample.take(test)
    return scoring.score(
        recipe.task, seen.labels, fitting.answers(recipe, fitted, seen), threshold=recipe.threshold or 0.5
    )


def _outer(shared: Fitting, proposal: Proposal, progress: Progress) -> dict[str, Any]:
    """One outer fold: the whole search on its training rows, the chosen one judged on rows that no search saw."""
    recipe = shared.recipe
    number = proposal.parameters["fold"]
    train, test = folds.outer(recipe, shared.sample)[number - 1]
    inside = Fitting(_without_nesting(recipe), shared.layout, shared.sample.take(train))

    def heard(share: float, message: str) -> None:
        progress((number + share) / _parts(recipe), f"outer fold {number}, {message}")

    chosen = best(inside, run(inside, InMemory(), heard))
    scores = fold_scores(shared, Proposal(chosen.number, chosen.estimator, chosen.parameters), (train, test))
    return {"state": DONE, "metrics": scores, "reported": [scores[recipe.selected_by]]}


def _without_nesting(recipe: Recipe) -> Recipe:
    plain = {name: value for name, value in recipe.cross_validation.items() if name != "nested"}
    return replace(recipe, cross_validation=plain)


def _parts(recipe: Recipe) -> int:
    """The search itself, and as much again for each outer fold."""
    return 1 + int(recipe.cross_validation.get("nested", {}).get("folds", 0))


def _announce(shared: Fitting, proposal: Proposal, fold: int, progress: Progress) -> None:
    recipe = shared.recipe
    trials = total(recipe)
    done = (proposal.number - 1) * recipe.folds + fold
    message = f"candidate {proposal.number} of {trials}, fold {fold} of {recipe.folds}"
    progress(done / (trials * recipe.folds * _parts(recipe)), message)
