"""People at the admin: signed in with a session, and a world in which every table has rows."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit import actors as system_actors
from audit.models import Redaction, Verification
from audit.watch import selfcheck, verifications
from audit.watch.findings import Finding
from monitoring.models import Alert, Monitor
from monitoring.services import monitors
from registry.models import User
from registry.roles import Role
from registry.services import predictions, privacy
from registry.serving import inference, snapshot
from registry.serving.inference import Row
from tests import factories, houses
from tests.factories import acting
from tests.houses import House

WORKER = system_actors.system("worker")


def at(account: User) -> Client:
    """A browser in which this person is signed in, with the roles that they hold and no others."""
    client = Client()
    client.force_login(account, backend="registry.authentication.PasswordBackend")
    return client


def reader() -> Client:
    """A compliance reviewer who had no part in anything."""
    return at(factories.person(Role.COMPLIANCE_REVIEWER))


def world() -> House:
    """A champion, a canary, a request in review, predictions with outcomes, and a monitor whose alarm rang."""
    house = houses.build()
    houses.champion(house)
    houses.executed(house)
    houses.submitted(house)
    alarm(house)
    unused(house)
    kept(house)
    predictions.seal(actor=WORKER)
    verified()
    factories.sequence()
    return house


def verified(*findings: Finding) -> Verification:
    """A run of the self-check on record, with what it is to have found."""
    run = selfcheck.Result(timezone.now(), size=10, entries=10)
    run.add(findings)
    return verifications.record(run, actor=WORKER)


def kept(house: House) -> Redaction:
    """A hold on the house's system, and an erasure that waits for its second person."""
    scope = {"subject_type": "system", "subject_id": str(house.system.pk)}
    privacy.place_hold(**scope, ground="a suit", actor=acting(factories.person(Role.RISK_OFFICER)))
    officer = acting(factories.person(Role.DPO))
    return privacy.erase_person(factories.person(), ground="GDPR Art. 17(1)(b)", actor=officer)


def unused(house: House) -> Monitor:
    """A monitor that has not looked yet."""
    return monitors.create(
        house.slot, kind=Monitor.Kind.DRIFT, name="drift", cadence_seconds=60, actor=acting(house.operator)
    )


def alarm(house: House) -> Alert:
    """Predictions that turn out as if by chance, and the alert of a monitor that expects better."""
    snapshot._snapshots.clear()
    rows = [Row({"AGEP": 20 + number, "SCHL": number % 24}, attributes={"SEX": 1 + number % 2}) for number in range(40)]
    made = inference.predict(house.slot.key, rows, actor=acting(house.operator))
    outcomes = [{"prediction": one.pk, "value": number // 2 % 2} for number, one in enumerate(made)]
    predictions.record_outcomes(house.slot, outcomes, actor=acting(house.operator))
    monitor = monitors.create(
        house.slot,
        kind=Monitor.Kind.PERFORMANCE,
        name="performance",
        cadence_seconds=60,
        parameters={"min_n": 10, "floor": 0.99},
        actor=acting(house.operator),
    )
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    monitors.check(str(monitor.pk), actor=WORKER)
    return Alert.objects.get(monitor=monitor)


def page(row: Model, act: str = "change") -> str:
    """The address of a record's page, or of something to do there."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{act}", args=[row.pk])


def lists() -> dict[str, str]:
    """The address of every list."""
    return {
        model._meta.label: reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    }


def pages() -> dict[str, str]:
    """The address of one record's page of every table."""
    return {model._meta.label: page(_newest(model)) for model in admin.site._registry}


def queries(client: Client, path: str) -> int:
    """How many queries a page takes; it must be there."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def _newest(model: type[Model]) -> Any:
    row = model._default_manager.order_by("-pk").first()
    assert row is not None, f"The world has no {model._meta.verbose_name}."
    return row
