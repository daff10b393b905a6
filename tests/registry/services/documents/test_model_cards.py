"""What a model card tells of evidence and training: a table for every kind, and nothing nested too deep to sign."""

from typing import Any

import pytest

from registry.models import DatasetVersion, Evaluation, EvidenceItem, Explanation, Ingestion, ModelVersion
from registry.services import datasets, evaluations, explanations, jobs
from registry.services.documents import datasheets, model_cards, pages
from tests import factories

pytestmark = pytest.mark.django_db

VIOLATION = {"column": "AGEP", "rule": "maximum", "severity": "warn", "count": 2,
             "examples": [{"row": 3, "value": "kept-to-itself"}]}  # fmt: skip
CONTRACT = {
    "columns": {"EMPLOYED": {"allowed": [0, 1], "on_violation": "warn"}},
    "unique": ["SEX", ["AGEP", "SCHL"]],
    "checks": [{"name": "adults", "rule": {"any": [{"column": "AGEP", "is": ">", "to": 14}]}}],
}
ENVIRONMENT = {
    "cpu": {"count": 2, "features": ["avx", "sse"]},
    "threads": {"settings": {"OMP_NUM_THREADS": "1"}, "libraries": [{"name": "openblas", "threads": 1}]},
}
PREPARED = [{"step": "encoding", "columns": ["SCHL"], "kind": "one_hot", "levels": {str(n): n for n in range(9)}}]


def delivered() -> DatasetVersion:
    """Data whose contract warned, with examples of the rows."""
    waiting = factories.ingestion(factories.dataset(contract=CONTRACT))
    job = jobs.claim(Ingestion, str(waiting.pk), actor=factories.bootstrap())
    assert job is not None
    schema = [{"name": name, "type": "integer"} for name in ("AGEP", "SCHL", "SEX", "EMPLOYED")]
    result = datasets.Ingested(factories.parquet(20), 20, schema, {}, "warn", [VIOLATION])
    return datasets.complete(job, result=result, actor=factories.bootstrap())


def measured(version: ModelVersion, items: list[EvidenceItem]) -> ModelVersion:
    waiting = factories.evaluation(version)
    job = jobs.claim(Evaluation, str(waiting.pk), actor=factories.bootstrap())
    assert job is not None
    evaluations.complete(job, items=items, actor=factories.bootstrap())
    return version


def section(version: ModelVersion, name: str) -> dict[str, Any]:
    (found,) = (one for one in model_cards.document(version)["sections"] if one["name"] == name)
    return found


def cells(table: dict[str, Any], *names: str) -> list[list[Any]]:
    return [[row[name] for name in names] for row in table["rows"]]


def test_card_of_nested_records_is_signed_and_keeps_examples_to_itself() -> None:
    data = delivered()
    model = factories.model(data.dataset.system)
    version = factories.version(model, data=data, environment=ENVIRONMENT)
    document = model_cards.document(version)
    assert len(pages.digest(document)) == 64
    assert "kept-to-itself" not in pages.text(document).partition("## Records")[0]
    (contract,) = section(version, "data")["tables"]
    assert cells(contract, "violations") == [[["AGEP: maximum (2 rows, warn)"]]]
    (environment,) = section(version, "training")["tables"]
    assert cells(environment, "name", "value") == [
        ["cpu count", 2],
        ["cpu features", ["avx", "sse"]],
        ["threads settings OMP_NUM_THREADS", "1"],
        ["threads libraries 1 name", "openblas"],
        ["threads libraries 1 threads", 1],
    ]


def test_datasheet_of_a_contract_with_checks_is_signed_and_names_every_rule() -> None:
    document = datasheets.document(delivered())
    assert len(pages.digest(document)) == 64
    (quality,) = (one for one in document["sections"] if one["name"] == "quality")
    assert cells(quality["tables"][1], "column", "rule") == [
        ["EMPLOYED", "allowed 0, 1; on violation warn"],
        ["(all)", "unique SEX, AGEP+SCHL"],
        ["(all)", 'adults: {"any": [{"column": "AGEP", "is": ">", "to": 14}]}'],
    ]


def test_card_tells_what_was_prepared_and_which_estimator_was_chosen() -> None:
    chosen = {"estimator": "ridge", "chosen": {"alpha": 1}}
    version = factories.version(parameters=chosen, metrics={"preparation": PREPARED}, cost={"seconds": 2, "trials": 3})
    told = section(version, "training")
    facts = {one["name"]: one["value"] for one in told["facts"]}
    assert [facts[name] for name in ("Estimator", "Chosen parameters", "Compute used")] == [
        "ridge",
        {"alpha": 1},
        {"seconds": 2, "trials": 3},
    ]
    assert cells(told["tables"][0], "step", "columns", "did") == [
        ["encoding", "SCHL", "kind: one_hot; levels: 9 of them"]
    ]


def test_card_has_a_table_for_every_kind_of_evidence() -> None:
    fields = {"classes": ["no", "yes"], "counts": [[3, 1], [0, 4]]}
    version = measured(
        factories.version(),
        [
            EvidenceItem(kind="evaluation", metric="accuracy", value=0.8, n=8),
            EvidenceItem(kind="evaluation", metric="recall", attribute="class", group="yes", value=1.0, n=4),
            EvidenceItem(kind="curve", metric="confusion_matrix", n=8, fields=fields),
            EvidenceItem(kind="slice", metric="accuracy", attribute="AGEP+SEX", group="below 30+1", value=0.7, n=4),
            EvidenceItem(kind="robustness", metric="accuracy", attribute="noise", group="0.5", value=0.6, n=8),
            EvidenceItem(kind="leakage", metric="duplicate_rows", value=0.4, n=8, fields={"suspect": True}),
            EvidenceItem(kind="explanation", metric="mean_abs_shap", attribute="feature", group="AGEP", value=0.2, n=8),
        ],
    )
    titles = {
        one["name"]: [table["title"] for table in one["tables"]] for one in model_cards.document(version)["sections"]
    }
    assert {name: titles[name] for name in ("accuracy", "groups", "robustness", "explanations")} == {
        "accuracy": ["Performance", "Performance by class", "Confusion matrix"],
        "groups": ["Performance by AGEP and SEX"],
        "robustness": ["Leakage", "Robustness"],
        "explanations": ["Mean size of SHAP values"],
    }
    assert cells(section(version, "groups")["tables"][0], "group", "metric") == [["AGEP below 30, SEX 1", "Accuracy"]]
    leakage, robustness = section(version, "robustness")["tables"]
    assert (cells(leakage, "metric", "note"), cells(robustness, "attribute", "group", "metric")) == (
        [["Duplicate rows", "suspect"]],
        [["noise", "0.5", "Accuracy"]],
    )


def test_card_keeps_every_candidate_of_a_trade_off() -> None:
    points = [
        {"candidate": number, "kind": "grid_search", "split": split, "error": 0.2, "disparity": 0.1, "chosen": False,
         "constraint": "demographic_parity", "attribute": "SEX", "n": 10}
        for number in (0, 1) for split in ("holdout", "train")
    ]  # fmt: skip
    (table,) = section(factories.version(trade_off=points), "training")["tables"][:1]
    assert cells(table, "candidate", "kind", "split") == [
        [0, "grid search", "holdout"],
        [1, "grid search", "holdout"],
        [0, "grid search", "train"],
        [1, "grid search", "train"],
    ]


def test_card_cites_the_newest_explanation_of_the_version() -> None:
    version = factories.version()
    waiting = factories.explanation(version)
    job = jobs.claim(Explanation, str(waiting.pk), actor=factories.bootstrap())
    assert job is not None
    found = {"importance": [{"feature": "AGEP", "value": 0.2, "low": 0.1, "high": 0.3}]}
    kept = explanations.complete(job, content=found, actor=factories.bootstrap())
    told = section(version, "explanations")
    assert [(one["value"], one["record"]) for one in told["facts"]] == [
        (kept.digest, f"registry_explanation/{kept.pk}")
    ]
    assert (cells(told["tables"][0], "feature"), told["gap"]) == ([["AGEP"]], "")
