"""The three explanations from end to end: rows in, JSON out, the same for the same seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.measures.estimate import Estimate
from workers.pipelines.errors import EvaluationRefused
from workers.pipelines.evaluation import subject as subjects
from workers.pipelines.evaluation.subject import REGRESSION, Progress, Subject
from workers.pipelines.explain import counterfactual, dependence, importance, parts, shapley
from workers.pipelines.explain.parts import Ids
from workers.pipelines.matrices import Inputs

CONFIDENCE = 0.95
DRAWS = 1000
OBSERVED = 2_000


@dataclass(frozen=True)
class General:
    """What holds of the model in general: as JSON to keep, and its figures as estimates."""

    content: dict[str, Any]
    figures: list[Estimate]


def in_general(
    judged: Subject, table: pa.Table, settings: Mapping[str, Any], *, seed: int, progress: Progress
) -> General:
    """SHAP over a sample of rows, permutation importance and partial dependence."""
    sample = draw(table, settings["rows"], seed)
    background = draw(table, settings["background"], seed + 1)
    pool = parts.pool(judged, judged.inputs(sample), judged.inputs(background))
    rows, behind = np.arange(sample.num_rows), sample.num_rows + np.arange(background.num_rows)
    found = shapley.explain(pool, rows, behind, seed=seed, progress=lambda share, words: progress(0.7 * share, words))
    options: dict[str, Any] = {"confidence": CONFIDENCE, "draws": DRAWS, "seed": seed}
    progress(0.7, "permutation importance")
    shuffled = importance.permutation(pool, rows, judged.truth(sample), **options)
    progress(0.85, "partial dependence")
    ranked = importance.mean_absolute(pool, found.values, **options)
    content = {
        "outputs": pool.outputs,
        "expected": found.expected.tolist(),
        "rows": sample.num_rows,
        "background": background.num_rows,
        "importance": [_line(one) for one in ranked],
        "permutation": [_line(one) for one in shuffled],
        "loss": importance.loss_name(pool),
        "partial_dependence": dependence.partial(pool, rows, points=settings["grid"]),
    }
    return General(content, [*ranked, *shuffled])


def one_decision(
    judged: Subject,
    case: Inputs,
    table: pa.Table,
    settings: Mapping[str, Any],
    *,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """What each feature added to one answer, against a fixed sample of the table; with the expected answer they add up
    to it. Largest first."""
    background = draw(table, settings["background"], seed + 1)
    pool = parts.pool(judged, case, judged.inputs(background))
    found = shapley.explain(pool, np.array([0]), 1 + np.arange(background.num_rows), seed=seed, progress=progress)
    contributions = [
        {
            "feature": part.name,
            "value": None if part.type == "image" else dependence.plain(pool.column(part)[0]),
            "contribution": found.values[0, place].tolist(),
        }
        for place, part in enumerate(pool.parts)
    ]
    return {
        "outputs": pool.outputs,
        "expected": found.expected.tolist(),
        "answer": pool.answers(pool.own([0]))[0].tolist(),
        "background": background.num_rows,
        "contributions": sorted(contributions, key=lambda one: (-max(map(abs, one["contribution"])), one["feature"])),
    }


def otherwise(
    judged: Subject,
    case: Inputs,
    table: pa.Table,
    settings: Mapping[str, Any],
    *,
    sensitive: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    """The nearest changes by which the case would be decided otherwise; sensitive features never change."""
    protected = sorted(set(settings["mutable"]) & set(sensitive))
    if protected:
        raise EvaluationRefused(f"{', '.join(protected)} is sensitive and never changes.", "Name other features.")
    observed = draw(table, OBSERVED, seed)
    pool = parts.pool(judged, case, judged.inputs(observed))
    wish = counterfactual.Wish(
        mutable=settings["mutable"],
        target=_target(judged, settings),
        changes_at_most=settings["changes_at_most"],
        values=settings["values"],
    )
    rows: Ids = 1 + np.arange(observed.num_rows)
    return {**counterfactual.search(pool, 0, rows, wish), "target": settings.get("target", 1), "observed": len(rows)}


def draw(table: pa.Table, count: int, seed: int) -> pa.Table:
    """So many rows of the table, or all, drawn by the seed and in the table's order."""
    if table.num_rows <= count:
        return subjects.sample(table, np.arange(table.num_rows))
    picked = np.random.default_rng(seed).choice(table.num_rows, size=count, replace=False)
    return table.take(pa.array(np.sort(picked)))


def _target(judged: Subject, settings: Mapping[str, Any]) -> float:
    if judged.task == REGRESSION:
        if not isinstance(settings.get("target"), int | float):
            raise EvaluationRefused("A number has no other side.", "Name the least value wanted as 'target'.")
        return float(settings["target"])
    wanted = settings.get("target", 1)
    named = [str(one) for one in judged.classes]
    if str(wanted) not in named:
        raise EvaluationRefused(f"The model has no class {wanted!r}.", f"Name one of: {', '.join(named)}.")
    return float(named.index(str(wanted)))


def _line(one: Estimate) -> dict[str, Any]:
    return {"feature": one.group, "value": one.value, "low": one.low, "high": one.high, "n": one.n}
