"""Evaluations over the API."""

import pytest

from registry.models import Evaluation
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


def test_request_by_a_validator_is_accepted_and_says_where_to_watch() -> None:
    version = factories.version()
    body = {"model_version": str(version.pk), "dataset_version": str(version.dataset_version_id)}
    client = signed_in(factories.person(Role.VALIDATOR))
    answer = client.post("/api/v1/evaluations", body)
    shown = {key: answer.json()[key] for key in (*body, "split", "seed", "state", "evidence_set")}
    expected = {**body, "split": "holdout", "seed": 0, "state": "queued", "evidence_set": None}
    assert (answer.status_code, shown) == (202, expected)
    assert client.get(answer["Location"]).json() == answer.json()


def test_request_by_a_dpo_is_refused() -> None:
    version = factories.version()
    body = {"model_version": str(version.pk), "dataset_version": str(version.dataset_version_id)}
    answer = signed_in(factories.person(Role.DPO)).post("/api/v1/evaluations", body)
    assert (answer.status_code, Evaluation.objects.count()) == (403, 0)


def test_request_for_the_holdout_of_other_data_is_refused() -> None:
    version = factories.version()
    other = factories.dataset_version(version.dataset_version.dataset)
    body = {"model_version": str(version.pk), "dataset_version": str(other.pk), "split": "holdout"}
    answer = signed_in(factories.person(Role.VALIDATOR)).post("/api/v1/evaluations", body)
    assert (answer.status_code, answer.json()["remedy"]) == (422, "Use split 'all' for other data.")
