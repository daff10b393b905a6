"""A policy in plain sentences."""

from typing import Any

import pytest

from registry.gates import conditions, explaining, grammar, policies, spoken
from tests.registry.gates.make import FLOOR, RACE, policy

WAIVABLE = {"by": ["risk_officer"], "max_days": 90, "needs": ["rationale", "compensating_control"]}


def test_gate_says_what_it_reads_asks_and_does() -> None:
    gate = FLOOR | {"min_n": 400, "max_age_days": 30, "waivable": WAIVABLE, "rationale": "Rank.", "clause": ["a:1"]}
    assert list(explaining.gate(policy(gate).gates[0])) == [
        "It reads evaluation, roc_auc, on holdout, on 400 rows or more, no older than 30 days, on the data under "
        "decision, tested after this policy took effect, and asks for: 95 % lower bound >= 0.80.",
        "What fails blocks, what is unclear goes before a person, and what is missing or stale blocks.",
        "It may be waived by a risk officer and a second person for 90 days at most, with rationale and compensating "
        "control.",
        "Why: Rank.",
        "It is evidence for a:1.",
    ]


@pytest.mark.parametrize(
    ("family", "how"),
    [
        (
            "bonferroni",
            "over all groups at once: by intervals that hold together, or wide enough each for their number",
        ),
        ("simultaneous", "over all groups at once, by intervals that hold together"),
        ("none", "for each group alone"),
    ],
)
def test_gate_over_groups_says_how_they_are_judged_together(family: str, how: str) -> None:
    sentences = list(explaining.gate(policy(RACE | {"family": family}).gates[0]))
    assert sentences[1] == (
        f"Every group of RAC1P is judged, {how}; groups below 2 % of all are listed and not judged."
    )


@pytest.mark.parametrize("name", policies.names())
def test_ready_policy_is_explained_gate_by_gate(name: str) -> None:
    parsed = policies.load(name)
    passages = explaining.explain(parsed)
    headings = [one.heading for one in passages]
    plan = ["policy.change_plan"] if parsed.change_plan else []
    assert headings == [
        f"{parsed.name} v1",
        *(gate.id for gate in parsed.gates),
        *plan,
        "Who signs",
        "How long it holds",
        "Afterwards",
    ]
    assert [sentence for one in passages for sentence in one.sentences if not sentence.endswith((".", "%"))] == []


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"field": "model.risk_tier", "in": ["high", "limited"]}, "model.risk_tier is high or limited"),
        ({"not": {"field": "request.has_champion", "eq": True}}, "not (request.has_champion is true)"),
        ({"field": "dataset.rows", "gte": 3}, "dataset.rows is at least 3"),
        ({"field": "model.audited_at", "within": "P1Y"}, "model.audited_at is within the last 1 year"),
        ({"field": "model.audited_at", "exists": False}, "model.audited_at is not known"),
        (
            {"all": [{"field": "a.b", "eq": 1}, {"any": [{"field": "a.c", "eq": 2}, {"field": "a.d", "lte": 3}]}]},
            "a.b is 1 and (a.c is 2 or a.d is at most 3)",
        ),
    ],
)
def test_condition_is_spoken(document: dict[str, Any], sentence: str) -> None:
    assert spoken.condition(conditions.parse(document)) == sentence


@pytest.mark.parametrize(
    ("duration", "words"),
    [("P5D", "5 days"), ("P1Y6M", "1 year and 6 months"), ("PT90M", "90 minutes"), ("P1DT1H", "1 day and 1 hour")],
)
def test_length_is_spoken(duration: str, words: str) -> None:
    assert spoken.length(duration) == words


def test_gate_by_itself_is_parsed_with_no_policy_around_it() -> None:
    assert grammar.parse_gate(FLOOR) == policy(FLOOR).gates[0]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"on_fail": "explode"}, "on_fail"),
        ({"min_m": 3}, "$"),
        ({"require": FLOOR["require"] | {"op": "<="}}, "require"),
        ({"id": "policy.change_plan"}, "id"),
        ({"evidence": {"kind": "evaluation"}}, "evidence"),
    ],
)
def test_gate_by_itself_that_is_wrong_is_refused_with_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(grammar.PolicyError) as refused:
        grammar.parse_gate(FLOOR | changes)
    assert [problem.path for problem in refused.value.problems] == [path]
