"""Scores of our training against the same scikit-learn pipeline written plainly, on the same rows, in the same run."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

sys.path.insert(0, str(Path(__file__).parents[1]))
from workers.ingestion import files
from workers.pipelines import labels as label_columns
from workers.pipelines import matrices, predict, recipes
from workers.pipelines.training import train

CENSUS = Path(__file__).parents[1] / "mlops_server" / "demo" / "employment_ma.parquet"
CATEGORIES = ["SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG", "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM"]
JUDGED: dict[str, tuple[str, Callable[..., float]]] = {
    "binary_classification": ("ROC AUC", roc_auc_score),
    "multiclass_classification": ("balanced accuracy", balanced_accuracy_score),
    "regression": ("R2", r2_score),
}
PLAIN: dict[str, dict[str, Any]] = {
    "logistic_regression": {"scaled": True, "build": lambda: LogisticRegression(max_iter=1000)},
    "random_forest": {
        "scaled": False,
        "build": lambda: RandomForestClassifier(n_estimators=200, min_samples_leaf=5, random_state=0),
    },
    "hist_gradient_boosting": {
        "scaled": False,
        "build": lambda: HistGradientBoostingClassifier(early_stopping=False, random_state=0),
    },
    "ridge": {"scaled": True, "build": Ridge},
    "hist_gradient_boosting regression": {
        "scaled": False,
        "build": lambda: HistGradientBoostingRegressor(early_stopping=False, random_state=0),
    },
}


def shipped(load: Callable[[], Any]) -> tuple[pa.Table, dict[str, str], str]:
    data = load()
    columns = {f"f{position:02}": column for position, column in enumerate(data.data.astype(np.float32).T)}
    return pa.table({**columns, "y": data.target}), dict.fromkeys(columns, "numeric"), "y"


def census() -> tuple[pa.Table, dict[str, str], str]:
    table = files.read(CENSUS)
    features = {"AGEP": "numeric", **dict.fromkeys(CATEGORIES, "categorical")}
    return table.filter(pc.equal(table["year"], 2015)), features, "employed"


SETS: list[tuple[str, str, tuple[pa.Table, dict[str, str], str]]] = [
    ("breast cancer", "binary_classification", shipped(datasets.load_breast_cancer)),
    ("census", "binary_classification", census()),
    ("wine", "multiclass_classification", shipped(datasets.load_wine)),
    ("digits", "multiclass_classification", shipped(datasets.load_digits)),
    ("diabetes", "regression", shipped(datasets.load_diabetes)),
]


def plain(name: str, features: dict[str, str], rows: Any, labels: Any) -> Any:
    """The pipeline as anyone would write it."""
    numeric = [position for position, kind in enumerate(features.values()) if kind == "numeric"]
    others = [position for position, kind in enumerate(features.values()) if kind != "numeric"]
    scaled = StandardScaler() if PLAIN[name]["scaled"] else "passthrough"
    steps = [(scaled, numeric), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), others)]
    return make_pipeline(make_column_transformer(*[step for step in steps if step[1]]), PLAIN[name]["build"]()).fit(
        rows, labels
    )


def judge(task: str, labels: Any, fitted: Any, rows: Any) -> float:
    answer = fitted.predict_proba(rows)[:, 1] if task == "binary_classification" else fitted.predict(rows)
    return float(JUDGED[task][1](labels, answer))


def served(task: str, onnx: bytes, labels: Any, rows: Any) -> float:
    answered = predict.outputs(onnx, rows)
    if task == "binary_classification":
        return float(JUDGED[task][1](labels, answered.probabilities[:, 1]))
    return float(JUDGED[task][1](labels, answered.value if task == "regression" else answered.label))


def main() -> None:
    print("| data | estimator | held-out score | ours, as served | plain scikit-learn | difference | seconds |")
    print("|---|---|---|---|---|---|---|")
    for title, task, (table, features, label) in SETS:
        regression = task == "regression"
        for name in ("ridge", "hist_gradient_boosting") if regression else list(PLAIN)[:3]:
            document = {"task": task, "label": label, "features": features, "estimator": {"name": name}}
            recipe = recipes.validate({**document, "cross_validation": {"folds": 2}})
            started = time.perf_counter()
            trained = train.train(recipe, table, lambda share, step: None)
            seconds = time.perf_counter() - started
            rows, labels = matrices.matrix(table, list(recipe.features)), label_columns.labels_of(recipe, table)
            seen, held = trained.train_index, trained.holdout_index
            key = f"{name} regression" if regression and name != "ridge" else name
            written = plain(key, dict(recipe.features), rows[seen], labels[seen])
            ours = served(task, trained.onnx, labels[held], rows[held])
            theirs = judge(task, labels[held], written, rows[held])
            figures = f"{ours:.4f} | {theirs:.4f} | {ours - theirs:+.4f} | {seconds:.1f}"
            print(f"| {title} | {name} | {JUDGED[task][0]} | {figures} |")


if __name__ == "__main__":
    main()
