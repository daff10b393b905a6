"""Past answers over the API: judged again, and explained."""

import pytest

from registry.models import GateResult
from registry.roles import Role
from tests import factories, houses
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


def test_replay_of_a_request_says_that_it_comes_out_the_same() -> None:
    request = houses.submitted(houses.build())
    answer = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/promotions/{request.pk}/replay")
    shown = answer.json()
    assert (answer.status_code, shown["gates"], shown["same"], shown["differences"]) == (200, 2, True, [])


def test_replay_of_a_changed_answer_names_what_differs() -> None:
    request = houses.submitted(houses.build(), auc=0.7)
    GateResult.objects.filter(promotion=request, gate="perf.auc.floor").update(effect="none")
    shown = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/promotions/{request.pk}/replay").json()
    assert (shown["same"], shown["differences"]) == (
        False,
        [{"subject": "perf.auc.floor", "field": "effect", "recorded": "none", "replayed": "block"}],
    )


def test_explanation_names_rule_reason_and_evidence() -> None:
    request = houses.submitted(houses.build())
    shown = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/promotions/{request.pk}/explanation").json()
    floor = shown["gates"][1]
    assert (shown["headline"], floor["gate"], floor["verdict"]) == ("2 gates pass.", "perf.auc.floor", "pass")
    assert floor["rule"][0].startswith("It reads evaluation, roc_auc, on holdout")
    assert [(item["metric"], item["value"], item["method"]) for item in floor["evidence"]] == [
        ("roc_auc", 0.85, "DeLong")
    ]


@pytest.mark.parametrize("part", ["replay", "explanation"])
def test_answers_of_another_system_are_not_found(part: str) -> None:
    request = houses.submitted(houses.build())
    stranger = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    assert stranger.get(f"/api/v1/promotions/{request.pk}/{part}").status_code == 404
