"""Searches: what is proposed depends on finished batches only, and what is finished is never fitted again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.workers.pipelines.tables import quiet, recipe_for, shipped
from workers.pipelines import recipes, search
from workers.pipelines.errors import Cancelled, TrainingRefused
from workers.pipelines.recipes import Recipe
from workers.pipelines.search import pruning
from workers.pipelines.training import inputs, train
from workers.pipelines.trials import OUTER, InMemory, TrialResult

TASK = "binary_classification"
WIDE = {"C": {"low": 0.0001, "high": 10, "log": True}}
KINDS: dict[str, dict[str, Any]] = {
    "grid": {"kind": "grid", "parameters": {"C": [0.01, 0.1, 1.0, 10.0]}},
    "random": {"kind": "random", "trials": 4, "parameters": WIDE},
    "bayesian": {"kind": "bayesian", "trials": 6, "batch": 2, "parameters": WIDE},
    "pruned": {
        "kind": "random",
        "trials": 8,
        "batch": 2,
        "parameters": WIDE,
        "pruning": {"kind": "median", "startup": 2},
    },
}


def searched(kind: str, **more: Any) -> Recipe:
    return recipes.validate(recipe_for(TASK, "logistic_regression", search=KINDS[kind], **more))


class Counting(InMemory):
    """A store that counts what was claimed, and stops the work after so many."""

    def __init__(self, finished: list[TrialResult], most: int) -> None:
        super().__init__(finished)
        self.claimed, self.most = 0, most

    def claim(self, number: int, estimator: str, parameters: Mapping[str, Any]) -> bool:
        if self.claimed == self.most:
            raise Cancelled("killed")
        self.claimed += 1
        return super().claim(number, estimator, parameters)


def done(number: int, *reported: float, state: str = "done") -> TrialResult:
    return TrialResult(number, "logistic_regression", {}, state, reported=list(reported))


@pytest.mark.parametrize("kind", KINDS)
def test_train_interrupted_and_resumed_gives_the_bytes_of_one_run(kind: str) -> None:
    recipe, table = searched(kind, cross_validation={"folds": 3}), shipped(TASK)
    whole = train.train(recipe, table, quiet)
    first = Counting([], most=3)
    with pytest.raises(Cancelled):
        train.train(recipe, table, quiet, trials=first)
    second = Counting(first.done(), most=100)
    again = train.train(recipe, table, quiet, trials=second)
    assert (again.onnx, again.trials, again.metrics) == (whole.onnx, whole.trials, whole.metrics)
    assert second.claimed == len(whole.trials) - 3


def test_fit_trial_by_other_workers_in_any_order_gives_the_bytes_of_one_run() -> None:
    recipe, table = searched("bayesian"), shipped(TASK)
    ready, store = inputs.of(recipe, table), InMemory()
    while todo := search.proposals(recipe, store.done()):
        for proposal in reversed(todo):
            before = search.earlier(recipe, store.done(), proposal.number)
            store.finish(proposal.number, train.fit_trial(recipe, ready, proposal, before=before))
    shared = train.train(recipe, table, quiet, trials=store)
    alone = train.train(recipe, table, quiet)
    assert (shared.onnx, shared.trials) == (alone.onnx, alone.trials)


def test_help_does_every_trial_and_leaves_none() -> None:
    recipe, store = searched("grid"), InMemory()
    train.help(recipe, shipped(TASK), quiet, trials=store)
    assert [result.number for result in store.done()] == [1, 2, 3, 4]
    assert search.proposals(recipe, store.done()) == []


def test_proposals_of_grid_keep_the_recipes_other_parameters() -> None:
    recipe = searched("grid", estimator={"name": "logistic_regression", "parameters": {"max_iter": 50}})
    made = [proposal.parameters for proposal in search.proposals(recipe, [])]
    assert made == [{"max_iter": 50, "C": value} for value in (0.01, 0.1, 1.0, 10.0)]


def test_proposals_of_several_algorithms_are_each_searched() -> None:
    document = recipe_for(TASK, "logistic_regression", search={"kind": "random", "trials": 2})
    del document["estimator"]
    document["algorithms"] = [{"name": "logistic_regression", "search": WIDE}, {"name": "gaussian_nb"}]
    recipe = recipes.validate(document)
    made = search.proposals(recipe, [])
    assert [(one.number, one.estimator) for one in made] == [
        (1, "logistic_regression"),
        (2, "logistic_regression"),
        (3, "gaussian_nb"),
    ]
    assert train.train(recipe, shipped(TASK), quiet).estimator == "logistic_regression"


def test_stops_median_compares_with_earlier_trials_at_the_same_fold() -> None:
    recipe = searched("pruned", cross_validation={"folds": 3})
    earlier = [done(1, 0.9, 0.9, 0.9), done(2, 0.7, 0.7, 0.7)]
    assert not pruning.stops(recipe, earlier, [0.8])
    assert pruning.stops(recipe, earlier, [0.79])
    assert not pruning.stops(recipe, earlier[:1], [0.1])
    assert not pruning.stops(recipe, earlier, [0.1, 0.1, 0.1])


def test_stops_successive_halving_lets_one_in_reduction_go_on_from_each_rung() -> None:
    rule = {"kind": "successive_halving", "startup": 3, "reduction": 2}
    recipe = recipes.validate(
        recipe_for(
            TASK, "logistic_regression", search=KINDS["random"] | {"pruning": rule}, cross_validation={"folds": 5}
        )
    )
    earlier = [done(1, 0.9, 0.9), done(2, 0.8, 0.8), done(3, 0.7, state="pruned")]
    assert not pruning.stops(recipe, earlier, [0.85])
    assert pruning.stops(recipe, earlier, [0.75])
    assert not pruning.stops(recipe, earlier, [0.85, 0.1, 0.1])


def test_train_nested_reports_the_outer_folds_apart() -> None:
    recipe = searched("grid", cross_validation={"folds": 2, "nested": {"folds": 2}})
    trained = train.train(recipe, shipped(TASK), quiet)
    outer = [trial for trial in trained.trials if trial["estimator"] == OUTER]
    assert [trial["number"] for trial in outer] == [5, 6]
    mean = sum(trial["metrics"]["roc_auc"] for trial in outer) / 2
    assert trained.metrics["nested_roc_auc_mean"] == pytest.approx(mean)
    assert 0.97 < mean < 1


def test_train_trial_that_cannot_be_fitted_fails_alone() -> None:
    grid = {"kind": "grid", "parameters": {"n_neighbors": [3, 200]}}
    document = recipe_for("multiclass_classification", "k_neighbors", search=grid)
    trained = train.train(recipes.validate(document), shipped("multiclass_classification"), quiet)
    assert [trial["state"] for trial in trained.trials] == ["done", "failed"]
    assert trained.trials[1]["failure"].startswith("ValueError: Expected n_neighbors <= n_samples_fit")


def test_run_every_trial_failed_is_refused_with_the_cause() -> None:
    document = recipe_for("multiclass_classification", "k_neighbors")
    document["estimator"]["parameters"] = {"n_neighbors": 200}
    with pytest.raises(TrainingRefused, match="No trial could be fitted: ValueError: Expected n_neighbors"):
        train.train(recipes.validate(document), shipped("multiclass_classification"), quiet)


def test_train_cancelled_raises_and_fits_no_more() -> None:
    store = InMemory()
    with pytest.raises(Cancelled):
        train.train(searched("grid"), shipped(TASK), quiet, trials=store, cancelled=lambda: True)
    assert store.done() == []


def test_best_of_equals_is_the_first() -> None:
    ready = inputs.of(searched("grid"), shipped(TASK))
    results = [replace(done(number, 0.9), metrics={"cv_roc_auc_mean": 0.9}) for number in (2, 1, 3)]
    assert search.best(ready.shared, results).number == 1
