"""The search of the admin's lists, at every list that has one."""

from typing import Any

import pytest
from django.contrib import admin

from audit.pages import search
from registry.models import ModelVersion, PromotionRequest
from tests import desks, houses
from tests.houses import House

LISTS = {"versions": ModelVersion, "requests": PromotionRequest}


def found(house: House, kind: str, term: str) -> list[Any]:
    """What the list shows for the term."""
    path = f"/admin/registry/{LISTS[kind]._meta.model_name}/"
    shown = desks.at(house.reviewer).get(path, {"q": term})
    assert shown.status_code == 200, shown.content[:300]
    return list(shown.context["cl"].result_list)


def test_word_is_found_in_a_relation_in_whatever_case_and_all_words_must_match(house: House) -> None:
    version = houses.measured(house)
    name = version.model.name
    assert found(house, "versions", name.upper()) == [version]
    assert found(house, "versions", name[2:5]) == [version]
    assert found(house, "versions", f"{name} elsewhere") == []


def test_digest_is_found_by_how_it_begins_and_not_by_its_middle(house: House) -> None:
    version = houses.measured(house)
    digest = version.artifact_digest
    assert found(house, "versions", digest) == found(house, "versions", digest[:8].upper()) == [version]
    assert found(house, "versions", digest[8:24]) == []


def test_quoted_words_are_one(house: House) -> None:
    request = houses.submitted(house)
    first, second = request.headline.split()[:2]
    assert found(house, "requests", f'"{first} {second}"') == [request]
    assert found(house, "requests", f'"{second} {first}"') == []


@pytest.mark.parametrize("page", [page for page in admin.site._registry.values() if page.search_fields], ids=str)
@pytest.mark.parametrize("term", ["x", "0a1b2c", "5", '"', "'a b'", "%", "0193b1a4-5f0e-7000-8000-000000000000"])
def test_every_list_answers_every_term(page: Any, term: str, db: None) -> None:
    rows = page.model._default_manager.all()
    assert list(search.matching(rows, page.search_fields, term)[:1]) == []
