"""Explanations over the API."""

import pytest

from registry.models import Explanation
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db
PATH = "/api/v1/explanations"


def test_request_by_a_validator_is_accepted_and_says_where_to_watch() -> None:
    version, client = factories.version(), signed_in(factories.person(Role.VALIDATOR))
    answer = client.post(PATH, {"model_version": str(version.pk), "kind": "global", "settings": {"rows": 20}})
    shown = {key: answer.json()[key] for key in ("kind", "settings", "state", "content", "same", "digest")}
    expected = {
        "kind": "global",
        "settings": {"rows": 20},
        "state": "queued",
        "content": {},
        "same": None,
        "digest": "",
    }
    assert (answer.status_code, shown) == (202, expected)
    assert client.get(answer["Location"]).json() == answer.json()


def test_request_with_settings_of_another_kind_is_refused_by_path() -> None:
    version, client = factories.version(), signed_in(factories.person(Role.VALIDATOR))
    answer = client.post(PATH, {"model_version": str(version.pk), "kind": "decision", "settings": {"rows": 20}})
    assert (answer.status_code, Explanation.objects.count()) == (422, 0)
    assert answer.json()["errors"][0]["pointer"] == "/settings"


def test_request_by_a_dpo_is_refused() -> None:
    version = factories.version()
    answer = signed_in(factories.person(Role.DPO)).post(PATH, {"model_version": str(version.pk), "kind": "global"})
    assert (answer.status_code, Explanation.objects.count()) == (403, 0)


def test_replay_of_what_is_not_done_is_a_conflict() -> None:
    waiting = factories.explanation()
    answer = signed_in(factories.person(Role.VALIDATOR)).post(f"{PATH}/{waiting.pk}/replay")
    assert answer.status_code == 409
