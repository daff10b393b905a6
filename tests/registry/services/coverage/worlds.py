"""A system of which every record that a clause may ask for is on file, and one of which nothing is."""

import contextlib
import io
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from django.utils import timezone

from audit import log
from audit.log_events import LogVerified
from audit.models import Verification
from monitoring.models import Monitor, MonitorRun
from monitoring.services import monitors
from registry import events
from registry.errors import RegistryError
from registry.models import (
    AISystem,
    DatasetVersion,
    Evaluation,
    EvidenceItem,
    Ingestion,
    ModelVersion,
    Outcome,
    Prediction,
    PromotionRequest,
    SlotAssignment,
    User,
)
from registry.roles import Role
from registry.services import datasets, evaluations, jobs, predictions, privacy, systems
from registry.services import people as accounts
from registry.services.approvals import findings
from registry.services.decisions import promotions
from registry.services.documents import cards
from registry.services.slots import incidents, rollouts
from tests import factories, houses
from tests.factories import acting

REGIMES = [str(regime) for regime in AISystem.Regime]
MODEL_SECTIONS = (
    "intended_use", "out_of_scope", "limitations", "ethical_considerations", "human_oversight", "instructions_for_use",
)  # fmt: skip
DATA_SECTIONS = ("motivation", "collection", "labelling")


@dataclass(frozen=True)
class World:
    """The house with everything, what serves in it, and a system held to the same of which nothing is on file."""

    house: houses.House
    version: ModelVersion
    promotion: PromotionRequest
    bare: AISystem
    officer: User


def build() -> World:
    house = houses.build(**_policy())
    officer = factories.person(Role.RISK_OFFICER, system=house.system)
    bare = factories.system(risk_tier="high")
    _classified(bare, factories.person(Role.RISK_OFFICER, system=bare))
    _classified(house.system, officer)
    _described(house.system)
    _staffed(house.system)
    house = replace(house, data=people(house))
    version = factories.version(house.model, data=house.data)
    _measured(version, house.data, _figures())
    _measured(version, people(house), [_figure("evaluation", metric="roc_auc")], split=Evaluation.Split.ALL)
    _written(house, version)
    owner = factories.person(Role.VALIDATOR, system=house.system)
    findings.raise_(version, findings.Wrong("low", "Old labels", "Some are of 2015."), actor=acting(owner))
    promotion = approved(house, version)
    assignment = rollouts.execute(promotion, actor=acting(house.operator), reason="Due.")
    _watched(house, assignment)
    _rehearsed(house, promotion)
    return World(house, version, PromotionRequest.objects.get(pk=promotion.pk), bare, officer)


def _policy() -> dict[str, Any]:
    document = houses.policy_document("x")
    chain = [*document["approval"]["chain"], {"role": "dpo", "quorum": 1, "meaning": "approval", "due_in": "P2D"}]
    return {
        "gates": [{**gate, "rationale": "It fits the risk."} for gate in document["gates"]],
        "approval": {**document["approval"], "chain": chain},
        "change_plan": {"classes": ["initial", "recipe"]},
        "monitoring": [{"id": "drift", "test": "psi_with_null_calibration", "cadence": "P1D"}],
        "retention": {"prediction_log": "P6M", "technical_file": "P10Y"},
    }


def _classified(system: AISystem, officer: User) -> None:
    changes = {"regimes": REGIMES, "exposure": "high"}
    systems.update(system, changes=changes, revision=system.revision, actor=acting(officer))
    system.refresh_from_db()


def _described(system: AISystem) -> None:
    changes = {"legal_basis": "Public task, GDPR Art. 6(1)(e)"}
    systems.update(system, changes=changes, revision=system.revision, actor=acting(system.owner))
    system.refresh_from_db()


def _staffed(system: AISystem) -> None:
    """The roles that a house lacks; the engineer holds theirs for this system alone from now on."""
    for role in (Role.OWNER, Role.AUDITOR, Role.ENGINEER):
        factories.person(role, system=system)
    caller = factories.person(kind=User.Kind.SERVICE)
    accounts.grant(caller, Role.CALLER, actor=factories.bootstrap(), system=system)


def people(house: houses.House) -> DatasetVersion:
    """People with a column that tells them apart, under a contract."""
    dataset = datasets.register(
        house.system,
        name=factories.name("people"),
        licence="CC0-1.0",
        description="Residents, from the census.",
        sensitive_columns=["SEX"],
        contract={"minimum_rows": 1},
        subject_column="PID",
        actor=acting(house.system.owner),
    )
    job = jobs.claim(Ingestion, str(factories.ingestion(dataset).pk), actor=factories.bootstrap())
    assert job is not None
    columns = {"PID": ["ann", "bob"], "AGEP": [30, 40], "SCHL": [1, 2], "SEX": [1, 2], "EMPLOYED": [0, 1]}
    sink = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), sink)
    schema = [{"name": name, "kind": "integer"} for name in columns]
    result = datasets.Ingested(sink.getvalue(), 2, schema, {}, "pass", [])
    return datasets.complete(job, result=result, actor=factories.bootstrap())


def _figure(kind: str, **more: Any) -> EvidenceItem:
    interval = {"value": 0.9, "low": 0.85, "high": 0.95, "confidence": 0.95, "n": 2000, "split": "holdout"}
    return EvidenceItem(kind=kind, method="as published", **{**interval, **more})


def _figures() -> list[EvidenceItem]:
    return [
        _figure("evaluation", metric="roc_auc"),
        _figure("fairness", metric="impact_ratio", attribute="SEX", group="2"),
        _figure("fairness", metric="selection_rate", attribute="SEX", group="2"),
        _figure("fairness", metric="impact_ratio", attribute="SEX+RAC1P", group="2, 1"),
        *(_figure(kind) for kind in ("robustness", "explanation", "privacy", "signature_check")),
    ]


def _measured(
    version: ModelVersion, data: DatasetVersion, items: list[EvidenceItem], *, split: str = "holdout"
) -> None:
    asked = evaluations.request(version, dataset_version=data, split=split, actor=acting(version.trained_by))
    job = jobs.claim(Evaluation, str(asked.pk), actor=factories.bootstrap())
    assert job is not None
    evaluations.complete(job, items=items, actor=factories.bootstrap())


def _written(house: houses.House, version: ModelVersion) -> None:
    author = house.engineer
    for subject, sections in ((version, MODEL_SECTIONS), (version.dataset_version, DATA_SECTIONS)):
        for section in sections:
            cards.write(
                subject,
                section=section,
                text="As agreed with the users.",
                reason="First version.",
                credentials=factories.credentials(author),
                actor=acting(author),
            )


def approved(house: houses.House, version: ModelVersion) -> PromotionRequest:
    """A request with the three signatures of the world's policy."""
    request = promotions.submit(
        version, slot=house.slot, policy=house.policy, reason="It ranks better.", actor=acting(house.engineer)
    )
    for by, meaning in ((house.validator, "independent_validation"), (house.reviewer, "review")):
        request = houses.signed(request, by, meaning=meaning)
    return houses.signed(request, factories.person(Role.DPO, system=house.system), meaning="approval")


def _watched(house: houses.House, assignment: SlotAssignment) -> None:
    """Predictions, sealed; their outcomes; and a look of two monitors."""
    assert assignment.champion is not None
    made = Prediction.objects.create(
        at=timezone.now(), slot=house.slot, slot_revision=assignment.revision, model_version=assignment.champion,
        arm="champion", features={"AGEP": 30, "SCHL": 1}, score=0.7, decision=1, latency_us=10,
    )  # fmt: skip
    Outcome.objects.create(prediction=made, value=1)
    predictions.seal(actor=factories.bootstrap())
    for kind in ("drift", "performance"):
        monitor = monitors.create(house.slot, kind=kind, name=kind, cadence_seconds=60, actor=acting(house.operator))
        Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
        assert isinstance(monitors.check(str(monitor.pk), actor=factories.bootstrap()), MonitorRun)


def _rehearsed(house: houses.House, promotion: PromotionRequest) -> None:
    """What does not happen every day: a refusal, an incident, an erasure, an exported pack; and the log's check."""
    with contextlib.suppress(RegistryError):
        rollouts.execute(promotion, actor=acting(house.engineer), reason="I try.")
    incidents.report(
        house.system, title="Rehearsal", detail="Of the way.", severity="serious", actor=acting(house.operator)
    )
    asked = privacy.erase_person(factories.person(), ground="GDPR Art. 17(1)(b)", actor=acting(_dpo()))
    privacy.refuse(asked, actor=acting(_dpo()), reason="Rehearsal.")
    log.record(events.PackExported(size=1), subject=promotion, actor=acting(house.reviewer))
    verified()


def verified(*, findings: int = 0) -> Verification:
    """What a run of the self-check leaves on record."""
    now = timezone.now()
    row = Verification.objects.create(
        started_at=now, finished_at=now, size=1, entries=1, rows=1, finding_count=findings, complete=True
    )
    event = LogVerified(size=1, findings=findings, complete=True, heads=1, cosignatures=0)
    log.record(event, subject=row, actor=factories.bootstrap())
    return row


def _dpo() -> User:
    return factories.person(Role.DPO)
