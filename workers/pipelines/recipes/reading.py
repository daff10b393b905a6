"""Read a recipe: hold it against its schema, fill its defaults, refuse its contradictions."""

from collections.abc import Mapping
from typing import Any

from workers.ingestion import documents
from workers.pipelines import estimators, preparation
from workers.pipelines.errors import RecipeInvalid
from workers.pipelines.recipes import contradictions, spaces
from workers.pipelines.recipes.recipe import Algorithm, Recipe
from workers.pipelines.recipes.schema import SCHEMA

DEFAULTS: dict[str, Any] = {"cross_validation": {"folds": 5}, "holdout": 0.3, "seed": 0}
THRESHOLD = 0.5
SELECTED_BY = {
    "binary_classification": "roc_auc",
    "multiclass_classification": "balanced_accuracy",
    "regression": "rmse",
}
# What a section that was declared means where it is silent.
SECTIONS: dict[str, dict[str, Any]] = {
    "calibration": {"folds": 5},
    "early_stopping": {"rounds": 10, "share": 0.1, "tolerance": 1e-4},
    "pruning": {"startup": 4, "warmup": 1, "reduction": 3},
}
MITIGATION: dict[str, dict[str, Any]] = {
    "grid_search": {"grid_size": 10, "constraint_weight": 0.5},
    "exponentiated_gradient": {"difference_bound": 0.01, "max_iter": 30},
}
TRIALS = 20
BATCH = 4
REPEATS = 3


def validate(document: Mapping[str, Any]) -> Recipe:
    """The complete recipe; raises RecipeInvalid naming the path and the remedy."""
    _refuse("$", SCHEMA, document)
    _refuse_estimators(document)
    filled = _filled(document)
    recipe = _recipe(filled)
    for path, complaint, remedy in contradictions.complaints(recipe):
        raise RecipeInvalid(f"{path}: {complaint}", remedy)
    return recipe


def _recipe(filled: dict[str, Any]) -> Recipe:
    declared = filled.get("threshold")
    rule = declared if isinstance(declared, Mapping) else {}
    holdout = filled["holdout"]
    return Recipe(
        task=filled["task"],
        label=filled["label"],
        features=filled["features"],
        algorithms=_algorithms(filled),
        preparation=filled.get("preparation", {}),
        augmentation=filled.get("augmentation", {}),
        imbalance=filled.get("imbalance", {}),
        search=filled.get("search", {}),
        cross_validation=filled["cross_validation"],
        holdout=holdout if isinstance(holdout, Mapping) else {"share": holdout, "kind": "random"},
        calibration=filled.get("calibration", {}),
        early_stopping=filled.get("early_stopping", {}),
        mitigation=filled.get("mitigation", {}),
        selected_by=filled.get("selected_by", SELECTED_BY[filled["task"]]),
        seed=filled["seed"],
        threshold=None if rule else declared,
        threshold_rule=rule,
        document=filled,
    )


def _filled(document: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**DEFAULTS, **document}
    if filled["task"] == "binary_classification":
        filled = {"threshold": THRESHOLD, **filled}
    else:
        filled = {"selected_by": SELECTED_BY[filled["task"]], **filled}
    # By name: a JSON object has no order, and PostgreSQL's jsonb does not keep the one it was given.
    plan = preparation.plan(filled["features"], filled.get("preparation", {}))
    filled["features"] = dict(plan.features)
    if filled.get("preparation"):
        filled["preparation"] = dict(plan.document)
    if "estimator" in filled:
        filled["estimator"] = _completed(filled["task"], filled["estimator"])
    else:
        filled["algorithms"] = [_completed(filled["task"], one) for one in filled["algorithms"]]
    for name in ("calibration", "early_stopping"):
        if name in filled:
            filled[name] = SECTIONS[name] | filled[name]
    if filled["cross_validation"].get("kind") == "repeated":
        filled["cross_validation"] = {"repeats": REPEATS} | filled["cross_validation"]
    if filled.get("imbalance", {}).get("kind", "class_weight") != "class_weight":
        filled["imbalance"] = {"ratio": 1.0} | filled["imbalance"]
    if "mitigation" in filled:
        filled["mitigation"] = MITIGATION[filled["mitigation"]["kind"]] | filled["mitigation"]
    if "search" in filled:
        filled["search"] = _searched(filled["search"])
    return filled


def _searched(search: Mapping[str, Any]) -> dict[str, Any]:
    filled = {"trials": TRIALS, **search} if search["kind"] != "grid" else dict(search)
    if "pruning" in filled:
        filled["pruning"] = SECTIONS["pruning"] | filled["pruning"]
    # Whoever compares with earlier trials must say which are earlier: those of the batches before.
    return {"batch": BATCH, **filled} if search["kind"] == "bayesian" or "pruning" in filled else filled


def _completed(task: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    defaults = estimators.family(task, declared["name"]).defaults
    return {**declared, "parameters": {**defaults, **declared.get("parameters", {})}}


def _algorithms(filled: Mapping[str, Any]) -> tuple[Algorithm, ...]:
    if "estimator" in filled:
        space = filled.get("search", {}).get("parameters", {})
        return (Algorithm(filled["estimator"]["name"], filled["estimator"]["parameters"], space),)
    return tuple(Algorithm(one["name"], one["parameters"], one.get("search", {})) for one in filled["algorithms"])


def _refuse_estimators(document: Mapping[str, Any]) -> None:
    if ("estimator" in document) == ("algorithms" in document):
        raise RecipeInvalid(
            "$: a recipe names either an estimator or algorithms.", "Give `estimator`, or `algorithms` to choose from."
        )
    if "algorithms" in document and "parameters" in document.get("search", {}):
        raise RecipeInvalid("$.search.parameters: which algorithm's are they?", "Give each algorithm its own `search`.")
    for at, space_at, one in _declared(document):
        known = estimators.FAMILIES[document["task"]]
        if one["name"] not in known:
            task = document["task"].replace("_", " ")
            raise RecipeInvalid(f"{at}.name: {one['name']} does no {task}.", f"Choose one of {', '.join(known)}.")
        accepted = estimators.parameters_schema(document["task"], one["name"])
        _refuse(f"{at}.parameters", accepted, one.get("parameters", {}))
        if "search" in one:
            ranges = document.get("search", {}).get("kind", "grid") != "grid"
            _refuse(space_at, spaces.schema(document["task"], one["name"], ranges=ranges), one["search"])


def _declared(document: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Each estimator: its path, the path of what is searched of it, and itself with that."""
    if "algorithms" in document:
        return [
            (f"$.algorithms[{i}]", f"$.algorithms[{i}].search", one) for i, one in enumerate(document["algorithms"])
        ]
    searched = {"search": document["search"].get("parameters", {})} if "search" in document else {}
    return [("$.estimator", "$.search.parameters", {**document["estimator"], **searched})]


def _refuse(at: str, schema: Mapping[str, Any], document: object) -> None:
    broken = documents.problem(schema, document)
    if broken:
        raise RecipeInvalid(broken.detail.replace("$", at, 1), broken.remedy)
