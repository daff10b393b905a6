"""From a document to a policy, or to every reason why not."""

import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.gates import grammar
from registry.gates.conditions import AllOf, Comparison
from registry.gates.policy import BoundRequirement, EvidenceSelector, FieldRequirement, Gate, Waivable
from registry.gates.problems import PolicyError, Problem
from tests.registry.gates.make import CONTRACT, FLOOR, document, policy

EXAMPLE = (Path(__file__).parent / "credit-high-risk.yaml").read_text(encoding="utf-8")
SKIP = {"all": [{"field": "request.has_champion", "eq": False}, {"field": "model.risk_tier", "in": ["low"]}]}


def changed(path: str, value: Any) -> dict[str, Any]:
    """A valid document with one value set at a path such as gates.0.on_fail."""
    whole = document(FLOOR, CONTRACT, applies_when={"field": "model.risk_tier", "eq": "high"})
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = whole
    for part in parents:
        place = place[part]
    place[last] = value
    return whole


def test_parse_of_a_gate_fills_in_defaults() -> None:
    gate = FLOOR | {"skip_when": SKIP, "waivable": {"by": ["risk_officer"], "max_days": 90}, "max_age_days": 7}
    parsed = policy(gate, evidence_defaults={"max_age_days": 30, "min_n": 400, "preregistered": False})
    assert parsed.gates[0] == Gate(
        id="perf.auc.floor",
        evidence=EvidenceSelector(kind="evaluation", split="holdout", metric="roc_auc"),
        require=BoundRequirement(bound="lower", op=">=", value=0.8, confidence=0.95),
        on_fail="block",
        on_inconclusive="review",
        on_not_evaluable="block",
        skip_when=AllOf(
            (
                Comparison("request.has_champion", "eq", False),
                Comparison("model.risk_tier", "in", ("low",)),
            )
        ),
        waivable=Waivable(by=("risk_officer",), max_days=90),
        min_n=400,
        max_age_days=7,
        preregistered=False,
    )


def test_parse_of_a_field_gate_takes_eq_as_one_allowed_value() -> None:
    gate = CONTRACT | {"require": {"field": "verified", "eq": True}, "waivable": False}
    parsed = policy(gate).gates[0]
    assert (parsed.require, parsed.waivable) == (FieldRequirement("verified", (True,)), None)


def test_parse_of_the_published_example_reads_every_part() -> None:
    parsed = grammar.parse(EXAMPLE)
    assert [gate.id for gate in parsed.gates] == [
        "perf.auc.floor",
        "perf.auc.noninferior",
        "fair.impact_ratio.race",
        "repro.run",
        "supply.signature",
    ]
    assert [(step.role, step.quorum) for step in parsed.approval.chain] == [
        ("validator", 1),
        ("compliance_reviewer", 2),
        ("risk_officer", 1),
    ]
    assert parsed.rollout is not None
    assert parsed.rollout.canary is not None
    assert parsed.rollout.canary.steps == (1, 5, 25, 50, 100)
    assert parsed.digest == grammar.digest(grammar.read(EXAMPLE))


REFUSALS = [
    ("gates.0.on_fial", "warn", "gates[0]: 'on_fial' is not known here. Did you mean 'on_fail'?"),
    ("gatez", [], "$: 'gatez' is not known here. Did you mean 'gates'?"),
    ("metadata.zzz", 1, "metadata: 'zzz' is not known here. Remove it; known here: description, name, version."),
    ("metadata", {"name": "x"}, "metadata: 'version' is missing. Add 'version'."),
    ("metadata.version", 0, "metadata.version: 0 does not fit. Versions are whole numbers from 1."),
    ("metadata.version", "1", 'metadata.version: "1" is not a whole number. Versions are whole numbers from 1.'),
    ("apiVersion", "v2", 'apiVersion: "v2" is not allowed. Use one of: "governance/v1".'),
    ("gates", [], "gates: 0 entries are too few. Write at least one gate."),
    (
        "gates.0.on_fail",
        "stop",
        'gates[0].on_fail: "stop" is not allowed. Use one of: "block", "review", "warn".',
    ),
    ("gates.0.require.value", "0.8", 'gates[0].require.value: "0.8" is not a number. Write a number.'),
    ("gates.0.require.valeu", 1, "gates[0].require: 'valeu' is not known here. Did you mean 'value'?"),
    (
        "gates.0.require.confidence",
        95,
        "gates[0].require.confidence: 95 does not fit. Write a confidence from 0.5 to below 1, as in 0.95.",
    ),
    (
        "gates.1.require.eq",
        "pass",
        "gates[1].require: field, in, eq do not make one statement. Write the field with exactly one of eq and in.",
    ),
    ("gates.0.id", "AUC", 'gates[0].id: "AUC" does not fit. Use small letters, digits and _ in parts joined by dots.'),
    (
        "gates.0.id",
        "auc\n",
        'gates[0].id: "auc\\n" does not fit. Use small letters, digits and _ in parts joined by dots.',
    ),
    (
        "gates.0.waivable",
        True,
        "gates[0].waivable: true is not allowed. Write false, or a mapping with by and max_days.",
    ),
    ("gates.0.waivable", {"max_days": 1}, "gates[0].waivable: 'by' is missing. Add 'by'."),
    (
        "gates.0.evidence.exclude_below_share",
        0.5,
        "gates[0].evidence.exclude_below_share: 0.5 does not fit. Write a share above 0 and at most 0.1.",
    ),
    (
        "retention.prediction_log",
        "6 months",
        'retention.prediction_log: "6 months" does not fit. Write an ISO 8601 duration such as P5D, PT4H or P12M.',
    ),
    (
        "retention.prediction_log",
        "P6M\n",
        'retention.prediction_log: "P6M\\n" does not fit. Write an ISO 8601 duration such as P5D, PT4H or P12M.',
    ),
    ("approval.chain.0.quorum", 0, "approval.chain[0].quorum: 0 does not fit. Write a whole number from 1."),
    (
        "applies_when",
        {"field": "weather.rain", "eq": 1},
        'applies_when.field: "weather.rain" does not fit. '
        "Name a field of system, model, request or dataset, as in model.risk_tier.",
    ),
    (
        "applies_when",
        {"all": [{"field": "model.a", "gte": 1, "lte": 2}]},
        "applies_when.all[0]: field, gte, lte do not make one statement. "
        "Write a field with exactly one of eq, in, gte, lte, exists, within; join several with all.",
    ),
    ("applies_when", {"any": []}, "applies_when.any: 0 entries are too few. Write at least one condition."),
    (
        "applies_when",
        {"not": 3},
        "applies_when.not: 3 is not a mapping. Write all, any, not, or a field with one operator.",
    ),
    (
        "monitoring",
        [{"id": "a", "test": "psi", "cadence": "daily"}],
        'monitoring[0].cadence: "daily" does not fit. Write an ISO 8601 duration such as P5D, PT4H or P12M.',
    ),
    (
        "retrain",
        {"when": ["drop table"], "creates": "candidate_only"},
        'retrain.when[0]: "drop table" does not fit. '
        "Write a signal, as in perf.delayed.harm or drift.input.alarms>=3 within P14D.",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSALS)
def test_parse_of_an_unfit_value_names_path_problem_and_remedy(path: str, value: Any, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        grammar.parse(changed(path, value))
    assert str(refused.value) == message


def test_parse_with_several_problems_reports_all_at_once() -> None:
    broken = changed("kind", "Policy")
    del broken["retention"]
    broken["gates"][0]["on_fail"] = "stop"
    assert grammar.check(broken) == [
        Problem("$", "'retention' is missing.", "Add 'retention'."),
        Problem("gates[0].on_fail", '"stop" is not allowed.', 'Use one of: "block", "review", "warn".'),
        Problem("kind", '"Policy" is not allowed.', 'Use one of: "PromotionPolicy".'),
    ]


def test_parse_of_a_policy_without_sense_reports_what_lint_finds() -> None:
    with pytest.raises(PolicyError, match=r"^approval.chain: Nobody has to approve"):
        grammar.parse(changed("approval.chain", []))


def test_check_of_a_good_policy_finds_nothing() -> None:
    assert grammar.check(document()) == []


def test_schema_is_valid_and_closes_every_object() -> None:
    schema = json.loads(resources.files("registry.gates").joinpath("policy.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert [
        path for path, part in walk(schema, "$") if "properties" in part and part.get("additionalProperties", 1)
    ] == []


def walk(part: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
    """Every mapping of the schema with its path."""
    if isinstance(part, list):
        return [found for index, inner in enumerate(part) for found in walk(inner, f"{path}[{index}]")]
    if not isinstance(part, dict):
        return []
    own = [] if path.endswith("properties") else [(path, part)]
    return own + [found for key, inner in part.items() for found in walk(inner, f"{path}.{key}")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PLACES = [
    "gates",
    "gates.0.require",
    "gates.0.evidence",
    "gates.0.skip_when",
    "approval",
    "rollout",
    "retention.minimum",
]


@given(place=st.sampled_from(PLACES), value=JSON)
def test_check_of_any_json_anywhere_never_raises(place: str, value: Any) -> None:
    broken = changed(place, value)
    assert grammar.check(copy.deepcopy(broken)) == grammar.check(broken)
