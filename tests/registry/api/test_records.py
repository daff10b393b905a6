"""What holds for every noun: who sees its rows, how many queries a list takes, and what its detail says."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from registry.roles import Role
from tests import factories
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db
NOUNS: dict[str, Callable[[], Any]] = {
    "systems": factories.system,
    "models": factories.model,
    "model-versions": factories.version,
    "datasets": factories.dataset,
    "ingestions": factories.ingestion,
    "dataset-versions": factories.dataset_version,
    "runs": factories.run,
    "evaluations": factories.evaluation,
    "evidence-sets": factories.evidence_set,
    "evidence": lambda: factories.evidence_set().items.first(),
}
FINISHED = {
    "ingestions": lambda: factories.dataset_version().ingestion,
    "runs": lambda: factories.version().run,
    "evaluations": lambda: factories.evidence_set().evaluation,
}
each_noun = pytest.mark.parametrize("noun", NOUNS)


@each_noun
def test_detail_for_a_reader_of_every_system_shows_the_row(noun: str) -> None:
    row = NOUNS[noun]()
    answer = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/{noun}/{row.pk}")
    assert (answer.status_code, answer.json()["id"]) == (200, str(row.pk))


@each_noun
def test_detail_of_another_system_is_not_found(noun: str) -> None:
    row, outsider = NOUNS[noun](), factories.person(Role.OWNER, system=factories.system())
    answer = signed_in(outsider).get(f"/api/v1/{noun}/{row.pk}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@each_noun
def test_list_of_another_system_leaves_its_rows_out(noun: str) -> None:
    row, outsider = NOUNS[noun](), factories.person(Role.OWNER, system=factories.system())
    rows = signed_in(outsider).get(f"/api/v1/{noun}").json()["results"]
    assert str(row.pk) not in {found["id"] for found in rows}


@each_noun
def test_list_without_a_token_is_refused(noun: str) -> None:
    answer = APIClient().get(f"/api/v1/{noun}")
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-authenticated")


@pytest.mark.parametrize(("noun", "make"), [*NOUNS.items(), *FINISHED.items()])
def test_list_of_three_rows_takes_as_many_queries_as_of_one(noun: str, make: Callable[[], Any]) -> None:
    client = signed_in(factories.person(Role.AUDITOR))
    make()
    first = count_queries(client, f"/api/v1/{noun}")
    make(), make()
    assert count_queries(client, f"/api/v1/{noun}") == first
