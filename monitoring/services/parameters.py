"""What each kind of monitor may be told, as closed JSON Schemas, so that a typo is refused and not ignored."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator

from monitoring import detectors
from monitoring.models import Monitor
from registry.errors import Invalid, Problem
from registry.models import FailedRequest

Schema = dict[str, Any]

#: Of these more is better, and a monitor holds a floor under them; of the others less is, and it holds a ceiling.
HIGHER = (
    "roc_auc", "accuracy", "precision", "recall", "f1", "average_precision",
    "precision_macro", "recall_macro", "f1_macro", "mcc", "r2",
)  # fmt: skip
LOWER = ("brier", "log_loss", "calibration_error", "mae", "mse", "rmse", "mape")
METRICS = (*HIGHER, *LOWER)
#: Of groups: of shares of shares more is better, of distances less. Those of errors need labels.
RATIOS = (
    "impact_ratio", "demographic_parity_ratio",
    "equal_opportunity_ratio", "equalized_odds_ratio", "predictive_parity_ratio",
)  # fmt: skip
DISTANCES = (
    "demographic_parity_difference",
    "equal_opportunity_difference", "equalized_odds_difference", "predictive_parity_difference",
    "roc_auc_difference", "calibration_error",
)  # fmt: skip
OF_DECISIONS = ("impact_ratio", "demographic_parity_ratio", "demographic_parity_difference")
ESTIMATED = ("roc_auc", "accuracy", "precision", "recall", "f1", "brier", "log_loss", "mae", "mse", "rmse")
FLOOR = 0.8
CAUSES = FailedRequest.Cause


def _number(default: float | None, words: str, **bounds: float) -> Schema:
    return {"type": "number", **bounds, "description": words} | ({} if default is None else {"default": default})


def _share(default: float, words: str) -> Schema:
    return _number(default, words, minimum=0, maximum=1)


def _count(default: int, words: str, *, least: int = 1, most: int = 1_000_000) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default, "description": words}


_COMMON = {
    "window_rows": _count(5_000, "A look reads so many of the newest rows since the last one."),
    "min_n": _count(200, "With fewer rows since the last look it waits for more."),
}
_OVER_TIME = {
    "fdr": _share(0.05, "Of the columns named as drifted, so many may be false."),
    "psi_floor": _number(0.1, "A smaller shift than this PSI, beyond what chance does, is none.", minimum=0),
    "looks_between": _count(1_000, "A false alarm may come once in so many looks on average.", least=2),
}
_FLOORS = {
    "floor": _number(None, f"Alarms when the whole interval is below it; {FLOOR} where neither is given."),
    "ceiling": _number(None, "Alarms when the whole interval is above it, of metrics where less is better."),
}
_METRIC = "Empty is roc_auc, for several classes accuracy, for numbers mae."
PROPERTIES: dict[str, dict[str, Schema]] = {
    Monitor.Kind.DRIFT: _OVER_TIME,
    Monitor.Kind.OUTPUT_DRIFT: _OVER_TIME,
    Monitor.Kind.PERFORMANCE: {"metric": {"enum": list(METRICS), "description": _METRIC}, **_FLOORS},
    Monitor.Kind.ESTIMATED: {"metric": {"enum": list(ESTIMATED), "description": _METRIC}, **_FLOORS},
    Monitor.Kind.FAIRNESS: {
        "attributes": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "description": "Empty is every sensitive column of the data that the version learned from.",
        },
        "favourable": {
            "type": ["integer", "string"],
            "description": "The class that people want; of two the positive one, of numbers those above the median.",
        },
        "metric": {
            "enum": [*RATIOS, *DISTANCES],
            "default": "impact_ratio",
            "description": "What is held to the limit; what is no matter of decisions alone reads labelled rows.",
        },
        **_FLOORS,
    },
    Monitor.Kind.QUALITY: {
        "tolerance": _share(0.01, "Such a share of rows may break a promise beyond what is promised."),
    },
    Monitor.Kind.SERVICE: {
        "quantile": _number(0.95, "Which quantile of the latency is held to the limit.", minimum=0.5, maximum=0.999),
        "latency_ms": _number(None, "Alarms when that quantile's whole interval is above it.", exclusiveMinimum=0),
        "error_rate": _share(0.01, "Alarms when the whole interval of failed requests is above it."),
        "causes": {
            "type": "array",
            "items": {"enum": list(CAUSES.values)},
            "minItems": 1,
            "uniqueItems": True,
            "default": [CAUSES.NO_ANSWER, CAUSES.DEFECT],
            "description": "Which failed requests count.",
        },
    },
    Monitor.Kind.EXPLANATIONS: {
        "window_rows": _count(100, "So many of the newest answers are explained.", least=10, most=1_000),
        "min_n": _count(30, "With fewer answers since the last look it waits for more.", most=1_000),
        "background": _count(30, "Each is explained against so many rows of the data.", least=5, most=100),
        "distance_at_most": _share(0.2, "Alarms when surely a larger share of the attributions has moved."),
    },
    Monitor.Kind.DETECTOR: {
        "detector": {
            "enum": list(detectors.DETECTORS),
            "default": "ours.energy",
            "description": "The method, by its name.",
        },
        "settings": {
            "type": "object",
            "default": {},
            "description": "The method's own; what is not given has a default.",
        },
        "watches": {
            "enum": ["inputs", "score", "decision"],
            "default": "inputs",
            "description": "What it looks at; a stream is one column.",
        },
        "columns": {
            "type": "array",
            "items": {"type": "string"},
            "uniqueItems": True,
            "default": [],
            "description": "Of the inputs, these; empty is every one that the method takes.",
        },
    },
}  # fmt: skip


def known(kind: str) -> dict[str, Schema]:
    """Each parameter that the kind takes, by its JSON Schema."""
    return {**_COMMON, **PROPERTIES.get(kind, {})}


def completed(kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters with the defaults of those that nobody gave; what has no default is None."""
    return {name: parameters.get(name, schema.get("default")) for name, schema in known(kind).items()}


def needs_labels(kind: str, asked: dict[str, Any]) -> bool:
    """Whether a look reads rows whose truth came, rather than rows that were answered."""
    if kind == Monitor.Kind.FAIRNESS:
        return asked["metric"] not in OF_DECISIONS
    return kind == Monitor.Kind.PERFORMANCE


def check(kind: str, parameters: dict[str, Any]) -> None:
    """Raises Invalid with every parameter that is unknown, out of range, or at odds with another."""
    schema = {"type": "object", "properties": known(kind), "additionalProperties": False}
    problems = [
        Problem(
            "/parameters" + "".join(f"/{part}" for part in error.path),
            error.message,
            f"Known: {', '.join(known(kind))}.",
        )
        for error in Draft202012Validator(schema).iter_errors(parameters)
    ] or [*_at_odds(completed(kind, parameters)), *_of_the_detector(kind, parameters)]
    if problems:
        raise Invalid(f"The parameters of a {kind} monitor cannot be used.", problems=problems)


def _at_odds(asked: dict[str, Any]) -> Iterator[Problem]:
    if asked["min_n"] > asked["window_rows"]:
        yield Problem("/parameters/min_n", "is more than a look ever reads", "Raise window_rows, or lower it.")
    metric = asked.get("metric")
    less, more = metric in (*LOWER, *DISTANCES), metric in (*HIGHER, *RATIOS)
    if less and asked["ceiling"] is None:
        yield Problem("/parameters/ceiling", f"is missing: of {metric} less is better", "Say what it may be at most.")
    if asked.get("floor") is not None and (less or asked.get("ceiling") is not None):
        yield Problem(
            "/parameters/floor", "is at odds with the ceiling", "Give a floor or a ceiling, as the metric is."
        )
    elif more and asked["ceiling"] is not None:
        yield Problem("/parameters/ceiling", f"is no limit: of {metric} more is better", "Give a floor.")


def _of_the_detector(kind: str, parameters: dict[str, Any]) -> Iterator[Problem]:
    """What the method itself says of its name and settings, and whether it can look at what it is to watch."""
    if kind != Monitor.Kind.DETECTOR:
        return
    asked = completed(kind, parameters)
    try:
        found = detectors.find(asked["detector"])
        found.settings(asked["settings"])
    except Invalid as refused:
        yield from (replace(one, pointer=f"/parameters{one.pointer}") for one in refused.problems)
        return
    watches, columns = asked["watches"], asked["columns"]
    if columns and watches != "inputs":
        yield Problem("/parameters/columns", f"there are none of the {watches}", "Leave it out, or watch the inputs.")
    if found.takes == "stream" and watches == "inputs" and len(columns) != 1:
        yield Problem("/parameters/columns", f"{found.name} looks at one column", "Name one, or watch the score.")
    if found.takes == "predictions" and watches != "score":
        yield Problem("/parameters/watches", f"{found.name} looks at probabilities", "Watch the score.")
