"""Every operation of the API, and who may open it; one line each, in the order of the paths."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import Event
from registry.gates import policies
from registry.models import EvidenceSet, ModelVersion, PolicyVersion, PromotionRequest, ReviewTask
from registry.roles import ROLES_FOR, Action, Role
from registry.services.approvals import findings
from tests import factories
from tests.permissions.rules import (
    PUBLIC,
    Door,
    Reach,
    acts,
    governs,
    lists,
    lists_apart,
    makes,
    own,
    reads,
    reads_everything,
    reads_shared,
    theirs,
)
from tests.permissions.world import World

SIGNED = {"reason": "It holds.", "password": factories.PASSWORD, "code": "000000"}


TUS = {"Tus-Resumable": "1.0.0"}


def why(world: World) -> dict[str, Any]:
    return {"reason": "Because."}


def signs(**more: Any) -> Any:
    """What a signature asks for, with a code that does not work: who may sign comes to that, who may not never does."""
    return lambda world: {**SIGNED, **more}


def version(world: World) -> str:
    return str(world.newest(ModelVersion.objects.all(), "model__system").pk)


def nothing(world: World) -> dict[str, Any]:
    return {}


def lake(world: World) -> dict[str, Any]:
    settings = {"url": "s3://lake/*.csv", "format": "csv"}
    return {"dataset": str(world.house.data.dataset.pk), "name": "new", "kind": "files", "settings": settings}


def definition(world: World) -> dict[str, Any]:
    data, model = {"dataset": world.house.data.dataset.name}, world.house.model.name
    document = {"data": data, "model": model, "recipe": factories.RECIPE}
    return {"system": str(world.system.pk), "name": "new", "document": document}


def evidence(world: World) -> str:
    return str(world.newest(EvidenceSet.objects.all(), "model_version__model__system").pk)


def slot(world: World) -> dict[str, Any]:
    return {"key": world.house.slot.key}


def system(world: World) -> dict[str, Any]:
    return {"id": str(world.system.pk)}


def artifact(world: World) -> dict[str, Any]:
    return {"digest": world.newest(ModelVersion.objects.all(), "model__system").artifact_digest}


def origin(world: World) -> dict[str, Any]:
    return {"of": f"model_version:{version(world)}"}


def event(world: World) -> dict[str, Any]:
    return {"id": str(Event.objects.filter(subject_type="system").latest("ticket").id)}


PEOPLE: dict[str, Door] = {
    "accounts_list": governs(Action.MANAGE_PEOPLE),
    "accounts_create": governs(Action.MANAGE_PEOPLE, lambda w: {"username": "new", "full_name": "New"}),
    "accounts_get": governs(Action.MANAGE_PEOPLE),
    "accounts_deactivate": governs(Action.MANAGE_PEOPLE),
    "accounts_issue_token": governs(Action.MANAGE_PEOPLE),
    "grants_list": governs(Action.VOUCH),
    "grants_create": governs(Action.MANAGE_PEOPLE, lambda w: {"account": str(w.house.engineer.pk), "role": "auditor"}),
    "grants_get": governs(Action.VOUCH),
    "grants_revoke": governs(Action.MANAGE_PEOPLE),
    "me_get": own(),
    "me_change_password": own(lambda w: {"old": "x", "new": "y"}),
    "tokens_issue": PUBLIC,
    "tokens_revoke": own(),
}
LOG: dict[str, Door] = {
    "audit_checkpoint_get": reads_everything(),
    "audit_consistency_get": reads_everything(query=lambda w: {"from": 1, "to": 2}),
    "audit_events_list": reads_everything(),
    "audit_events_get": reads_everything(path=event),
    "audit_events_prove": reads_everything(path=event),
    "audit_export": reads_everything(),
    "audit_histories_pack": reads_everything(path=lambda w: {"subject_type": "system", "subject_id": str(w.system.pk)}),
    "audit_ranges_prove": reads_everything(query=lambda w: {"first": 0, "last": 1}),
    "audit_holds_list": reads_everything(),
    "audit_holds_place": governs(Action.HOLD, lambda w: {"ground": "a suit", "person": "person:x", "reason": "R"}),
    "audit_holds_get": reads_everything(),
    "audit_holds_release": governs(Action.HOLD, why),
    "audit_redactions_list": reads_everything(),
    "audit_redactions_request": governs(
        Action.ERASE, lambda w: {"ground": "GDPR Art. 17", "person": "person:x", "reason": "R"}
    ),
    "audit_redactions_get": reads_everything(),
    "audit_redactions_approve": governs(Action.ERASE, why),
    "audit_redactions_refuse": governs(Action.ERASE, why),
    "audit_redactions_withdraw": governs(Action.ERASE, why),
}
INVENTORY: dict[str, Door] = {
    "systems_list": lists_apart(),
    "systems_register": governs(
        Action.REGISTER, lambda w: {"name": "new", "purpose": "To be tested.", "risk_tier": "minimal"}
    ),
    "systems_get": reads(),
    "systems_update": acts(Action.REGISTER, lambda w: {"purpose": "Another."}),
    "models_list": lists(),
    "models_register": makes(Action.REGISTER, lambda w: {"system": str(w.system.pk), "name": "new"}),
    "models_get": reads(),
    "model_versions_list": lists(),
    "model_versions_get": reads(),
    "model_versions_retire": acts(Action.RETIRE, why),
    "model_versions_purge": acts(Action.RETIRE, why),
    "artifacts_list": lists(),
    "artifacts_get": reads(path=artifact),
    "inventory_list": lists_apart(),
    "inventory_table": lists_apart(),
}
DATA: dict[str, Door] = {
    "datasets_list": lists(),
    "datasets_register": makes(
        Action.REGISTER, lambda w: {"system": str(w.system.pk), "name": "new", "licence": "CC0-1.0"}
    ),
    "datasets_get": reads(),
    "datasets_ingest": acts(
        Action.REGISTER, lambda w: {"file": SimpleUploadedFile("people.csv", b"AGEP\n40\n"), "format": "csv"}, form=True
    ),
    "dataset_versions_list": lists(),
    "dataset_versions_get": reads(),
    "ingestions_list": lists(),
    "ingestions_get": reads(),
    "ingestions_cancel": acts(Action.REGISTER),
    "ingestions_lines": reads(),
    "sources_list": lists(),
    "sources_register": makes(Action.REGISTER, lake),
    "sources_get": reads(),
    "sources_update": acts(Action.REGISTER, lambda w: {"interval_seconds": 60}),
    "sources_read": acts(Action.REGISTER),
    "sources_pause": acts(Action.REGISTER),
    "sources_resume": acts(Action.REGISTER),
    "sources_retire": acts(Action.REGISTER),
    "uploads_list": lists(),
    "uploads_open": acts(
        Action.REGISTER, headers={**TUS, "Upload-Length": "2", "Upload-Metadata": "filename YS5jc3Y=,format Y3N2"}
    ),
    "uploads_get": reads(),
    "uploads_append": acts(
        Action.REGISTER, headers={**TUS, "Upload-Offset": "0"}, media_type="application/offset+octet-stream"
    ),
    "uploads_abort": acts(Action.REGISTER, headers=TUS),
    "runs_list": lists(),
    "runs_request": makes(
        Action.REGISTER,
        lambda w: {
            "model": str(w.house.model.pk),
            "dataset_version": str(w.house.data.pk),
            "recipe": factories.RECIPE,
            "seed": 1,
        },
    ),
    "runs_get": reads(),
    "runs_cancel": acts(Action.REGISTER),
    "runs_lines": reads(),
    "runs_trials": reads(),
    "runs_reproduce": acts(Action.EVALUATE),
    "reproductions_list": lists(),
    "reproductions_get": reads(),
    "reproductions_cancel": acts(Action.EVALUATE),
    "reproductions_lines": reads(),
    "pipelines_list": lists(),
    "pipelines_register": makes(Action.REGISTER, definition),
    "pipelines_get": reads(),
    "pipelines_run": acts(Action.REGISTER),
    "pipelines_pause": acts(Action.REGISTER, why),
    "pipelines_resume": acts(Action.REGISTER, why),
    "pipelines_retire": acts(Action.REGISTER, why),
    "pipeline_runs_list": lists(),
    "pipeline_runs_get": reads(),
    "pipeline_runs_cancel": acts(Action.REGISTER),
    "pipeline_runs_lines": reads(),
    "evaluations_list": lists(),
    "evaluations_request": makes(
        Action.EVALUATE, lambda w: {"model_version": version(w), "dataset_version": str(w.house.data.pk)}
    ),
    "evaluations_get": reads(),
    "evaluations_cancel": acts(Action.EVALUATE),
    "evaluations_lines": reads(),
    "explanations_list": lists(),
    "explanations_request": makes(Action.EVALUATE, lambda w: {"model_version": version(w), "kind": "global"}),
    "explanations_get": reads(),
    "explanations_replay": acts(Action.EVALUATE),
    "explanations_cancel": acts(Action.EVALUATE),
    "explanations_lines": reads(),
    "evidence_list": lists(),
    "evidence_get": reads(),
    "evidence_sets_list": lists(),
    "evidence_sets_get": reads(),
}
DECISIONS: dict[str, Door] = {
    "policies_list": reads_shared(),
    "policies_propose": governs(Action.PROPOSE_POLICY, lambda w: {"text": policies.text("minimal")}),
    "policies_get": reads_shared(),
    "policies_approve": governs(Action.APPROVE_POLICY, signs()),
    "promotions_list": lists(),
    "promotions_submit": makes(
        Action.SUBMIT,
        lambda w: {
            "model_version": version(w),
            "slot": w.house.slot.key,
            "policy": str(w.house.policy.pk),
            "reason": "Better.",
        },
    ),
    "promotions_get": reads(),
    "promotions_evidence_pack": reads(),
    "promotions_decide": acts(Action.DECIDE, signs(verdict="approve", meaning="independent_validation")),
    "promotions_withdraw": theirs(why),
    "promotions_execute": acts(Action.OPERATE, why),
}
SERVING: dict[str, Door] = {
    "slots_list": lists(),
    "slots_create": makes(Action.REGISTER, lambda w: {"system": str(w.system.pk), "name": "new"}),
    "slots_get": reads(),
    "slots_at": reads(path=lambda w: {"key": w.house.slot.key}),
    "slots_history": reads(path=lambda w: {"key": w.house.slot.key}),
    "slots_rollback": acts(Action.OPERATE, why),
    "slots_predict": Door(Reach.HELD, ROLES_FOR[Action.PREDICT], lambda w: {"rows": [{"features": {}}]}, path=slot),
    "slots_record_outcomes": Door(Reach.HELD, ROLES_FOR[Action.PREDICT], lambda w: {"outcomes": []}, path=slot),
    "predictions_list": lists(),
    "predictions_get": reads(),
    "failed_requests_list": lists(),
    "failed_requests_get": reads(),
    "rollouts_list": lists(),
    "rollouts_get": reads(),
    "rollouts_advance": acts(Action.OPERATE, why),
    "monitors_list": lists(),
    "monitors_create": makes(
        Action.MONITOR, lambda w: {"slot": w.house.slot.key, "kind": "drift", "name": "new", "cadence_seconds": 60}
    ),
    "monitors_get": reads(),
    "monitors_run": acts(Action.MONITOR),
    "monitors_change": acts(Action.MONITOR, lambda w: {"cadence_seconds": 120}),
    "monitor_kinds_list": own(),
    "reference_profiles_list": lists(),
    "reference_profiles_get": reads(),
    "calibrations_list": lists(),
    "calibrations_get": reads(),
    "monitor_runs_list": lists(),
    "monitor_runs_get": reads(),
    "alerts_list": lists(),
    "alerts_get": reads(),
    "alerts_acknowledge": acts(Action.HANDLE_ALERT, why),
    "alerts_resolve": acts(Action.HANDLE_ALERT, why),
    "alerts_suppress": acts(Action.HANDLE_ALERT, lambda w: {"reason": "R", "until": "2026-12-04T00:00:00Z"}),
    "alerts_open_incident": acts(Action.HANDLE_ALERT, lambda w: {"reason": "R", "severity": "minor"}),
    "alerts_retrain": acts(Action.HANDLE_ALERT, why),
    "alert_rules_list": lists(),
    "alert_rules_create": makes(
        Action.MONITOR, lambda w: {"system": str(w.system.pk), "name": "new", "actions": ["notify"]}
    ),
    "alert_rules_get": reads(),
    "alert_rules_update": acts(Action.MONITOR, lambda w: {"in_a_row": 2}),
    "holds_list": lists(),
    "holds_get": reads(),
    "holds_place": makes(Action.PAUSE, lambda w: {"slot": w.house.slot.key, "reason": "R"}),
    "holds_lift": acts(Action.PAUSE, why),
}
EXCEPTIONS: dict[str, Door] = {
    "findings_list": lists(),
    "findings_raise": makes(
        Action.FIND, lambda w: {"model_version": version(w), "severity": "low", "title": "T", "detail": "D"}
    ),
    "findings_get": reads(),
    # Its owner, who may hold any role that reads, works on a finding too: here that is another engineer.
    "findings_remedy": acts(Action.REGISTER, lambda w: {"text": "Mended."}),
    "findings_ready": acts(Action.REGISTER),
    "findings_retest": Door(Reach.MAKING, findings.CLOSING, lambda w: {"evidence_set": evidence(w), "reason": "Seen."}),
    "findings_reopen": Door(Reach.SYSTEM, findings.CLOSING, why),
    "findings_accept_risk": Door(Reach.SYSTEM, frozenset({Role.RISK_OFFICER}), signs(until="2027-01-01T00:00:00Z")),
    "waivers_list": lists(),
    "waivers_request": makes(
        Action.SUBMIT,
        lambda w: {
            "promotion": str(w.newest(PromotionRequest.objects.all(), "slot__system").pk),
            "gate": "perf.auc.floor",
            "rationale": "R",
            "compensating_control": "C",
            "expires_at": "2027-01-01T00:00:00Z",
        },
    ),
    "waivers_get": reads(),
    "waivers_sign": acts(Action.DECIDE, signs()),
    "waivers_refuse": acts(Action.DECIDE, why),
    "waivers_revoke": acts(Action.DECIDE, signs()),
    "conditions_list": lists(),
    "conditions_get": reads(),
    "conditions_check": acts(Action.EVALUATE),
    "conditions_settle": acts(Action.DECIDE, signs(met=True)),
}
AFTERWARDS: dict[str, Door] = {
    "approvals_list": lists(),
    "approvals_get": reads(),
    "approvals_suspend": acts(Action.SUSPEND, signs(), by_person=True),
    "approvals_revoke": acts(Action.SUSPEND, signs(), by_person=True),
    "approvals_resume": acts(Action.DECIDE, signs()),
    "reviews_list": lists(),
    "reviews_get": reads(),
    "reviews_complete": acts(Action.DECIDE, signs(outcome="continue")),
    "reviews_extend": acts(Action.DECIDE, lambda w: {"days": 3, "reason": "Holidays."}),
    "emergencies_list": lists(),
    "emergencies_get": reads(),
    "emergencies_open": makes(
        Action.BREAK_GLASS,
        lambda w: {**SIGNED, "slot": w.house.slot.key, "model_version": version(w)},
        by_person=True,
    ),
    "emergencies_end": acts(Action.BREAK_GLASS, why),
    "incidents_list": lists(),
    "incidents_get": reads(),
    "incidents_report": makes(
        Action.HANDLE_INCIDENT,
        lambda w: {"system": str(w.system.pk), "severity": "minor", "title": "T", "detail": "D"},
    ),
    "incidents_contain": acts(Action.HANDLE_INCIDENT, why),
    "incidents_analyse": acts(Action.HANDLE_INCIDENT, why),
    "incidents_correct": acts(Action.HANDLE_INCIDENT, why),
    "incidents_close": acts(Action.HANDLE_INCIDENT, why),
}
DUTIES: dict[str, Door] = {
    "review_tasks_list": lists(query=lambda w: {"all": "true"}),
    "review_tasks_get": reads(path=lambda w: {"id": w.newest(ReviewTask.objects.all(), "promotion__slot__system").pk}),
    "delegations_list": lists(),
    "delegations_get": reads(),
    "delegations_make": Door(
        Reach.MAKING,
        frozenset({Role.VALIDATOR}),
        lambda w: {
            "system": str(w.system.pk),
            "delegate": str(w.house.reviewer.pk),
            "role": "validator",
            "starts_at": "2026-12-01T00:00:00Z",
            "ends_at": "2026-12-05T00:00:00Z",
            "reason": "Away.",
        },
    ),
    "delegations_revoke": theirs(),
    "promotions_claim": Door(Reach.SYSTEM, frozenset({Role.VALIDATOR})),  # the open step is a validator's
    "promotions_unclaim": acts(Action.DECIDE),
    "promotions_recuse": acts(Action.DECIDE, why),
    "promotions_comments": reads(),
    "promotions_comment": acts(Action.READ, lambda w: {"text": "Hm."}),
    "promotions_rounds": reads(),
    "promotions_rerun": acts(Action.EVALUATE),
    "promotions_resubmit": acts(Action.SUBMIT, why),
    "promotions_submit_draft": theirs(),
    "promotions_explanation": reads(),
    "promotions_replay": reads(),
    # A text is looked at and forgotten: nothing of anybody's is shown.
    "policies_lint": own(lambda w: {"text": policies.text("minimal")}),
    "policies_diff": reads_shared(query=lambda w: {"against": str(w.newest(PolicyVersion.objects.all(), None).pk)}),
    "policies_explanation": reads_shared(),
    "policies_simulation": reads_shared(),
    "policies_simulate": Door(Reach.INSTALLATION, ROLES_FOR[Action.PROPOSE_POLICY] | ROLES_FOR[Action.APPROVE_POLICY]),
}
DOCUMENTS: dict[str, Door] = {
    "model_versions_card": reads(),
    "model_versions_bom": reads(),
    "model_versions_statement": reads(),
    "model_versions_signature": reads(),
    "model_versions_file": reads(),
    "model_versions_write": acts(Action.DESCRIBE, signs(section="intended_use", text="T"), by_person=True),
    "dataset_versions_datasheet": reads(),
    "dataset_versions_croissant": reads(),
    "dataset_versions_write": acts(Action.DESCRIBE, signs(section="motivation", text="T"), by_person=True),
    "promotions_record": reads(),
    "promotions_statement": reads(),
    "signing_keys_list": own(),  # public keys, for whoever verifies
    "coverage_list": lists_apart(),
    "systems_coverage": reads(path=system),
    "systems_exempt": acts(Action.EXEMPT, signs(clause="gdpr.35"), path=system),
    "exemptions_list": lists(),
    "exemptions_get": reads(),
    "exemptions_withdraw": acts(Action.EXEMPT, why),
    "lineage_get": reads(query=origin),
    "lineage_table": reads(query=origin),
    "lineage_picture": reads(query=origin),
    "lineage_learned_from_dataset": Door(
        Reach.MAKING, ROLES_FOR[Action.READ], query=lambda w: {"dataset": str(w.house.data.dataset_id)}
    ),
    "lineage_learned_from_person": makes(
        Action.ERASE, lambda w: {"person": "1", "dataset": str(w.house.data.dataset_id)}
    ),
}
_TELLS = ROLES_FOR[Action.SUBSCRIBE] | ROLES_FOR[Action.READ]
NOTICES: dict[str, Door] = {
    name: Door(Reach.INSTALLATION, _TELLS) if body is None else governs(Action.SUBSCRIBE, body)
    for name, body in {
        "subscriptions_list": None,
        "subscriptions_create": lambda w: {
            "name": "new",
            "kind": "webhook",
            "target": "https://example.org/hook",
            "events": ["*"],
        },
        "subscriptions_get": None,
        "subscriptions_update": lambda w: {"name": "other"},
        "subscriptions_end": nothing,
        "subscriptions_deliveries": None,
        "subscriptions_pause": nothing,
        "subscriptions_replay": lambda w: {"from_index": 0, "to_index": 1},
        "subscriptions_resume": nothing,
        "subscriptions_rotate_secret": nothing,
        "subscriptions_test": nothing,
    }.items()
}
FACTORS: dict[str, Door] = {
    "accounts_ask_factor_reset": governs(Action.MANAGE_PEOPLE, why),
    "accounts_agree_factor_reset": governs(Action.VOUCH),
    "grants_confirm": governs(Action.VOUCH),
    "me_factor_get": own(),
    "me_factor_enrol": own(lambda w: {"password": "x"}, by_person=True),
    "me_factor_confirm": own(lambda w: {"factor": str(w.system.pk), "password": "x", "code": "000000"}),
}
DOORS: dict[str, Door] = {
    **PEOPLE,
    **FACTORS,
    **LOG,
    **INVENTORY,
    **DATA,
    **DECISIONS,
    **DUTIES,
    **EXCEPTIONS,
    **AFTERWARDS,
    **SERVING,
    **DOCUMENTS,
    **NOTICES,
}
