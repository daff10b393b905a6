"""Documents cannot drift: a record that changed changes the document, and every figure names the record it is."""

from typing import Any

import pytest

from audit import rows
from registry.models import DatasetVersion, EvidenceItem, ModelVersion, PromotionRequest
from registry.services.decisions import promotions
from registry.services.documents import datasheets, decision_records, model_cards, pages
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def section(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in document["sections"] if one["name"] == name]
    return found


def accuracy(version: ModelVersion) -> list[dict[str, Any]]:
    (table,) = section(model_cards.document(version), "accuracy")["tables"]
    return [{name: row[name] for name in ("metric", "value", "n", "record")} for row in table["rows"]]


def test_newer_evidence_replaces_the_figure_and_its_record() -> None:
    version = factories.version()
    for auc in (0.8, 0.81):
        measured = factories.evidence_set(version, auc=auc)
        item = measured.items.get(metric="roc_auc")
        low, high = repr(auc - 0.02), repr(auc + 0.02)
        assert accuracy(version) == [
            {
                "metric": "ROC AUC",
                "value": {"value": str(auc), "low": low, "high": high},
                "n": 2000,
                "record": rows.label(item),
            }
        ]


def test_figures_on_other_data_stand_beside_each_other() -> None:
    version = factories.version()
    factories.evidence_set(version)
    before = len(accuracy(version))
    EvidenceItem.objects.filter(metric="roc_auc").update(split="all")
    factories.evidence_set(version)
    assert (before, len(accuracy(version))) == (1, 2)


def test_records_of_a_document_have_the_digests_that_the_rows_give() -> None:
    serving = houses.champion(houses.build()).champion
    assert serving is not None
    version = recorded.fresh(serving)
    document = model_cards.document(version)
    for item in EvidenceItem.objects.filter(set__model_version=version):
        assert document["records"][rows.label(item)] == rows.digest(item)
    assert document["records"][rows.label(version)] == recorded.newest(version)["row"]


def test_changed_record_changes_the_digest_of_the_document() -> None:
    version = recorded.fresh(factories.version())
    factories.evidence_set(version)
    before = pages.digest(model_cards.document(version))
    assert pages.digest(model_cards.document(version)) == before
    EvidenceItem.objects.filter(metric="roc_auc").update(value=0.99)
    assert pages.digest(model_cards.document(version)) != before


def test_withdrawn_request_shows_in_the_record_and_in_the_card() -> None:
    promotion = factories.promotion()
    promotions.withdraw(promotion, actor=acting(promotion.author), reason="A better one comes.")
    promotion = PromotionRequest.objects.get(pk=promotion.pk)
    facts = {one["name"]: one["value"] for one in section(decision_records.document(promotion), "request")["facts"]}
    standing = section(model_cards.document(promotion.model_version), "approval")["tables"][0]["rows"][0]
    assert (facts["State"], standing["state"]) == ("Withdrawn", "Withdrawn")


def test_decision_shows_printed_name_time_and_meaning() -> None:
    promotion = factories.approved()
    made = promotion.decisions.get()
    (table,) = section(decision_records.document(promotion), "decisions")["tables"]
    (row,) = table["rows"]
    assert [row[name] for name in ("printed_name", "role", "verdict", "meaning", "signed_at", "reason")] == [
        made.printed_name,
        "Compliance reviewer",
        "Approve",
        "review",
        made.statement["signed_at"],
        "The figures hold.",
    ]


def test_version_without_evidence_or_request_has_its_gaps_named() -> None:
    document = model_cards.document(factories.version())
    gaps = [one["name"] for one in document["sections"] if one["gap"]]
    assert gaps == [
        "intended_use",
        "out_of_scope",
        "accuracy",
        "groups",
        "robustness",
        "explanations",
        "approval",
        "limitations",
        "ethical_considerations",
        "human_oversight",
        "instructions_for_use",
    ]


def test_datasheet_names_what_learned_from_the_data_and_who_is_in_it() -> None:
    data = factories.dataset_version()
    version = factories.version(factories.model(data.dataset.system), data=data)
    levels = [{"level": 1, "count": 21}, {"level": 2, "count": 19}]
    DatasetVersion.objects.filter(pk=data.pk).update(profile={"columns": {"SEX": {"levels": levels, "missing": 0}}})
    document = datasheets.document(recorded.fresh(data))
    groups = section(document, "composition")["tables"][1]
    assert [(row["level"], row["count"]) for row in groups["rows"]] == [("1", 21), ("2", 19)]
    assert [row["version"] for row in section(document, "uses")["tables"][0]["rows"]] == [str(version)]
