"""The model card of a version: what it is, how well and for whom it works, what it learned from, who let it serve."""

from collections.abc import Iterable
from typing import Any

from registry.documents import parts
from registry.models import Decision, Explanation, ModelVersion, PromotionRequest, SlotAssignment
from registry.services.documents import cards, figures, reviewed, trainings
from registry.services.documents.sources import Sources

LOGS = {
    "What is collected": "Every prediction before it is answered: time, slot and its revision, version, input, score, "
    "decision, latency, and sensitive attributes, which no model sees; outcomes as they arrive. Every change of what "
    "serves, and every decision about it.",
    "How it is kept": "Predictions are sealed in batches whose digests are entries of the audit log, an append-only "
    "Merkle tree with signed heads: a prediction or an entry that was changed or removed shows.",
    "How it is read": "GET /api/v1/predictions for predictions, /log/ for the audit log, and evidence packs, which "
    "anybody verifies offline with the program inside them.",
}
_TOP = ("intended_use", "out_of_scope")


def document(version: ModelVersion) -> parts.Part:
    """The card as one JSON document; every figure names its record, and what nobody wrote or measured is a gap."""
    sources = Sources()
    texts = {one["name"]: one for one in cards.written(version, sources)}
    items = figures.newest(version)
    promotions = list(version.promotions.select_related("slot", "policy", "author").order_by("-id"))
    sections = [
        _identity(version, sources),
        *(texts[name] for name in _TOP),
        *_measured(items, sources),
        _explained(version, items, sources),
        _data(version, sources, items),
        trainings.section(version, sources, items),
        _schema(version, sources),
        _approval(version, promotions, sources),
        *(text for name, text in texts.items() if name not in _TOP),
        _logs(promotions, sources),
    ]
    return parts.document(
        "model_card",
        title=f"Model card: {version}",
        subject={"type": "model_version", "id": str(version.pk), "name": str(version)},
        sections=sections,
        records=sources.digests,
    )


def _identity(version: ModelVersion, sources: Sources) -> parts.Part:
    model, system = version.model, version.model.system
    row, family, of_system = sources.cite(version), sources.cite(model), sources.cite(system)
    return parts.section(
        "model",
        "Model",
        clauses=["eu-ai-act:11 + Annex IV 1"],
        facts=[
            parts.fact("Version", str(version), row),
            parts.fact("Family", model.description, family),
            parts.fact("AI system", system.name, of_system),
            parts.fact("Purpose", system.purpose, of_system),
            parts.fact(
                "Risk tier",
                parts.capital(system.get_risk_tier_display())
                if system.is_classified
                else "Not confirmed: counts as high",
                of_system,
            ),
            parts.fact("Reliance", parts.capital(system.get_reliance_display()), of_system),
            parts.fact("Owner", str(system.owner), of_system),
            parts.fact("Lifecycle", parts.capital(version.get_lifecycle_display()), row),
            parts.fact("Format", version.format, row),
            parts.fact("Artifact (SHA-256)", version.artifact_digest, row),
            parts.fact("Decision threshold", version.threshold, row),
            parts.fact("Registered", version.created_at, row),
        ],
    )


def _measured(items: list[Any], sources: Sources) -> Iterable[parts.Part]:
    accuracy, fair = figures.accuracy(items, sources), list(figures.groups(items, sources))
    other = list(figures.other(items, sources))
    yield parts.section(
        "accuracy",
        "Accuracy",
        clauses=["eu-ai-act:13(3)", "eu-ai-act:15(1)-(4)", "Annex IV 2(g)"],
        tables=[
            accuracy,
            figures.classes(items, sources),
            *figures.confusion(items, sources),
            figures.comparison(items, sources),
        ],
        gap="" if accuracy["rows"] else "No evaluation of this version is on record.",
    )
    yield parts.section(
        "groups",
        "Accuracy and decisions by group of people",
        clauses=["eu-ai-act:13(3)", "Annex IV 3"],
        tables=[*fair, *figures.slices(items, sources)],
        gap="" if any(one["rows"] for one in fair) else "No figure by group of people is on record.",
    )
    yield parts.section(
        "robustness",
        "Robustness and other measurements",
        clauses=["eu-ai-act:13(3)", "eu-ai-act:15(1)-(4)", "Annex IV 2(h) / 15(5)"],
        tables=other,
        gap="" if any(one["rows"] for one in other) else "No evidence of robustness is on record.",
    )


def _explained(version: ModelVersion, items: list[Any], sources: Sources) -> parts.Part:
    """What it goes by: measured in an evaluation, or kept as an explanation of the version in general."""
    tables = list(figures.explanations(items, sources))
    kept = version.explanations.filter(kind=Explanation.Kind.GLOBAL, state=Explanation.State.SUCCEEDED)
    newest = kept.order_by("-pk").first()
    facts = [parts.fact("Explanation (SHA-256)", newest.digest, sources.cite(newest))] if newest else []
    if newest:
        tables.append(figures.importance(newest, sources))
    return parts.section(
        "explanations",
        "What it goes by",
        clauses=["eu-ai-act:13(3)", "Annex IV 2(e)"],
        facts=facts,
        tables=tables,
        gap="" if any(one["rows"] for one in tables) else "No explanation of this version is on record.",
    )


def _data(version: ModelVersion, sources: Sources, items: list[Any]) -> parts.Part:
    data = version.dataset_version
    row, dataset = sources.cite(data), sources.cite(data.dataset)
    return parts.section(
        "data",
        "Data it learned from",
        clauses=["eu-ai-act:10(2)(a)-(h)", "Annex IV 2(d)"],
        facts=[
            parts.fact("Dataset version", str(data), row),
            parts.fact("Content (SHA-256)", data.digest, row),
            parts.fact("Rows", data.row_count, row),
            parts.fact("Columns", [column["name"] for column in data.schema], row),
            parts.fact("Contract", data.contract_verdict, row),
            parts.fact("Description", data.dataset.description, dataset),
            parts.fact("Licence", data.dataset.licence, dataset),
            parts.fact("Sensitive columns, never features", data.dataset.sensitive_columns, dataset),
        ],
        tables=[figures.contracts(items, sources), figures.personal(items, sources)],
    )


def _schema(version: ModelVersion, sources: Sources) -> parts.Part:
    row = sources.cite(version)
    tables = [
        _entries("Inputs", version.input_schema, row),
        _entries("Outputs", version.output_schema, row),
    ]
    return parts.section("schema", "Inputs and outputs", clauses=["Annex IV 3"], tables=tables)


def _entries(title: str, schema: list[dict[str, Any]], record: str) -> parts.Part:
    names = list(dict.fromkeys(name for entry in schema for name in entry))
    columns = {name: name.replace("_", " ").capitalize() for name in names}
    rows = [{**{name: entry.get(name) for name in names}, "record": record} for entry in schema]
    return parts.table(title, columns, rows)


def _approval(version: ModelVersion, promotions: list[PromotionRequest], sources: Sources) -> parts.Part:
    signed = Decision.objects.filter(promotion__in=promotions).select_related("promotion__slot", "delegated_by")
    standing = [one for one in promotions if one.approval in PromotionRequest.STANDING]
    return parts.section(
        "approval",
        "Approval, signatures and where it serves",
        clauses=["21cfr11:11.50"],
        tables=[
            reviewed.standing(promotions, sources),
            _serving(version, sources),
            reviewed.signed(signed, sources),
            *(reviewed.conditions(one.conditions.all(), sources) for one in standing),
            *(reviewed.waivers(one.waivers.select_related("requested_by"), sources) for one in standing),
            reviewed.findings(version.findings.select_related("raised_by").order_by("id"), sources),
        ],
        gap="" if promotions else "Nobody has asked for it to serve.",
    )


def _serving(version: ModelVersion, sources: Sources) -> parts.Part:
    newest = SlotAssignment.objects.filter(slot__system=version.model.system_id).order_by("slot_id", "-revision")
    rows = [
        {
            "slot": one.slot.key,
            "place": "champion" if one.champion_id == version.pk else f"canary at {one.canary_percent} %",
            "since": one.since,
            "cause": parts.capital(one.get_cause_display()),
            "record": sources.cite(one),
        }
        for one in newest.distinct("slot_id").select_related("slot")
        if version.pk in (one.champion_id, one.canary_id)
    ]
    columns = {"slot": "Slot", "place": "Place", "since": "Since", "cause": "Because"}
    return parts.table("Serves now", columns, rows)


def _logs(promotions: list[PromotionRequest], sources: Sources) -> parts.Part:
    policies = {one.policy_id: one.policy for one in promotions}.values()
    kept = [
        {
            "policy": str(policy),
            "kept": policy.document.get("retention", {}).get("prediction_log"),
            "record": sources.cite(policy),
        }
        for policy in policies
    ]
    return parts.section(
        "logs",
        "Collection of logs",
        clauses=["eu-ai-act:13(3)", "eu-ai-act:12(1)-(2)", "eu-ai-act:19(1), 26(6)"],
        facts=[parts.fact(name, words) for name, words in LOGS.items()],
        tables=[
            parts.table(
                "How long predictions are kept at least",
                {"policy": "Policy", "kept": "Prediction log (ISO 8601)"},
                kept,
            )
        ],
    )
