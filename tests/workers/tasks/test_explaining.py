"""Explanations by a worker: kept, and the same when they are made again."""

from typing import Any

import pytest

from registry.models import EvidenceItem, Explanation, ModelVersion
from registry.services import evaluations, explanations
from tests import factories
from tests.factories import acting
from workers.tasks import evaluation, explaining

pytestmark = pytest.mark.django_db


def done(explanation: Explanation) -> Explanation:
    """The question, after a worker handled it."""
    explaining.explain(str(explanation.pk))
    explanation.refresh_from_db()
    assert (explanation.state, explanation.failure) == ("succeeded", "")
    return explanation


def test_general_explanation_names_the_features(settings: Any) -> None:
    told = done(factories.explanation(rows=10, background=5, grid=3)).content
    assert {one["feature"] for one in told["importance"]} == {"AGEP", "SCHL"}
    assert {one["feature"] for one in told["partial_dependence"]} == {"AGEP", "SCHL"}


def test_decision_adds_up_to_the_answer() -> None:
    told = done(factories.explanation(kind="decision")).content
    total = told["expected"][0] + sum(one["contribution"][0] for one in told["contributions"])
    assert total == pytest.approx(told["answer"][0], abs=1e-9)
    assert {one["feature"]: one["value"] for one in told["contributions"]} == {"AGEP": 20.0, "SCHL": 4.0}


def test_decision_made_again_is_the_same_to_the_last_digit() -> None:
    first = done(factories.explanation(kind="decision"))
    again = done(explanations.replay(first, actor=acting(first.requested_by)))
    assert (again.content, explanations.same(again)) == (first.content, True)


def test_counterfactual_changes_what_may_change() -> None:
    told = done(factories.explanation(kind="counterfactual", mutable={"AGEP": "increase"})).content
    assert told["found"]
    assert [change["feature"] for change in told["nearest"][0]["changes"]] == ["AGEP"]
    assert told["answer"][0] < 0.5 <= told["nearest"][0]["answer"][0]


def test_counterfactual_over_an_unknown_feature_fails_in_words() -> None:
    asked = factories.explanation(kind="counterfactual", mutable={"HAT": "any"})
    explaining.explain(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, asked.content) == ("failed", {})
    assert "The model has no features HAT that could change." in asked.failure


def measured(version: ModelVersion, **settings: Any) -> list[EvidenceItem]:
    """The evidence of an evaluation with these settings."""
    queued = evaluations.request(
        version,
        dataset_version=version.dataset_version,
        split="all",
        settings=settings,
        actor=acting(version.trained_by),
    )
    evaluation.evaluate(str(queued.pk))
    queued.refresh_from_db()
    assert (queued.state, queued.failure) == ("succeeded", "")
    return list(EvidenceItem.objects.filter(set__evaluation=queued))


def test_evaluation_without_settings_is_performance_and_fairness_only() -> None:
    assert {item.kind for item in measured(factories.version())} == {"evaluation", "fairness"}


def test_evaluation_in_full_becomes_evidence_of_every_kind() -> None:
    asked = {
        "draws": 100,
        "curves": True,
        "slices": {"columns": ["AGEP"], "edges": {"AGEP": [40]}, "least": 10},
        "robustness": {"noise": [0.5], "missing": [0.1], "adversarial": {"rows": 5, "queries": 100, "budgets": [1.0]}},
        "explanations": {"rows": 10, "background": 5},
    }
    found = measured(factories.version(), **asked)
    kinds = {"evaluation", "fairness", "slice", "curve", "robustness", "explanation"}
    assert {item.kind for item in found} == kinds
    assert {item.metric for item in found if item.kind == "curve"} >= {"roc", "confusion_matrix", "partial_dependence"}
    assert {item.attribute for item in found if item.kind == "robustness"} == {"noise", "missing", "hop_skip_jump"}
