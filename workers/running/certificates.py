"""Whether a run done again came out the same: to the bit, within a tolerance, or different, and where first."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: How far the answers of both models may lie apart and still count as the same: single precision, summed differently.
TOLERANCE = 1e-6
#: Steps that say where it was done, not what came out: they differ and the outcome may still be the same bits.
CIRCUMSTANCES = ("environment", "code")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the first run left behind."""

    environment: Mapping[str, Any]
    code_digest: str
    data: str
    metrics: Mapping[str, Any]
    parameters: Mapping[str, Any]
    artifact: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """bit_identical, within_tolerance or different; what differed first, with both values; each step compared."""

    verdict: str
    first_difference: dict[str, Any]
    compared: dict[str, Any]


def compare(first: Recorded, again: Mapping[str, Any]) -> Verdict:
    """Step by step in the order of the work, so that the first difference is the likeliest cause of the others.

    bit_identical: the model's bytes and everything on the way to them are the same, whatever machine it was.
    within_tolerance: the bytes differ and no answer by more than TOLERANCE, on every row of the data.
    """
    steps = {name: (before, after) for name, before, after in _steps(first, again)}
    compared = {
        name: {"first": before, "again": after, "same": before == after} for name, (before, after) in steps.items()
    }
    differing = [name for name, one in compared.items() if not one["same"]]
    outcome = [name for name in differing if name not in CIRCUMSTANCES]
    answers = again.get("answers")
    compared["answers"] = {"tolerance": TOLERANCE, **(answers or {"note": "the first model's bytes are gone"})}
    if not outcome:
        return Verdict("bit_identical", {}, compared)
    near = answers is not None and answers["difference_max"] is not None and answers["difference_max"] <= TOLERANCE
    first_difference = {"step": differing[0], **{key: compared[differing[0]][key] for key in ("first", "again")}}
    return Verdict("within_tolerance" if near else "different", first_difference, compared)


def _steps(first: Recorded, again: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each step with its value both times."""
    before, after = _differing(first.environment, again["environment"])
    yield "environment", before, after
    yield "code", first.code_digest, again["code_digest"]
    yield "data", first.data, again["data"]
    for name, part in first.metrics.get("splits", {}).items():
        yield f"split {name}", part, again["splits"].get(name)
    yield "training rows", first.metrics.get("train_digest"), again["train_digest"]
    trials = again["trials"]
    for position, trial in enumerate(first.metrics.get("trials", [])):
        repeated = _outcome(trials[position]) if position < len(trials) else None
        yield f"trial {position + 1}", _outcome(trial), repeated
    yield "parameters", _exact(first.parameters), _exact(again["parameters"])
    yield "model", first.artifact, again["onnx_digest"]


def _differing(first: Any, again: Any) -> tuple[Any, Any]:
    """The parts of two documents that differ, so that nobody has to search; two empty ones where they are the same."""
    if not isinstance(first, Mapping) or not isinstance(again, Mapping):
        return _exact(first), _exact(again)
    names = [name for name in sorted({*first, *again}) if _exact(first.get(name)) != _exact(again.get(name))]
    pairs = {name: _differing(first.get(name), again.get(name)) for name in names}
    return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}


def _outcome(trial: Mapping[str, Any]) -> Any:
    """What a trial came to; the seconds that it took are its own."""
    return _exact({name: value for name, value in trial.items() if name != "seconds"})


def _exact(value: Any) -> Any:
    """The document as it would come back from its row: a float is the same number or another, and none is lost."""
    match value:
        case Mapping():
            return {str(name): _exact(one) for name, one in value.items()}
        case list() | tuple():
            return [_exact(one) for one in value]
        case float() if math.isfinite(value) and value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value
