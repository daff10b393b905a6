"""One row of each kind, plausible in its size, for `inventory` to copy."""

import hashlib
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models
from django.utils import timezone

from benchmarks.rig.inventory import ITEMS, Templates
from registry.gates import grammar, policies
from registry.models import (
    AISystem,
    Artifact,
    Dataset,
    DatasetVersion,
    Decision,
    EvidenceItem,
    EvidenceSet,
    GateResult,
    Grant,
    Ingestion,
    ModelVersion,
    PolicyVersion,
    PromotionRequest,
    RegisteredModel,
    Slot,
    SlotAssignment,
    TrainingRun,
    User,
)
from registry.roles import Role

DIGEST = hashlib.sha256(b"benchmark").hexdigest()


def make() -> tuple[User, Templates]:
    """The rows, and an account that reads everything."""
    rows: dict[type[models.Model], Any] = {}

    def add(kind: type[models.Model], /, **values: Any) -> Any:
        rows[kind] = row = kind(**values)
        row.save(force_insert=True)
        return row

    reader = add(User, username="reader", full_name="A reader", password=make_password(None), is_staff=True)
    add(Grant, account=reader, role=Role.AUDITOR)
    system = add(AISystem, name="template", purpose="To be copied.", risk_tier="high", owner=reader)
    slot = add(Slot, system=system, name="template", key="template.template")
    artifact = add(Artifact, digest=DIGEST, size_bytes=1, media_type="application/octet-stream")
    version = _version(add, reader, system, artifact)
    found = add(EvidenceSet, model_version=version, dataset_version=version.dataset_version, artifact_digest=DIGEST,
                dataset_digest=DIGEST, produced_by="benchmark", tool="benchmark", root=DIGEST)  # fmt: skip
    add(EvidenceItem, set=found, kind="fairness", metric="impact_ratio", attribute="RAC1P", group="9", split="holdout",
        value=0.78, low=0.74, high=0.83, confidence=0.95, n=400, method="bootstrap", digest=DIGEST)  # fmt: skip
    _request(add, reader, slot, version)
    return reader, Templates(rows)


def _version(add: Any, owner: User, system: AISystem, artifact: Artifact) -> Any:
    dataset = add(Dataset, system=system, name="template", licence="CC0-1.0", contract_digest=DIGEST)
    ingestion = add(Ingestion, dataset=dataset, source=artifact, source_name="x", format="csv", requested_by=owner)
    data = add(DatasetVersion, dataset=dataset, number=1, ingestion=ingestion, artifact=artifact, digest=DIGEST,
               row_count=1000, schema=[], profile={"columns": {}}, contract_digest=DIGEST, contract_verdict="pass",
               uploaded_by=owner)  # fmt: skip
    model = add(RegisteredModel, system=system, name="template")
    features = {f"feature_{n}": "numeric" for n in range(15)}
    columns = [{"name": name, "type": kind} for name, kind in features.items()]
    run = add(TrainingRun, model=model, dataset_version=data, recipe={"features": features}, recipe_digest=DIGEST,
              seed=7, requested_by=owner)  # fmt: skip
    return add(ModelVersion, model=model, number=1, run=run, dataset_version=data, artifact=artifact,
               artifact_digest=DIGEST, input_schema=columns, trained_by=owner)  # fmt: skip


def _request(add: Any, author: User, slot: Slot, version: ModelVersion) -> None:
    document = grammar.read(policies.text("high-risk"))
    policy = add(PolicyVersion, name="high-risk", version=1, document=document, digest=DIGEST, state="effective",
                 author=author, effective_from=timezone.now())  # fmt: skip
    request = add(PromotionRequest, model_version=version, slot=slot, policy=policy, author=author, reason="x" * 200,
                  state="in_review", change_class="data", headline="1 gate is inconclusive.", artifact_digest=DIGEST,
                  dataset_digest=DIGEST, policy_digest=DIGEST, context={}, evidence_root=DIGEST,
                  evidence_digests=[DIGEST] * ITEMS, record_digest=DIGEST)  # fmt: skip
    add(GateResult, promotion=request, position=0, gate="template", verdict="pass", effect="none", reason="y" * 200,
        value=0.9, low=0.85, high=0.95, n=4000, threshold="95 % lower bound >= 0.80")  # fmt: skip
    add(Decision, promotion=request, verdict="approve", role="validator", meaning="independent_validation", reason="z",
        signer=author, printed_name="A reader", signed_at=timezone.now(), signed_digest=DIGEST, statement={},
        public_key=DIGEST, signature=DIGEST * 2, personal_key=DIGEST, personal_signature=DIGEST * 2)  # fmt: skip
    add(SlotAssignment, slot=slot, revision=1, champion=version, champion_promotion=request, since=timezone.now(),
        cause="promoted", actor="benchmark")  # fmt: skip
