"""What a recipe's parts must not say to each other; each complaint names the path and the remedy."""

from collections.abc import Iterator

from sklearn.model_selection import ParameterGrid

from workers.pipelines import estimators, preparation, scoring
from workers.pipelines.preparation import augment
from workers.pipelines.recipes import spaces
from workers.pipelines.recipes.recipe import Algorithm, Recipe

CANDIDATES_AT_MOST = 200
LOSSES = "bounded_group_loss"
Complaints = Iterator[tuple[str, str, str]]


def complaints(recipe: Recipe) -> Complaints:
    """Every contradiction, the most telling first: its path, what is wrong, what to do."""
    if recipe.label in recipe.features:
        yield "$.features", f"{recipe.label!r} is the label.", "Remove it: a model must not see its answer."
    yield from _metric(recipe)
    yield from _search(recipe)
    yield from _columns(recipe)
    yield from _classification(recipe)
    yield from _fits(recipe)
    yield from _mitigation(recipe)
    if recipe.augmentation and not augment_possible(recipe):
        yield "$.augmentation", "the recipe has no image.", "Remove it, or declare an image feature."


def augment_possible(recipe: Recipe) -> bool:
    """Whether there is a picture to change."""
    plan: preparation.Plan = recipe.plan
    return bool(augment.SCHEMA) and any(plan.kind(name) == "image" for name in plan.features)


def _metric(recipe: Recipe) -> Complaints:
    known = scoring.METRICS[recipe.task]
    if recipe.selected_by not in known:
        yield (
            "$.selected_by",
            f"{recipe.selected_by!r} does not judge {recipe.task.replace('_', ' ')}.",
            f"Choose one of {', '.join(known)}.",
        )


def _search(recipe: Recipe) -> Complaints:
    kind = recipe.search.get("kind")
    searched = [algorithm for algorithm in recipe.algorithms if algorithm.space]
    if kind and not searched:
        yield "$.search", "there is nothing to search.", "Give `parameters`, or leave `search` out."
    if searched and not kind:
        yield "$.search", "an algorithm names values to search, but no search is declared.", "Declare `search.kind`."
    if kind == "grid" and "trials" in recipe.search:
        yield "$.search.trials", "a grid tries every point.", "Remove it, or search at random."
    if kind in ("random", "bayesian"):
        for algorithm in searched:
            yield from spaces.problems(recipe.task, algorithm.name, "$.search.parameters", algorithm.space)
    candidates = _candidates(recipe)
    if candidates > CANDIDATES_AT_MOST:
        noun = "grid" if kind == "grid" else "search"
        yield (
            "$.search",
            f"the {noun} has {candidates} candidates, at most {CANDIDATES_AT_MOST}.",
            "Search fewer values.",
        )
    if "pruning" in recipe.search and recipe.folds < 2 + recipe.search["pruning"]["warmup"]:
        yield "$.search.pruning", "there are too few folds to stop early at.", "Use more folds, or a shorter warmup."


def _candidates(recipe: Recipe) -> int:
    def of(algorithm: Algorithm) -> int:
        if not algorithm.space:
            return 1
        if recipe.search.get("kind", "grid") == "grid":
            return len(ParameterGrid(dict(algorithm.space)))
        return int(recipe.search["trials"])

    return sum(map(of, recipe.algorithms))


def _columns(recipe: Recipe) -> Complaints:
    for section, at in ((recipe.cross_validation, "$.cross_validation"), (recipe.holdout, "$.holdout")):
        kind = section.get("kind")
        for column in ("group", "time"):
            if kind == column and column not in section:
                yield at, f"a split by {column} needs its column.", f"Name it as `{column}`."
            if column in section and kind != column:
                yield f"{at}.{column}", f"the split is not by {column}.", f"Set `kind` to {column!r}, or remove it."
    group, other = recipe.cross_validation.get("group"), recipe.holdout.get("group")
    if group and other and group != other:
        yield "$.holdout.group", f"folds are split by {group!r}.", "Hold out by the same groups."
    if recipe.column("group") in recipe.features:
        yield "$.features", f"{recipe.column('group')!r} names the groups.", "Remove it: it would be learned by heart."
    time, later = recipe.cross_validation.get("time"), recipe.holdout.get("time")
    if time and later and time != later:
        yield "$.holdout.time", f"folds are split by {time!r}.", "Hold out by the same column."
    if recipe.cross_validation.get("kind") == "stratified" and not recipe.classifies:
        yield "$.cross_validation.kind", "only classes can be stratified.", "Use kfold."
    if "repeats" in recipe.cross_validation and recipe.cross_validation.get("kind") != "repeated":
        yield "$.cross_validation.repeats", "the folds are not repeated.", "Set `kind` to 'repeated', or remove it."


def _classification(recipe: Recipe) -> Complaints:
    if not recipe.classifies:
        for name, section in (("calibration", recipe.calibration), ("imbalance", recipe.imbalance)):
            if section:
                yield f"$.{name}", "a regression has no classes.", "Remove it."
    if not recipe.binary and "threshold" in recipe.document:
        yield "$.threshold", "only two classes are divided by a threshold.", "Remove it."
    rule = recipe.threshold_rule
    if rule.get("rule") == "cost" and not {"false_positive", "false_negative"} <= set(rule):
        yield "$.threshold", "a cost needs both prices.", "Give `false_positive` and `false_negative`."
    if str(rule.get("rule", "")).startswith("target") and "target" not in rule:
        yield "$.threshold", "a target needs its value.", "Give `target`."


def _fits(recipe: Recipe) -> Complaints:
    for position, algorithm in enumerate(recipe.algorithms):
        at = "$.estimator" if "estimator" in recipe.document else f"$.algorithms[{position}]"
        family = estimators.family(recipe.task, algorithm.name)
        if recipe.early_stopping and not family.early:
            able = [name for name, of in estimators.FAMILIES[recipe.task].items() if of.early]
            yield at, f"{algorithm.name} does not stop early.", f"Use one of {', '.join(able)}, or fit to the end."
        if recipe.imbalance.get("kind") == "class_weight" and not (family.class_weighted or family.weighted):
            yield at, f"{algorithm.name} takes no weights.", "Use oversample or undersample, or another estimator."
        if recipe.mitigation and (not family.weighted or family.calibrated):
            yield at, f"{algorithm.name} cannot be mitigated: it takes no weights.", "Choose another estimator."


def _mitigation(recipe: Recipe) -> Complaints:
    if not recipe.mitigation:
        return
    if recipe.mitigation["attribute"] in recipe.features:
        yield "$.mitigation.attribute", "it is a feature.", "Remove it from the features: it serves training only."
    if recipe.mitigation["attribute"] == recipe.label:
        yield "$.mitigation.attribute", "it is the label.", "Name the column of the groups to protect."
    if recipe.task == "multiclass_classification":
        yield "$.mitigation", "it knows two classes or a number only.", "Make the label binary, or remove it."
    elif (recipe.mitigation["constraint"] == LOSSES) == recipe.classifies:
        yield "$.mitigation.constraint", f"it does not fit {recipe.task}.", f"{LOSSES} is for regression, only."
    for name, section in (("calibration", recipe.calibration), ("augmentation", recipe.augmentation)):
        if section:
            yield f"$.{name}", "it would undo the mitigation.", "Remove one of the two."
