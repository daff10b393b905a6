"""Every record has a list and a page to read, for those who may; nobody edits one."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from audit.models import Checkpoint, Event, Hold, Redaction, Verification
from monitoring.models import AlertAction
from registry.models import JobLine, SubjectMark, Trial, User
from registry.roles import Role
from tests import desks, factories

pytestmark = pytest.mark.django_db


def test_every_record_has_pages_and_nothing_else_does() -> None:
    governed = {model for app in ("registry", "monitoring") for model in apps.get_app_config(app).get_models()}
    governed.discard(SubjectMark)  # keyed hashes: nothing that a person could read
    governed -= {JobLine, Trial, AlertAction}  # shown on the page of their job, or alert
    assert set(admin.site._registry) == governed | {Event, Checkpoint, Hold, Redaction, Verification}


def test_lists_and_pages_answer_a_reviewer() -> None:
    desks.world()
    client, paths = desks.reader(), [*desks.lists().values(), *desks.pages().values()]
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_lists_and_pages_send_a_stranger_to_the_login() -> None:
    desks.world()
    paths = [reverse("admin:index"), *desks.lists().values(), *desks.pages().values()]
    found = {path: Client().get(path)["Location"] for path in paths}
    assert found == {path: f"{reverse('admin:login')}?next={path}" for path in paths}


def test_login_leads_home() -> None:
    typed = {"username": factories.person(Role.VALIDATOR).username, "password": factories.PASSWORD}
    assert Client().post(reverse("admin:login"), typed)["Location"] == reverse("admin:index")


def test_lists_and_pages_refuse_a_person_without_a_role() -> None:
    desks.world()
    client, paths = Client(), [*desks.lists().values(), *desks.pages().values()]
    client.force_login(factories.person(), backend="registry.authentication.PasswordBackend")
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 403)


def test_nobody_adds_changes_or_deletes_not_even_a_superuser() -> None:
    desks.world()
    account = factories.person()
    User.objects.filter(pk=account.pk).update(is_superuser=True)
    client = desks.at(account)
    doors = [door for path in desks.pages().values() for door in (path, path.replace("/change/", "/delete/"))]
    doors += [f"{path}add/" for path in desks.lists().values()]
    assert {door: client.post(door, {"post": "yes"}).status_code for door in doors} == dict.fromkeys(doors, 403)


def test_lists_take_as_many_queries_for_three_worlds_as_for_one() -> None:
    desks.world()
    client = desks.reader()
    before = {label: desks.queries(client, path) for label, path in desks.lists().items()}
    desks.world()
    desks.world()
    assert {label: desks.queries(client, path) for label, path in desks.lists().items()} == before


def test_home_takes_as_many_queries_for_three_worlds_as_for_one() -> None:
    desks.world()
    client = desks.reader()
    before = desks.queries(client, reverse("admin:index"))
    desks.world()
    desks.world()
    assert desks.queries(client, reverse("admin:index")) == before


def test_page_of_an_id_that_is_none_is_not_found() -> None:
    assert desks.reader().get("/admin/registry/slot/nonsense/change/").status_code == 404


def test_history_leads_to_the_record_s_events() -> None:
    system = factories.system()
    answer = desks.reader().get(desks.page(system, "history"))
    assert answer["Location"] == f"{reverse('admin:audit_event_changelist')}?subject_type=system&subject_id={system.pk}"
