"""What a search tries, in batches: the trials of a batch depend on those of earlier batches only, never on who is fast.

Bergstra et al., "Algorithms for Hyper-Parameter Optimization" (2011) for the Bayesian search, as Optuna has it.
"""

import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid

from workers.pipelines import seeds
from workers.pipelines.recipes import Algorithm, Recipe, spaces
from workers.pipelines.trials import DONE, OUTER, PRUNED, Proposal, TrialResult

# A number of the search, its algorithm's place in the recipe, and its place among the algorithm's own trials.
Slot = tuple[int, int, int]
DRAWS_PER_TRIAL = 20


def proposals(recipe: Recipe, done: Sequence[TrialResult]) -> list[Proposal]:
    """What is to be tried now: what is missing of the first incomplete batch; nothing once the search is over.

    A function of the recipe and the finished trials alone, so any worker finds the same.
    """
    finished = {result.number for result in done}
    for batch in batches(recipe):
        if any(number not in finished for number, _, _ in batch):
            made = _proposed(recipe, batch, earlier(recipe, done, batch[0][0]))
            return [proposal for proposal in made if proposal.number not in finished]
    return [proposal for proposal in outer(recipe) if proposal.number not in finished]


def batches(recipe: Recipe) -> list[list[Slot]]:
    """Every trial's number and place; an algorithm with fewer trials is done in an earlier batch than the others."""
    counts = [count(recipe, algorithm) for algorithm in recipe.algorithms]
    size = recipe.search.get("batch", max(counts))
    numbers = itertools.count(1)
    made = []
    for start in range(0, max(counts), size):
        places = [
            (position, place) for position, of in enumerate(counts) for place in range(start, min(start + size, of))
        ]
        made.append([(next(numbers), position, place) for position, place in places])
    return made


def earlier(recipe: Recipe, done: Sequence[TrialResult], number: int) -> list[TrialResult]:
    """The results of the batches before the one that the number is in, in the order of their numbers."""
    first = max((batch[0][0] for batch in batches(recipe) if batch[0][0] <= number), default=1)
    return sorted((result for result in done if result.number < first), key=lambda result: result.number)


def outer(recipe: Recipe) -> list[Proposal]:
    """The folds of a nested cross-validation, numbered after the search's own trials."""
    first = total(recipe) + 1
    folds = recipe.cross_validation.get("nested", {}).get("folds", 0)
    return [Proposal(first + fold, OUTER, {"fold": fold + 1}) for fold in range(folds)]


def total(recipe: Recipe) -> int:
    """How many parameter sets are tried, over all algorithms."""
    return sum(count(recipe, algorithm) for algorithm in recipe.algorithms)


def count(recipe: Recipe, algorithm: Algorithm) -> int:
    """How many are tried of one algorithm."""
    if not algorithm.space:
        return 1
    if recipe.search["kind"] == "bayesian":
        return int(recipe.search["trials"])
    return len(_listed(recipe, algorithm))


def _proposed(recipe: Recipe, batch: list[Slot], before: Sequence[TrialResult]) -> list[Proposal]:
    made: list[Proposal] = []
    for position, slots in itertools.groupby(batch, key=lambda slot: slot[1]):
        algorithm, places = recipe.algorithms[position], list(slots)
        points = _points(recipe, position, before, places)
        made += [
            Proposal(number, algorithm.name, {**algorithm.parameters, **point})
            for (number, _, _), point in zip(places, points, strict=True)
        ]
    return made


def _points(recipe: Recipe, position: int, before: Sequence[TrialResult], places: list[Slot]) -> list[dict[str, Any]]:
    algorithm = recipe.algorithms[position]
    if not algorithm.space:
        return [{} for _ in places]
    if recipe.search["kind"] == "bayesian":
        return _asked(recipe, position, before, len(places))
    listed = _listed(recipe, algorithm)
    return [listed[place] for _, _, place in places]


def _listed(recipe: Recipe, algorithm: Algorithm) -> list[dict[str, Any]]:
    if recipe.search["kind"] == "grid":
        return list(ParameterGrid(dict(algorithm.space)))
    return _random(recipe, algorithm)


def _random(recipe: Recipe, algorithm: Algorithm) -> list[dict[str, Any]]:
    """Points drawn without repetition; fewer than asked for where the space has no more."""
    position = recipe.algorithms.index(algorithm)
    generator = seeds.generator(recipe.seed, f"random search {position}")
    drawn: list[dict[str, Any]] = []
    for _ in range(recipe.search["trials"] * DRAWS_PER_TRIAL):
        point = {
            name: _draw(generator, wanted, whole=spaces.whole(recipe.task, algorithm.name, name))
            for name, wanted in sorted(algorithm.space.items())
        }
        if point not in drawn:
            drawn.append(point)
        if len(drawn) == recipe.search["trials"]:
            break
    return drawn


def _draw(generator: np.random.Generator, wanted: Any, *, whole: bool) -> Any:
    if isinstance(wanted, list):
        return wanted[int(generator.integers(len(wanted)))]
    low, high = float(wanted["low"]), float(wanted["high"])
    if whole and not wanted.get("log"):
        return int(generator.integers(int(low), int(high) + 1))
    if wanted.get("log"):
        # Rounding may reach just beyond an end.
        value = min(max(float(np.exp(generator.uniform(np.log(low), np.log(high)))), low), high)
    else:
        value = float(generator.uniform(low, high))
    return round(value) if whole else value


def _asked(recipe: Recipe, position: int, before: Sequence[TrialResult], wanted: int) -> list[dict[str, Any]]:
    """The next points after these results: the study is lived through again, batch by batch, from the one seed."""
    import optuna  # brings SQLAlchemy, which only this search needs

    algorithm = recipe.algorithms[position]
    told = {result.number: result for result in before}
    size = recipe.search["batch"]
    optuna.logging.disable_propagation()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = seeds.spawned(recipe.seed, f"bayesian search {position}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=seed, multivariate=True, constant_liar=True, n_startup_trials=2 * size
        )
    study = optuna.create_study(direction="maximize" if recipe.higher_is_better else "minimize", sampler=sampler)
    spread = _distributions(recipe, algorithm, optuna.distributions)
    own = [[slot for slot in batch if slot[1] == position] for batch in batches(recipe)]
    for slots in own:
        if not all(number in told for number, _, _ in slots):
            break
        asked = [study.ask(spread) for _ in slots]
        for trial, (number, _, _) in zip(asked, slots, strict=True):
            _tell(study, trial, told[number], optuna.trial.TrialState)
    return [_point(algorithm, study.ask(spread).params) for _ in range(wanted)]


def _tell(study: Any, trial: Any, result: TrialResult, states: Any) -> None:
    for step, value in enumerate(result.reported):
        trial.report(value, step)
    if result.state == DONE:
        study.tell(trial, result.reported[-1])
    else:
        study.tell(trial, state=states.PRUNED if result.state == PRUNED else states.FAIL)


def _distributions(recipe: Recipe, algorithm: Algorithm, distributions: Any) -> dict[str, Any]:
    made = {}
    for name, wanted in sorted(algorithm.space.items()):
        if isinstance(wanted, list):
            # By their place: values of a list may be lists themselves.
            made[name] = distributions.CategoricalDistribution(list(range(len(wanted))))
        elif spaces.whole(recipe.task, algorithm.name, name):
            log = wanted.get("log", False)
            made[name] = distributions.IntDistribution(int(wanted["low"]), int(wanted["high"]), log=log)
        else:
            made[name] = distributions.FloatDistribution(wanted["low"], wanted["high"], log=wanted.get("log", False))
    return made


def _point(algorithm: Algorithm, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: algorithm.space[name][value] if isinstance(algorithm.space[name], list) else value
        for name, value in asked.items()
    }
