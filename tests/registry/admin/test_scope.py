"""A person with a role for one system: its pages, its rows and its signatures, and no trace of another's."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from registry.admin.acting import ActingAdmin
from registry.admin.scoped import ScopedAdmin
from registry.models import PolicyVersion
from registry.permissions import OF_NO_SYSTEM
from registry.roles import Role
from registry.services import people
from tests import desks, factories, houses, recorded
from tests.houses import House

pytestmark = pytest.mark.django_db

#: No system owns them: only readers of every system open their pages.
WHOLE = {model._meta.label for model in admin.site._registry if model._meta.app_label == "audit"} | {
    apps.get_model("registry", name)._meta.label for name in OF_NO_SYSTEM
}
#: No system owns them, and whoever reads one reads all of them.
COMMON = {"registry.PolicyVersion"}
#: Their way to a system is no single path; their pages look for it themselves.
WINDING = {"registry.Artifact", "registry.Delegation", "registry.PeriodicReview"}
FREE = (WHOLE | COMMON | WINDING) - {
    model._meta.label for model in admin.site._registry if model._meta.app_label == "audit"
}
SCOPED = {model._meta.label for model in admin.site._registry} - WHOLE - COMMON


def rows() -> dict[str, set[Any]]:
    """The keys of every row that a system owns, by table."""
    return {label: set(_all(apps.get_model(label)).values_list("pk", flat=True)) for label in SCOPED}


def _all(model: type[Model]) -> Any:
    return model._default_manager


def shown(client: Client, label: str) -> set[Any]:
    """The keys of the rows that a list holds."""
    return set(client.get(desks.lists()[label]).context["cl"].queryset.values_list("pk", flat=True))


def doors(label: str, path: str) -> list[str]:
    """Everything that can be done at a row's page."""
    page = admin.site._registry[apps.get_model(label)]
    acts = page.acts if isinstance(page, ActingAdmin) else ()
    return [path.replace("/change/", f"/{name}/") for name in ("history", *acts)]


def test_page_of_a_record_is_scoped_and_only_these_belong_to_no_system() -> None:
    pages = {model: page for model, page in admin.site._registry.items() if model._meta.app_label != "audit"}
    assert [model for model, page in pages.items() if not isinstance(page, ScopedAdmin)] == []
    free = {model for model, page in pages.items() if isinstance(page, ScopedAdmin) and page.system_path is None}
    assert {model._meta.label for model in free} == FREE


def test_lists_hold_only_the_person_s_own_systems_rows() -> None:
    own = desks.world()
    expected = rows()
    desks.world()
    client = desks.at(own.reviewer)
    assert {label: shown(client, label) for label in SCOPED} == expected


def test_pages_of_own_rows_answer_and_of_another_s_do_not_exist() -> None:
    own = desks.world()
    mine = desks.pages()
    desks.world()
    others = desks.pages()
    client = desks.at(own.reviewer)
    assert {label: client.get(mine[label]).status_code for label in SCOPED} == dict.fromkeys(SCOPED, 200)
    assert {label: client.get(others[label]).status_code for label in SCOPED} == dict.fromkeys(SCOPED, 404)


def test_nothing_can_be_done_at_another_system_s_rows() -> None:
    own = desks.world()
    desks.world()
    client, others = desks.at(own.operator), desks.pages()
    paths = [door for label in SCOPED for door in doors(label, others[label])]
    assert {path: client.post(path, {"reason": "Mine."}).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_row_of_another_system_answers_as_one_that_does_not_exist() -> None:
    own, other = houses.build(), houses.build()
    client, path = desks.at(own.reviewer), desks.page(other.slot)
    nowhere = path.replace(str(other.slot.pk), str(own.system.pk))
    answers = [client.get(one) for one in (path, nowhere)]
    assert (answers[0].status_code, answers[0].content) == (answers[1].status_code, answers[1].content)


def test_log_and_people_are_for_readers_of_every_system() -> None:
    own = desks.world()
    client, lists, pages = desks.at(own.reviewer), desks.lists(), desks.pages()
    found = {label: (client.get(lists[label]).status_code, client.get(pages[label]).status_code) for label in WHOLE}
    assert found == dict.fromkeys(WHOLE, (403, 403))


def test_policies_are_for_whoever_reads_a_system() -> None:
    own = houses.build()
    houses.build()
    every = set(PolicyVersion.objects.values_list("pk", flat=True))
    assert shown(desks.at(own.reviewer), "registry.PolicyVersion") == every


def test_nothing_shown_names_another_system() -> None:
    own = desks.world()
    mine = desks.pages()
    other = desks.world()
    client = desks.at(own.reviewer)
    paths = [reverse("admin:index"), *(path for label in SCOPED for path in (mine[label], desks.lists()[label]))]
    names = (other.system.name, other.model.name, other.data.dataset.name)
    texts = {path: client.get(path).content.decode() for path in paths}
    assert [(path, name) for path, text in texts.items() for name in names if name in text] == []


def test_no_link_of_a_page_leads_to_a_refusal() -> None:
    own = desks.world()
    mine, client = desks.pages(), desks.at(own.reviewer)
    paths = [reverse("admin:index"), *(mine[label] for label in SCOPED)]
    texts = [client.get(path).content.decode() for path in paths]
    closed = [desks.lists()[label] for label in WHOLE]
    assert [path for path in closed for text in texts if f'href="{path}' in text] == []


def test_trail_stays_with_the_record_and_history_leads_to_it() -> None:
    own = houses.build()
    client, path = desks.at(own.reviewer), desks.page(own.slot)
    assert "slot.created" in client.get(path).context["trail"]
    assert client.get(desks.page(own.slot, "history"))["Location"] == f"{path}#trail"


def test_home_shows_only_what_belongs_to_the_person_s_own_systems() -> None:
    own = desks.world()
    desks.world()
    found = desks.at(own.validator).get(reverse("admin:index")).context
    counts = {name: count for name, count, *_ in found["counts"]}
    assert (counts["Waiting for you"], found["others_count"], counts["Open alerts"]) == (1, 0, 1)
    assert "events" not in found


def test_validator_of_one_system_signs_there(house: House) -> None:
    promotion = houses.submitted(house)
    form = {
        "verdict": "approve",
        "meaning": "independent_validation",
        "reason": "The figures hold.",
        "password": factories.PASSWORD,
        "code": factories.code(house.validator),
        "revision": promotion.revision,
    }
    assert desks.at(house.validator).post(desks.page(promotion, "decide"), form).status_code == 302
    assert recorded.names(promotion) == ["promotion.submitted", "promotion.signed"]


def test_pages_take_as_many_queries_for_three_systems_as_for_one() -> None:
    reader = factories.person()
    people.grant(reader, Role.AUDITOR, actor=factories.bootstrap(), system=desks.world().system)
    client, paths = desks.at(reader), {label: desks.lists()[label] for label in SCOPED}
    paths["home"] = reverse("admin:index")
    before = {label: desks.queries(client, path) for label, path in paths.items()}
    for house in (desks.world(), desks.world()):
        people.grant(reader, Role.AUDITOR, actor=factories.bootstrap(), system=house.system)
    assert {label: desks.queries(client, path) for label, path in paths.items()} == before
