"""An inventory of any size: real rows once, then copies of them made inside PostgreSQL, which takes seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import models
from psycopg import sql

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

#: A figure's digest, of its set and its place there, so that no two figures share one.
_DIGEST = "encode(sha256(convert_to(eid::text || step, 'UTF8')), 'hex')"
FILLED = (
    User, Grant, AISystem, Slot, Artifact, Dataset, Ingestion, DatasetVersion, RegisteredModel, TrainingRun,
    ModelVersion, EvidenceSet, EvidenceItem, PolicyVersion, PromotionRequest, GateResult, Decision, SlotAssignment,
)  # fmt: skip
SYSTEMS, VERSIONS_A_MODEL, GATES, ITEMS = 100, 10, 12, 20


@dataclass(frozen=True, slots=True)
class Templates:
    """One row of each kind, by table; the copies differ from them in what `fill` says."""

    rows: Mapping[type[models.Model], Any]

    def __getitem__(self, model: type[models.Model]) -> Any:
        return self.rows[model]


def unguard(superuser: psycopg.Connection) -> None:
    """Let rows in without an event: what is measured here is reading."""
    for model in FILLED:
        superuser.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(model._meta.db_table)))


def fill(superuser: psycopg.Connection, templates: Templates, *, model_count: int) -> None:
    """So many families, ten versions each with a run and evidence, and for each family a request and its answers."""
    base = templates
    copy(superuser, base[AISystem], f"generate_series(1, {SYSTEMS}) AS n", name="'system-' || n")
    systems = "(SELECT id AS sid, row_number() OVER (ORDER BY id) - 1 AS place FROM registry_aisystem) AS systems"
    copy(superuser, base[Slot], systems, system_id="sid", key="'slot-' || place", name="'production.champion'")
    many = f"generate_series(1, {model_count}) AS n JOIN {systems} ON place = n % {SYSTEMS + 1}"
    copy(superuser, base[RegisteredModel], many, system_id="sid", name="'model-' || n")
    families = "(SELECT id AS mid FROM registry_registeredmodel) AS families"
    numbered = f"{families} CROSS JOIN generate_series(1, {VERSIONS_A_MODEL}) AS n"
    copy(superuser, base[TrainingRun], numbered, model_id="mid")
    runs = f"""(SELECT id AS rid, model_id AS mid, row_number() OVER (PARTITION BY model_id ORDER BY id) + 1000 AS n
               FROM registry_trainingrun WHERE id <> '{base[TrainingRun].pk}') AS runs"""
    copy(superuser, base[ModelVersion], runs, run_id="rid", model_id="mid", number="n")
    versions = f"(SELECT id AS vid FROM registry_modelversion WHERE number <> {base[ModelVersion].number}) AS versions"
    copy(superuser, base[EvidenceSet], versions, model_version_id="vid")
    _requests(superuser, base)
    superuser.execute("VACUUM ANALYZE")


def _requests(superuser: psycopg.Connection, base: Templates) -> None:
    newest = """(SELECT DISTINCT ON (v.model_id) v.id AS vid, s.id AS slot, e.id AS eid FROM registry_modelversion v
        JOIN registry_registeredmodel m ON m.id = v.model_id JOIN registry_slot s ON s.system_id = m.system_id
        JOIN registry_evidenceset e ON e.model_version_id = v.id ORDER BY v.model_id, v.number DESC) AS newest"""
    figures = f"{newest} CROSS JOIN generate_series(1, {ITEMS}) AS step"
    copy(superuser, base[EvidenceItem], figures, set_id="eid", digest=_DIGEST)
    copy(superuser, base[PromotionRequest], newest, model_version_id="vid", slot_id="slot",
         evidence_digests=f"(SELECT array_agg({_DIGEST}) FROM generate_series(1, {ITEMS}) AS step)")  # fmt: skip
    requests = (
        f"(SELECT id AS pid FROM registry_promotionrequest WHERE id <> '{base[PromotionRequest].pk}') AS requests"
    )
    copy(superuser, base[GateResult], f"{requests} CROSS JOIN generate_series(1, {GATES}) AS step", promotion_id="pid",
         position="step", gate="'gate-' || step")  # fmt: skip
    copy(superuser, base[Decision], requests, promotion_id="pid")
    holders = """(SELECT slot, pid, vid, row_number() OVER (PARTITION BY slot ORDER BY pid) + 1 AS n
        FROM (SELECT id AS pid, slot_id AS slot, model_version_id AS vid FROM registry_promotionrequest) AS all_)
        AS holders"""
    copy(superuser, base[SlotAssignment], holders, slot_id="slot", revision="n", champion_id="vid",
         champion_promotion_id="pid")  # fmt: skip


def copy(superuser: psycopg.Connection, template: models.Model, source: str, **changes: str) -> None:
    """Copies of a row, one for each row of the source, with a fresh id and these columns as SQL says."""
    columns = [field.column for field in template._meta.local_concrete_fields]
    changes = {"id": "uuidv7()", "created_at": "clock_timestamp()"} | changes
    taken = [
        sql.SQL(changes[name]) if name in changes else sql.SQL("template.{}").format(sql.Identifier(name))  # type: ignore[arg-type]
        for name in columns
    ]
    table = sql.Identifier(template._meta.db_table)
    superuser.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} AS template CROSS JOIN {} WHERE template.id = {}").format(
            table,
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(taken),
            table,
            sql.SQL(source),  # type: ignore[arg-type]
            sql.Literal(str(template.pk)),
        )
    )
