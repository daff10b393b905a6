"""Exports: who may have them, that they are on record, and what they say."""

import base64
import hashlib
import json
from typing import Any

import pytest

from audit.events import timestamp
from audit.models import Checkpoint
from registry.errors import Conflict, NotPermitted
from registry.models import DatasetVersion, PromotionRequest
from registry.roles import Role
from registry.services.documents import bom, croissant, exports, oms, statements
from registry.services.slots import withdrawals
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def test_export_records_the_digest_of_what_left() -> None:
    version, auditor = factories.version(), factories.person(Role.AUDITOR)
    data = exports.export(version, exports.BOM, actor=acting(auditor))
    entry = recorded.newest(version)
    assert (entry["event"], entry["data"]) == (
        "document.exported",
        {"form": "cyclonedx", "digest": hashlib.sha256(data).hexdigest()},
    )


def test_export_by_somebody_without_a_role_there_is_refused() -> None:
    version = factories.version()
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    with pytest.raises(NotPermitted):
        exports.export(version, exports.SIGNATURE, actor=acting(stranger))
    with pytest.raises(NotPermitted):
        exports.model_file(version, actor=acting(stranger))
    assert recorded.names(version) == ["model_version.registered"]


def test_signature_of_a_file_that_is_gone_is_refused() -> None:
    version = factories.version()
    version.artifact_digest = "0" * 64
    with pytest.raises(Conflict):
        oms.bundle(version)


def test_signature_of_the_same_file_is_the_same() -> None:
    version = factories.version()
    assert oms.bundle(version) == oms.bundle(version)


def test_decision_that_holds_is_passed_and_names_policy_record_and_signatures() -> None:
    promotion = factories.approved()
    predicate = statements.decision(promotion)["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("PASSED", ["MODEL_PROMOTION_APPROVED"])
    assert predicate["policy"]["digest"] == {"sha256": promotion.policy_digest}
    record, signature = predicate["inputAttestations"]
    assert record == {
        "uri": f"urn:mlops-server:promotion:{promotion.pk}",
        "digest": {"sha256": promotion.record_digest},
    }
    assert signature["uri"] == f"urn:mlops-server:signature:{promotion.decisions.get().pk}"


def test_decision_that_holds_no_more_is_failed() -> None:
    promotion = factories.approved()
    PromotionRequest.objects.filter(pk=promotion.pk).update(approval=PromotionRequest.Approval.SUSPENDED)
    predicate = statements.decision(recorded.fresh(promotion))["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", ["FAILED"])


def test_decision_says_when_it_ends_and_how_long_the_log_was() -> None:
    promotion = factories.approved()
    recorded.sequence()
    (before,) = statements.decision(promotion)["subject"]
    head = Checkpoint.objects.get()
    assert promotion.valid_until is not None
    assert before["annotations"] == {
        "validUntil": timestamp(promotion.valid_until),
        "logSize": str(head.size),
        "logHead": head.note,
    }


def test_decision_shown_again_after_a_revocation_is_older_than_the_log() -> None:
    promotion, officer = factories.approved(), factories.person(Role.RISK_OFFICER)
    recorded.sequence()
    (shown,) = statements.decision(promotion)["subject"]
    credentials, actor = factories.credentials(officer), acting(officer)
    fresh = recorded.fresh(promotion)
    withdrawals.revoke(fresh, reason="Wrong.", credentials=credentials, revision=fresh.revision, actor=actor)
    recorded.sequence()
    now = statements.decision(recorded.fresh(promotion))
    assert int(shown["annotations"]["logSize"]) < int(now["subject"][0]["annotations"]["logSize"])
    assert now["predicate"]["verificationResult"] == "FAILED"


def test_decision_names_nobody() -> None:
    promotion = factories.approved()
    said = json.dumps(statements.decision(promotion))
    assert promotion.decisions.get().printed_name not in said


def test_provenance_names_data_code_and_libraries_by_digest_or_version() -> None:
    version = factories.version()
    version.run.environment = {"packages": {"scikit_learn": "1.7"}}
    build = statements.provenance(version)["predicate"]["buildDefinition"]
    assert build["resolvedDependencies"] == [
        {
            "name": str(version.dataset_version),
            "digest": {"sha256": version.dataset_version.digest},
            "mediaType": "application/vnd.apache.parquet",
        },
        {"name": "training code", "digest": {"sha256": "c" * 64}},
        {"uri": "pkg:pypi/scikit-learn@1.7"},
    ]
    assert (build["externalParameters"]["recipe"], build["externalParameters"]["seed"]) == (factories.RECIPE, "7")


def test_bom_has_every_figure_with_its_interval_and_slice() -> None:
    version = recorded.fresh(factories.version())
    factories.evidence_set(version)
    card = bom.document(version)["metadata"]["component"]["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {
            "type": "roc_auc",
            "value": "0.8",
            "slice": "holdout, n=2000, at 95 %",
            "confidenceInterval": {"lowerBound": "0.78", "upperBound": "0.8200000000000001"},
        },
        {
            "type": "impact_ratio",
            "value": "0.9",
            "slice": "SEX=2, holdout, n=1000, at 95 %",
            "confidenceInterval": {"lowerBound": "0.85", "upperBound": "0.95"},
        },
    ]


def test_bom_of_the_same_records_is_the_same_and_of_others_another() -> None:
    version = recorded.fresh(factories.version())
    first = bom.document(version)
    assert bom.document(version) == first
    factories.evidence_set(version)
    assert bom.document(version)["serialNumber"] != first["serialNumber"]


def test_bom_names_every_library_and_what_depends_on_it() -> None:
    version = factories.version()
    version.run.environment = {"python": "CPython 3.11.7", "packages": {"numpy": "2.3"}}
    document = bom.document(version)
    assert [one["bom-ref"] for one in document["components"]] == ["data", "code", "python", "pkg:pypi/numpy@2.3"]
    assert document["dependencies"][0] == {
        "ref": "model",
        "dependsOn": ["data", "code", "python", "pkg:pypi/numpy@2.3"],
    }


def test_croissant_has_a_field_for_every_column() -> None:
    data = factories.dataset_version()
    DatasetVersion.objects.filter(pk=data.pk).update(
        schema=[{"name": "AGEP", "type": "integer", "nullable": False}, {"name": "a b", "type": "date"}]
    )
    fields = croissant.document(recorded.fresh(data))["recordSet"][0]["field"]
    assert [(one["@id"], one["name"], one["dataType"]) for one in fields] == [
        ("rows/AGEP", "AGEP", "sc:Integer"),
        ("rows/a%20b", "a b", "sc:Date"),
    ]


def test_envelope_of_a_serving_version_is_readable_json() -> None:
    assignment = houses.champion(houses.build())
    assert assignment.champion is not None
    reader = acting(factories.person(Role.AUDITOR))
    envelope: dict[str, Any] = json.loads(exports.export(assignment.champion, exports.PROVENANCE, actor=reader))
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["subject"] == [statements.subject(assignment.champion)]
