"""Evidence over the API."""

import hashlib
import json
from uuid import uuid4

import pytest

from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


def test_detail_holds_the_record_that_the_digest_is_of() -> None:
    item = factories.evidence_set().items.first()
    assert item is not None
    shown = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/evidence/{item.pk}").json()
    canonical = json.dumps(shown["record"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == shown["digest"] == item.digest


@pytest.mark.parametrize(
    ("query", "metrics"),
    [("metric=roc_auc", ["roc_auc"]), ("attribute=SEX&group=2", ["impact_ratio"]), ("kind=contract_check", [""])],
)
def test_list_filtered_by_what_was_measured_holds_only_that(query: str, metrics: list[str]) -> None:
    factories.evidence_set()
    rows = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/evidence?{query}").json()["results"]
    assert [row["metric"] for row in rows] == metrics


def test_list_filtered_by_version_leaves_other_versions_out() -> None:
    found = factories.evidence_set()
    factories.evidence_set()
    client = signed_in(factories.person(Role.AUDITOR))
    rows = client.get(f"/api/v1/evidence?model_version={found.model_version_id}").json()["results"]
    assert {row["set"] for row in rows} == {str(found.pk)}


@pytest.mark.parametrize("path", ["evidence?model_version=", "evidence?set=", "evidence-sets?model_version="])
def test_filter_by_what_the_reader_may_not_see_answers_as_for_an_id_that_nobody_has(path: str) -> None:
    found = factories.evidence_set()
    hidden = found.pk if "set=" in path else found.model_version_id
    client = signed_in(factories.person(Role.OWNER, system=factories.system()))
    answers = [client.get(f"/api/v1/{path}{one}") for one in (hidden, uuid4())]
    assert [(answer.status_code, answer.json()["results"]) for answer in answers] == [(200, []), (200, [])]
