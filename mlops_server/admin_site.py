"""The admin's site: its home page and its sidebar."""

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse_lazy
from unfold.dataclasses import Favicon
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    """The reviewers' desk."""

    index_title = "My queue"
    enable_nav_sidebar = True

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What waits for this person, most urgent first."""
        from mlops_server import (
            desk,  # loads the pages, which register themselves with this site: so it must stand first
        )

        return super().index(request, {**desk.of(request), **(extra_context or {})})

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """Our style and mark on every page, and the log's alarm; the site's own root has nothing to view."""
        mark = Favicon(href=static("mlops_server/mark.svg"), rel="icon", type="image/svg+xml")
        styles = [*context["styles"], static("mlops_server/desk.css")]
        alarm = _alarm() if request.user.is_authenticated else None
        return {**context, "styles": styles, "site_favicons": [mark], "site_url": None, "log_alarm": alarm}


def _alarm() -> Any:
    """Why the log cannot be relied upon, if so."""
    from audit.watch import verifications  # loads models, which are not there yet when the site is made

    return verifications.alarm()


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, in the order of a reviewer's day."""
    queue = {"title": "My queue", "icon": "inbox", "link": reverse_lazy("admin:index")}
    groups = (_group(request, *group) for group in GROUPS)
    return [{"title": "", "items": [queue]}, *(group for group in groups if group["items"])]


def _group(request: HttpRequest, title: str, *items: tuple[str, str, str]) -> dict[str, Any]:
    """What the person may open of a group."""
    shown = [
        {"title": name, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
        for name, icon, model in items
        if request.user.has_perm(model.replace("_", ".view_"))
    ]
    return {"title": title, "separator": True, "items": shown}


GROUPS: tuple[tuple[Any, ...], ...] = (
    (
        "Promotions",
        ("Requests", "rule", "registry_promotionrequest"),
        ("Gate results", "checklist", "registry_gateresult"),
        ("Review tasks", "assignment_ind", "registry_reviewtask"),
        ("Decisions", "signature", "registry_decision"),
        ("Findings", "report", "registry_finding"),
        ("Waivers", "front_hand", "registry_waiver"),
        ("Conditions", "rule_settings", "registry_condition"),
        ("Threads", "forum", "registry_comment"),
    ),
    (
        "Afterwards",
        ("Reviews", "event_repeat", "registry_periodicreview"),
        ("Incidents", "emergency", "registry_incident"),
        ("Break-glass", "emergency_home", "registry_emergency"),
    ),
    (
        "Slots",
        ("What serves", "dns", "registry_slot"),
        ("History", "history", "registry_slotassignment"),
        ("Rollouts", "moving", "registry_rollout"),
        ("Holds", "pan_tool", "registry_hold"),
        ("Predictions", "query_stats", "registry_prediction"),
        ("Outcomes", "flag", "registry_outcome"),
        ("Unanswered", "sms_failed", "registry_failedrequest"),
        ("Sealed batches", "inventory_2", "registry_predictionbatch"),
    ),
    (
        "Alerts & monitors",
        ("Alerts", "notifications", "monitoring_alert"),
        ("Alert rules", "rule_folder", "monitoring_alertrule"),
        ("Monitors", "monitor_heart", "monitoring_monitor"),
        ("Monitor runs", "timeline", "monitoring_monitorrun"),
        ("Reference profiles", "fingerprint", "monitoring_referenceprofile"),
        ("Calibrations", "target", "monitoring_calibration"),
    ),
    (
        "Models & data",
        ("AI systems", "hub", "registry_aisystem"),
        ("Models", "deployed_code", "registry_registeredmodel"),
        ("Model versions", "deployed_code_history", "registry_modelversion"),
        ("Training runs", "model_training", "registry_trainingrun"),
        ("Reproductions", "replay", "registry_reproduction"),
        ("Pipelines", "account_tree", "registry_pipeline"),
        ("Pipeline runs", "conversion_path", "registry_pipelinerun"),
        ("Evaluations", "speed", "registry_evaluation"),
        ("Explanations", "lightbulb", "registry_explanation"),
        ("Evidence", "fact_check", "registry_evidenceset"),
        ("Figures", "tag", "registry_evidenceitem"),
        ("Datasets", "database", "registry_dataset"),
        ("Dataset versions", "dataset", "registry_datasetversion"),
        ("Sources", "cloud_download", "registry_datasource"),
        ("Uploads", "hourglass_top", "registry_upload"),
        ("Ingestions", "upload_file", "registry_ingestion"),
        ("Artifacts", "draft", "registry_artifact"),
    ),
    (
        "Policies & clauses",
        ("Policies", "policy", "registry_policyversion"),
        ("Clauses not applicable", "do_not_disturb_on", "registry_clauseexemption"),
        ("Texts of cards", "description", "registry_cardtext"),
    ),
    (
        "Audit log",
        ("Events", "receipt_long", "audit_event"),
        ("Signed heads", "verified", "audit_checkpoint"),
        ("Verifications", "policy_alert", "audit_verification"),
        ("Redactions", "ink_eraser", "audit_redaction"),
        ("Legal holds", "gavel", "audit_hold"),
    ),
    (
        "People & duties",
        ("Accounts", "group", "registry_user"),
        ("Roles", "badge", "registry_grant"),
        ("Delegations", "supervisor_account", "registry_delegation"),
        ("Recusals", "person_off", "registry_recusal"),
        ("Signatures", "draw", "registry_signature"),
        ("Signing factors", "key", "registry_signingfactor"),
    ),
    (
        "Notices",
        ("Subscriptions", "campaign", "registry_subscription"),
        ("Deliveries", "outgoing_mail", "registry_delivery"),
    ),
)
