"""People at the admin: signed in with a session, and a world in which every table has rows."""

import contextlib
from dataclasses import replace
from datetime import timedelta
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
from monitoring.models import Alert, AlertRule, Monitor
from monitoring.services import monitors
from monitoring.services.alerts import rules
from monitoring.services.calibrations import measuring
from monitoring.services.calibrations.replaying import Replayed
from monitoring.services.profiles import References
from registry.errors import Invalid
from registry.models import CardText, DataSource, Hold, ModelVersion, PipelineRun, TrainingRun, User
from registry.roles import Role
from registry.services import job_lines, predictions, privacy, reproductions, sources, trials, uploads
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from registry.services.coverage import exemptions
from registry.services.decisions import deciding, waivers
from registry.services.decisions.waivers import Asked
from registry.services.documents import cards
from registry.services.duties import delegations, duties, threads
from registry.services.job_kinds import KINDS
from registry.services.pipelines import passes, registration
from registry.services.slots import emergencies, holds, incidents
from registry.services.subscriptions import dispatching, subscribing
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
    """A champion, a canary, requests in every hand, what went wrong with them, predictions, and an alarm that rang."""
    house = houses.build(gates=houses.waivable_gates())
    compared(house)
    houses.executed(house)
    reviewed(house)
    ruled(house)
    alarm(house)
    unused(house)
    kept(house)
    objected(beside(house))
    broken(beside(house))
    exempted(house)
    described(house)
    factories.explanation(ModelVersion.objects.filter(model=house.model).latest("pk"))
    predictions.seal(actor=WORKER)
    unanswered(house)
    held_up(beside(house))
    fed(house)
    retrained(house)
    logged_work()
    verified()
    subscribed()
    factories.sequence()
    dispatching.dispatch()
    return house


def beside(house: House) -> House:
    """The same house with another slot, so that what happens there leaves the first as it is."""
    return replace(house, slot=factories.slot(house.system, called=factories.name("beside")))


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


def objected(house: House) -> None:
    """A finding, a waiver that waits for its second signature, and an approval on a condition."""
    later, request = timezone.now() + timedelta(days=30), houses.submitted(house, auc=0.81)
    wrong = Wrong("low", "The holdout is small", "It has 2,000 rows.", owner=house.engineer, due_at=later)
    findings.raise_(request.model_version, wrong, actor=acting(house.validator), promotion=request)
    asked = Asked("By a hair.", "A person decides below 0.6.", expires_at=later)
    waiver = waivers.request(request, gate="perf.auc.floor", asked=asked, actor=acting(house.engineer))
    officer = factories.person(Role.RISK_OFFICER, system=house.system, team="risk")
    proof = factories.credentials(officer)
    waivers.sign(waiver, reason="Covered.", credentials=proof, revision=waiver.revision, actor=acting(officer))
    terms = [{"text": "Train the clerks.", "due_at": later}]
    verdict = "approve_with_conditions"
    houses.signed(houses.validated(house), house.reviewer, meaning="review", verdict=verdict, conditions=terms)


def broken(house: House) -> None:
    """A break-glass that waits for its review, and the incident behind it."""
    proof, actor = factories.credentials(house.operator), acting(house.operator)
    version = houses.measured(house)
    emergencies.open(house.slot, version=version, reason="Nothing answers.", credentials=proof, actor=actor)
    detail = "Months came where years were meant."
    incidents.report(house.system, title="Wrong unit", detail=detail, severity="serious", slot=house.slot, actor=actor)


def fed(house: House) -> DataSource:
    """A lake that the house's data come from, and a file that is on its way."""
    dataset, actor = house.data.dataset, acting(house.engineer)
    uploads.open(dataset, name="rows.csv", format="csv", length_bytes=1000, actor=actor)
    settings = {"url": "s3://lake/*.csv", "format": "csv"}
    return sources.register(dataset, name="lake", kind="files", settings=settings, interval_seconds=3600, actor=actor)


def retrained(house: House) -> PipelineRun:
    """A pipeline with a pass that has begun, and a run that is to be done again."""
    actor = acting(house.engineer)
    document = {
        "data": {"dataset": house.data.dataset.name},
        "model": house.model.name,
        "recipe": factories.RECIPE,
        "promotion": {"slot": house.slot.key, "policy": house.policy.name},
    }
    pipeline = registration.register(house.system, name=factories.name("pipeline"), document=document, actor=actor)
    reproductions.request(ModelVersion.objects.filter(model=house.model).latest("pk").run, actor=actor)
    return passes.request(pipeline, actor=actor)


def logged_work() -> None:
    """A line in the log of every job, and a trial of every run."""
    for kind in KINDS:
        for job in kind._default_manager.all():
            job_lines.write(job, "begun")
    for run in TrainingRun.objects.all():
        trials.claim(run, 1, estimator="logistic_regression", parameters={"C": 1.0})


def described(house: House) -> CardText:
    """A section of the newest version's card."""
    version = ModelVersion.objects.filter(model=house.model).latest("pk")
    said = {"section": "intended_use", "text": "To rank applications for a person.", "reason": "The first text."}
    return cards.write(version, **said, credentials=factories.credentials(house.engineer), actor=acting(house.engineer))


def exempted(house: House) -> None:
    """A clause that does not apply to the house's system, signed."""
    proof, reason = factories.credentials(house.reviewer), "Nobody's data are in it."
    exemptions.sign(house.system, clause="gdpr.35", reason=reason, credentials=proof, actor=acting(house.reviewer))


def reviewed(house: House) -> None:
    """A request on which one person stepped back, another stands in, and people talk."""
    request, now = houses.submitted(house), timezone.now()
    second = factories.person(Role.VALIDATOR, system=house.system, team="second line")
    deputy = factories.person(Role.DPO, system=house.system, team="privacy")
    span = delegations.Span(now, now + timedelta(days=14))
    delegations.delegate(
        deputy, role="validator", span=span, reason="Away.", system=house.system, actor=acting(house.validator)
    )
    duties.recuse(request, reason="A relative trained it.", actor=acting(second))
    threads.comment(request, text="Is 2016 in it?", actor=acting(house.reviewer))
    deciding.claim(request, actor=acting(deputy))


def subscribed() -> None:
    """A webhook to a name that never exists; a delivery waits for it once the log is sequenced and looked at."""
    subscribing.subscribe(
        factories.name("webhook"),
        kind="webhook",
        target="https://hooks.invalid/",
        patterns=["subscription.*"],
        actor=acting(factories.person(Role.OPERATOR)),
        resolver=lambda host, port: ["93.184.215.14"],
    )


def unused(house: House) -> Monitor:
    """A monitor that has not looked yet."""
    return monitors.create(
        house.slot, kind=Monitor.Kind.DRIFT, name="drift", cadence_seconds=60, actor=acting(house.operator)
    )


def ruled(house: House) -> AlertRule:
    """Whoever subscribes is told of every alert, and who escalates it is told in an hour."""
    terms = {"actions": ["notify"], "escalate_after_minutes": 60, "escalate_to": ["owner"]}
    return rules.create(house.system, name="tell", terms=terms, actor=acting(house.operator))


def compared(house: House) -> None:
    """What looks at the champion's inputs are compared with."""
    champion = houses.champion(house).champion
    assert champion is not None
    References(WORKER).inputs(champion)


def held_up(house: House) -> Hold:
    """A slot into which nothing new comes."""
    return holds.place(house.slot, reason="The feed has changed its unit.", actor=acting(house.operator))


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
    run = monitors.check(str(monitor.pk), actor=WORKER)
    assert run is not None
    moved = {"shift": "truths of another class", "size": "20% of rows", "found": 10, "of": 10}
    shifts = [moved | {"looks_median": 1, "looks_most": 10}]
    measuring.record(monitor, run, Replayed(200, 1, rows=500, pool=1_000, shifts=shifts), WORKER)
    return Alert.objects.get(monitor=monitor)


def unanswered(house: House) -> None:
    """A request whose row fits no schema."""
    with contextlib.suppress(Invalid):
        inference.predict(house.slot.key, [Row({"AGEP": 1})], actor=acting(house.operator))


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
