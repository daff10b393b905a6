"""Real rows for tests, made the way the product makes them: every one through its service, with its events."""

import io
import itertools
import time
from base64 import b32decode
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.utils import timezone

from audit import actors as system_actors
from audit.actors import Actor
from registry import actors
from registry.gates import policies as ready
from registry.models import (
    AISystem,
    Dataset,
    DatasetVersion,
    Evaluation,
    EvidenceItem,
    EvidenceSet,
    Explanation,
    Ingestion,
    ModelVersion,
    PolicyVersion,
    Prediction,
    PromotionRequest,
    RegisteredModel,
    SigningFactor,
    Slot,
    TrainingRun,
    User,
)
from registry.permissions import roles
from registry.roles import Role
from registry.services import codes, datasets, evaluations, explanations, factors, jobs, people, runs, systems
from registry.services.decisions import deciding, promotions
from registry.services.policies import policies, simulation
from registry.services.signing import Credentials
from tests import onnx_files, recorded

PASSWORD = "correct horse battery"
SCHEMA = [{"name": "AGEP", "type": "numeric"}, {"name": "SCHL", "type": "numeric"}]
RECIPE: dict[str, Any] = {
    "task": "binary_classification",
    "label": "EMPLOYED",
    "features": {"AGEP": "numeric", "SCHL": "numeric"},
    "estimator": {"name": "logistic_regression"},
}
_numbers = itertools.count(1)
_secrets: dict[UUID, str] = {}


def name(noun: str) -> str:
    """A name nobody has yet."""
    return f"{noun}-{next(_numbers)}"


# People
def bootstrap() -> Actor:
    """The actor of the first steps, which no person asks for."""
    return system_actors.system("bootstrap")


def person(*roles: Role, system: AISystem | None = None, team: str = "", kind: str = User.Kind.PERSON) -> User:
    """An account with these roles, for one system or for all; its password is PASSWORD."""
    username = name("person")
    account = people.create(
        username, full_name=username.title(), actor=bootstrap(), password=PASSWORD, team=team, kind=kind
    )
    for role in roles:
        people.grant(account, role, actor=bootstrap(), system=system)
    return account


def credentials(account: User, *, password: str = PASSWORD) -> Credentials:
    """What the account enters to sign at this moment; the factor is enrolled at first use."""
    return Credentials(password=password, code=code(account))


def code(account: User) -> str:
    """A one-time code that works now, however many were used a moment ago."""
    if account.kind != User.Kind.PERSON or Role.PLATFORM_ADMIN in roles(account):
        return "000000"
    secret(account)
    return _code(account)


def secret(account: User) -> str:
    """What the account's authenticator holds, of which no code was used; the factor is enrolled at first use."""
    if account.pk not in _secrets:
        enrolment = factors.enrol(account, password=PASSWORD, actor=acting(account))
        _secrets[account.pk] = enrolment.secret
        factors.confirm(enrolment.factor, password=PASSWORD, code=_code(account), actor=acting(account))
    SigningFactor.objects.filter(account=account).update(last_step=None)
    return _secrets[account.pk]


def _code(account: User) -> str:
    totp = TOTP(b32decode(_secrets[account.pk]), codes.DIGITS, SHA1(), codes.STEP_SECONDS)
    return totp.generate(int(time.time())).decode()


def acting(account: User) -> Actor:
    """The account as the services know it."""
    return actors.of(account, request="test-request")


def token(account: User) -> str:
    """The value of an Authorization header that signs the account in."""
    _, secret = people.issue_token(account, actor=acting(account), days=1)
    return f"Bearer {secret}"


# Inventory
def system(engineer: User | None = None, *, risk_tier: str = AISystem.RiskTier.MINIMAL) -> AISystem:
    """An AI system; its owner registered it, and nobody has confirmed its tier."""
    engineer = engineer or person(Role.ENGINEER)
    return systems.register(
        name("system"), purpose="To be tested.", risk_tier=risk_tier, owner=engineer, actor=acting(engineer)
    )


def classified_system(engineer: User | None = None, *, risk_tier: str = AISystem.RiskTier.MINIMAL) -> AISystem:
    """The same, of which a risk officer has confirmed the tier, so that policies go by it."""
    return confirmed(system(engineer, risk_tier=risk_tier))


def confirmed(registered: AISystem) -> AISystem:
    """The system, after a risk officer has confirmed its tier where none had."""
    registered.refresh_from_db()
    if not registered.is_classified:
        changes, officer = {"risk_tier": registered.risk_tier}, person(Role.RISK_OFFICER)
        systems.update(registered, changes=changes, revision=registered.revision, actor=acting(officer))
        registered.refresh_from_db()
    return registered


def model(of: AISystem | None = None) -> RegisteredModel:
    of = of or system()
    return systems.register_model(of, name=name("model"), actor=acting(of.owner))


def slot(of: AISystem | None = None, *, called: str = "production.champion") -> Slot:
    of = of or system()
    return systems.create_slot(of, name=called, actor=acting(of.owner))


# Data
def dataset(of: AISystem | None = None, **more: Any) -> Dataset:
    of = of or system()
    return datasets.register(
        of, name=name("dataset"), licence="CC0-1.0", sensitive_columns=["SEX"], actor=acting(of.owner), **more
    )


def ingestion(of: Dataset | None = None) -> Ingestion:
    """A delivery that waits for its worker."""
    of = of or dataset()
    delivered = io.BytesIO(b"AGEP,SCHL,SEX,EMPLOYED\n40,16,1,1\n")
    return datasets.ingest(
        of, source=delivered, name="people.csv", format="csv", media_type="text/csv", actor=acting(of.system.owner)
    )


def dataset_version(of: Dataset | None = None, *, rows: int = 40, verdict: str = "pass") -> DatasetVersion:
    """What the delivery became: a small Parquet file, its contract's verdict on record as evidence."""
    waiting = ingestion(of)
    job = jobs.claim(Ingestion, str(waiting.pk), actor=bootstrap())
    assert job is not None
    result = datasets.Ingested(
        parquet=parquet(rows),
        row_count=rows,
        schema=[{"name": column, "kind": "integer"} for column in ("AGEP", "SCHL", "SEX", "EMPLOYED")],
        profile={"AGEP": {"missing": 0}},
        contract_verdict=verdict,
        violations=[],
    )
    return datasets.complete(job, result=result, actor=bootstrap())


def parquet(rows: int) -> bytes:
    """People of every age, half of each sex, of whom the older ones work."""
    people_ = [
        {"AGEP": 18 + n % 60, "SCHL": n % 24, "SEX": 1 + n % 2, "EMPLOYED": int(n % 60 > 10)} for n in range(rows)
    ]
    sink = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pylist(people_), sink)
    return sink.getvalue()


# Models
def run(of: RegisteredModel | None = None, *, data: DatasetVersion | None = None) -> TrainingRun:
    """A fit that waits for its worker."""
    of = of or model()
    data = data or dataset_version(dataset(of.system))
    return runs.request(of, dataset_version=data, recipe=RECIPE, seed=7, actor=acting(of.system.owner))


def version(
    of: RegisteredModel | None = None,
    *,
    data: DatasetVersion | None = None,
    weights: tuple[float, ...] = (0.05, 0.02),
    bias: float = -2.0,
    **fitted_otherwise: Any,
) -> ModelVersion:
    """What the fit registered: a real logistic model in ONNX, which can serve."""
    waiting = run(of, data=data)
    job = jobs.claim(TrainingRun, str(waiting.pk), actor=bootstrap())
    assert job is not None
    fitted = {
        "onnx": onnx_files.logistic(weights, bias),
        "input_schema": SCHEMA,
        "threshold": 0.5,
        "parameters": {"C": 1.0},
        "metrics": {"roc_auc": 0.81},
        "code_digest": "c" * 64,
        "environment": {"scikit-learn": "1.7"},
    }
    return runs.complete(job, fitted=runs.Fitted(**{**fitted, **fitted_otherwise}), actor=bootstrap())


# Evidence
def evaluation(of: ModelVersion | None = None) -> Evaluation:
    """A measurement that waits for its worker."""
    of = of or version()
    return evaluations.request(of, dataset_version=of.dataset_version, actor=acting(of.trained_by))


def evidence_set(of: ModelVersion | None = None, *, auc: float = 0.8) -> EvidenceSet:
    """What the measurement found: an AUC with its interval, and the impact ratio of one group."""
    waiting = evaluation(of)
    job = jobs.claim(Evaluation, str(waiting.pk), actor=bootstrap())
    assert job is not None
    return evaluations.complete(job, items=items(auc), actor=bootstrap())


def prediction(of: ModelVersion | None = None, *, age: float = 20, school: float = 4) -> Prediction:
    """An answer of the version in the log, as a slot of its system would have given it."""
    of = of or version()
    return Prediction.objects.create(
        at=timezone.now(),
        slot=slot(of.model.system, called=name("asked")),
        slot_revision=1,
        model_version=of,
        arm=Prediction.Arm.CHAMPION,
        features={"AGEP": age, "SCHL": school},
        score=0.3,
        decision=0,
        latency_us=10,
    )


def explanation(of: ModelVersion | None = None, *, kind: str = "global", **settings: Any) -> Explanation:
    """A question why that waits for its worker; of a prediction of its own where the kind needs one."""
    of = of or version()
    case = None if kind == "global" else prediction(of)
    return explanations.request(of, kind=kind, prediction=case, settings=settings, actor=acting(of.trained_by))


def items(auc: float) -> list[EvidenceItem]:
    """Figures that no set holds yet."""
    interval = {"low": auc - 0.02, "high": auc + 0.02, "confidence": 0.95, "n": 2000, "split": "holdout"}
    return [
        EvidenceItem(kind="evaluation", metric="roc_auc", value=auc, method="DeLong", **interval),
        EvidenceItem(
            kind="fairness", metric="impact_ratio", attribute="SEX", group="2", value=0.9, low=0.85, high=0.95,
            confidence=0.95, n=1000, split="holdout", method="bootstrap",
        ),
    ]  # fmt: skip


# Decisions
def policy(called: str = "minimal") -> PolicyVersion:
    """One of the policies that come with the product, proposed by one person and made effective by another."""
    effective = PolicyVersion.objects.filter(name=ready.load(called).name, state=PolicyVersion.State.EFFECTIVE).first()
    if effective:
        return effective
    drafted = policies.propose(ready.text(called), actor=acting(person(Role.POLICY_ADMIN)))
    return in_force(drafted)


def in_force(drafted: PolicyVersion, *, by: User | None = None) -> PolicyVersion:
    """The draft, tried on the past and signed by a second person; it governs at once."""
    officer = by or person(Role.RISK_OFFICER)
    simulation.simulate(drafted, actor=acting(officer))
    return policies.approve(
        drafted, credentials=credentials(officer), reason="The thresholds fit the risk.", actor=acting(officer)
    )


def promotion(
    of: ModelVersion | None = None, *, to: Slot | None = None, under: PolicyVersion | None = None
) -> PromotionRequest:
    """A request that its gates let through and that waits for a signature."""
    of, under = of or version(), under or policy()  # A policy must stand before the evidence that it judges.
    evidence_set(of)
    to = to or slot(of.model.system)
    confirmed(to.system)
    return promotions.submit(of, slot=to, policy=under, reason="Better than nothing.", actor=acting(of.trained_by))


def approved(request: PromotionRequest | None = None, *, by: User | None = None) -> PromotionRequest:
    """The request, signed by a compliance reviewer who had no part in it."""
    request = request or promotion()
    signer = by or person(Role.COMPLIANCE_REVIEWER)
    return deciding.decide(
        request,
        deciding.Said("approve", meaning="review", reason="The figures hold."),
        credentials=credentials(signer),
        revision=request.revision,
        actor=acting(signer),
    )


# The log
def sequence() -> None:
    """One round of the sequencer, after what a commit would have checked: here test and events share a transaction."""
    recorded.sequence()
