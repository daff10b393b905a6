"""Explanations of the census model and of models whose answer is known by hand."""

import dataclasses
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from tests import onnx_files
from workers.pipelines import recipes
from workers.pipelines.errors import EvaluationInvalid, EvaluationRefused
from workers.pipelines.evaluation.subject import Subject
from workers.pipelines.explain import dependence, explaining, importance, parts, settings, shapley
from workers.pipelines.matrices import Inputs
from workers.pipelines.recipes import Recipe

if TYPE_CHECKING:
    from workers.pipelines.training.trained import Trained

WEIGHTS = (0.9, -0.4, 0.0)
NAMES = ["AGE", "DEBT", "SHOE"]


def quiet(share: float, message: str) -> None:
    """Nobody watches."""


@pytest.fixture
def logistic() -> Subject:
    """A model of three numbers, the third of which it does not look at."""
    document = {"task": "binary_classification", "label": "paid", "features": dict.fromkeys(NAMES, "numeric"),
                "estimator": {"name": "logistic_regression"}}  # fmt: skip
    schema = [{"name": name, "type": "numeric"} for name in NAMES]
    return Subject(onnx_files.logistic(WEIGHTS, -0.2), recipes.validate(document), 0.5, schema)


@pytest.fixture
def people() -> pa.Table:
    generator = np.random.default_rng(3)
    columns = {name: generator.normal(size=200) for name in NAMES}
    logit = 0.9 * columns["AGE"] - 0.4 * columns["DEBT"] - 0.2
    return pa.table({**columns, "paid": (generator.random(200) < 1 / (1 + np.exp(-logit))).astype(int)})


@pytest.fixture
def subject(trained: "Trained", recipe: Recipe) -> Subject:
    return Subject(trained.onnx, recipe, 0.5, trained.input_schema)


def case(*values: float) -> Inputs:
    return Inputs(np.array([values], dtype=np.float32))


def slow_shapley(pool: parts.Pool, row: int, background: np.ndarray) -> list[float]:
    """Every coalition of three features, as the definition has it."""
    places = range(len(pool.parts))

    def worth(known: tuple[int, ...]) -> float:
        ids = pool.own(background)
        ids[:, list(known)] = row
        return float(pool.answers(ids).mean())

    def of(place: int) -> float:
        others = [one for one in places if one != place]
        return sum(
            factorial(size) * factorial(len(others) - size) / factorial(len(others) + 1)
            * (worth((*known, place)) - worth(known))
            for size in range(len(others) + 1) for known in combinations(others, size)
        )  # fmt: skip

    return [of(place) for place in places]


def test_shapley_values_are_those_of_the_definition(logistic: Subject, people: pa.Table) -> None:
    pool = parts.pool(logistic, logistic.inputs(people))
    background = np.arange(50, 70)
    found = shapley.explain(pool, np.array([0, 1]), background, seed=1, progress=quiet)
    for place, row in enumerate((0, 1)):
        assert found.values[place, :, 0] == pytest.approx(slow_shapley(pool, row, background), abs=0.01)
        assert found.values[place].sum() + found.expected[0] == pytest.approx(pool.answers(pool.own([row]))[0, 0])


def test_shapley_leaves_the_global_generator_as_it_was(logistic: Subject, people: pa.Table) -> None:
    pool = parts.pool(logistic, logistic.inputs(people))
    before = np.random.get_state()[1].tolist()  # type: ignore[index]
    shapley.explain(pool, np.array([0]), np.arange(10), seed=1, progress=quiet)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]


def test_decision_adds_up_to_the_answer_and_an_unused_feature_adds_nothing(logistic: Subject, people: pa.Table) -> None:
    told = explaining.one_decision(
        logistic, case(1.0, 0.5, 9.0), people, settings.validate("decision", {}), seed=5, progress=quiet
    )
    added = {one["feature"]: one["contribution"][0] for one in told["contributions"]}
    assert told["answer"][0] == pytest.approx(1 / (1 + np.exp(-(0.9 - 0.2 - 0.2))), abs=1e-6)
    assert sum(added.values()) + told["expected"][0] == pytest.approx(told["answer"][0], abs=1e-6)
    assert (added["SHOE"], next(iter(added))) == (0.0, "AGE")


def test_decision_twice_is_the_same_and_another_seed_is_another(subject: Subject, census: pa.Table) -> None:
    row = subject.inputs(census)[:1]
    asked = settings.validate("decision", {"background": 10})
    first, again, other = (
        explaining.one_decision(subject, row, census, asked, seed=seed, progress=quiet) for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_general_explanation_of_the_census_names_age_first(subject: Subject, census: pa.Table) -> None:
    asked = settings.validate("global", {"rows": 20, "background": 8, "grid": 4})
    found = explaining.in_general(subject, census, asked, seed=7, progress=quiet)
    assert found == explaining.in_general(subject, census, asked, seed=7, progress=quiet)
    told = found.content
    assert {one["feature"] for one in told["importance"][:4]} & {"AGEP", "DIS"}
    assert all(one["low"] <= one["value"] <= one["high"] for one in told["importance"])
    age = next(one for one in told["partial_dependence"] if one["feature"] == "AGEP")
    assert (len(age["grid"]), len(age["mean"]), age["grid"]) == (4, 4, sorted(age["grid"]))


def test_permutation_importance_of_an_unused_feature_is_nought(logistic: Subject, people: pa.Table) -> None:
    pool = parts.pool(logistic, logistic.inputs(people))
    truth = people["paid"].to_numpy()
    found = {one.group: one for one in importance.permutation(pool, np.arange(200), truth, confidence=0.95, draws=200,
                                                              seed=0)}  # fmt: skip
    assert (found["SHOE"].value, found["SHOE"].low, found["SHOE"].high) == (0.0, 0.0, 0.0)
    assert (found["AGE"].low or 0.0) > 0.0


def test_partial_dependence_of_a_logistic_rises_with_its_weight(logistic: Subject, people: pa.Table) -> None:
    pool = parts.pool(logistic, logistic.inputs(people))
    curves = {one["feature"]: one for one in dependence.partial(pool, np.arange(200), points=5)}
    assert curves["AGE"]["mean"] == sorted(curves["AGE"]["mean"])
    assert len(set(curves["SHOE"]["mean"])) == 1
    middle = curves["AGE"]["quantiles"]
    assert all(low <= high for low, high in zip(middle["0.1"], middle["0.9"], strict=True))


def counterfactual(subject: Subject, table: pa.Table, row: Inputs, **asked: Any) -> dict[str, Any]:
    return explaining.otherwise(
        subject, row, table, settings.validate("counterfactual", asked), sensitive=["SEX"], seed=0
    )


def test_counterfactual_changes_only_what_may_change_and_reaches_the_target(
    logistic: Subject, people: pa.Table
) -> None:
    told = counterfactual(logistic, people, case(-0.5, 0.8, 0.0), mutable={"DEBT": "any", "AGE": "any"})
    nearest = told["nearest"][0]
    assert told["found"]
    assert told["answer"][0] < 0.5 <= nearest["answer"][0]
    assert {change["feature"] for change in nearest["changes"]} <= {"AGE", "DEBT"}
    assert told["nearest"] == sorted(told["nearest"], key=lambda one: one["distance"])


def test_counterfactual_is_as_near_as_the_nearest_of_all(logistic: Subject, people: pa.Table) -> None:
    told = counterfactual(logistic, people, case(-0.5, 0.8, 0.0), mutable={"AGE": "any"}, values=50)
    age = np.sort(np.unique(people["AGE"].to_numpy().astype(np.float32)))
    tried = age[np.unique(np.linspace(0, len(age) - 1, 50).round().astype(int))]
    reaching = tried[0.9 * tried - 0.4 * 0.8 - 0.2 >= 0]
    assert told["nearest"][0]["changes"] == [{"feature": "AGE", "from": -0.5, "to": pytest.approx(reaching.min())}]


def test_counterfactual_keeps_the_direction(logistic: Subject, people: pa.Table) -> None:
    told = counterfactual(logistic, people, case(-0.5, 0.8, 0.0), mutable={"AGE": "decrease"})
    assert (told["found"], told["nearest"]) == (False, [])
    assert told["note"] == "No change of these features within the values observed reaches the target."


def test_counterfactual_of_a_case_decided_so_says_so(logistic: Subject, people: pa.Table) -> None:
    told = counterfactual(logistic, people, case(3.0, 0.0, 0.0), mutable={"AGE": "any"})
    assert (told["found"], told["note"]) == (False, "The case is decided so already.")


def test_counterfactual_over_a_sensitive_feature_is_refused(logistic: Subject, people: pa.Table) -> None:
    with pytest.raises(EvaluationRefused, match="SEX is sensitive and never changes"):
        counterfactual(logistic, people, case(0.0, 0.0, 0.0), mutable={"SEX": "any"})


def test_counterfactual_over_an_unknown_feature_is_refused(logistic: Subject, people: pa.Table) -> None:
    with pytest.raises(EvaluationRefused, match="no features HAT that could change"):
        counterfactual(logistic, people, case(0.0, 0.0, 0.0), mutable={"HAT": "any"})


def test_counterfactual_without_what_may_change_is_refused() -> None:
    with pytest.raises(EvaluationInvalid, match="mutable"):
        settings.validate("counterfactual", {})


def test_image_falls_into_patches_that_hold_each_pixel_once(logistic: Subject) -> None:
    schema = [{"name": "image", "type": "image", "width": 8, "height": 8, "mode": "L", "input": "features",
               "position": 0}]  # fmt: skip
    entry = dataclasses.replace(logistic, input_schema=schema)
    found = parts.parts_of(entry)
    assert len(found) == 36
    assert sorted(one for part in found for one in part.columns) == list(range(64))
