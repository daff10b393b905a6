"""Training runs over the API."""

from typing import Any

import pytest

from registry.models import TrainingRun
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


def body(**changed: Any) -> dict[str, Any]:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    return {"model": str(model.pk), "dataset_version": str(data.pk), "recipe": factories.RECIPE, "seed": 7, **changed}


def test_request_by_an_engineer_is_accepted_and_says_where_to_watch() -> None:
    client = signed_in(factories.person(Role.ENGINEER))
    answer = client.post("/api/v1/runs", body())
    assert (answer.status_code, answer.json()["state"], answer.json()["model_version"]) == (202, "queued", None)
    assert client.get(answer["Location"]).json() == answer.json()


def test_request_by_an_auditor_is_refused() -> None:
    answer = signed_in(factories.person(Role.AUDITOR)).post("/api/v1/runs", body())
    assert (answer.status_code, TrainingRun.objects.count()) == (403, 0)


def test_request_with_a_recipe_that_cannot_be_read_points_at_it() -> None:
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/runs", body(recipe={"task": "guess"}))
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/recipe"])


def test_request_with_a_sensitive_feature_points_at_the_feature() -> None:
    recipe = {**factories.RECIPE, "features": {"AGEP": "numeric", "SEX": "categorical"}}
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/runs", body(recipe=recipe))
    assert answer.json()["errors"] == [
        {"pointer": "/recipe/features/SEX", "detail": "is a sensitive column", "remedy": ""}
    ]


def test_request_with_data_of_another_system_is_refused() -> None:
    foreign = factories.dataset_version()
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/runs", body(dataset_version=str(foreign.pk)))
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/dataset_version"])


def test_run_that_succeeded_shows_what_would_repeat_it() -> None:
    version = factories.version()
    shown = signed_in(factories.person(Role.VALIDATOR)).get(f"/api/v1/runs/{version.run_id}").json()
    names = ("state", "model_version", "seed", "recipe", "code_digest", "environment")
    expected = ("succeeded", str(version.pk), 7, factories.RECIPE, "c" * 64, {"scikit-learn": "1.7"})
    assert tuple(shown[name] for name in names) == expected
