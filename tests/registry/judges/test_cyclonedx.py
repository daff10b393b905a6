"""CycloneDX's own validator judges the bill of materials against its schema, which comes with it."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from registry.services.documents import bom, cards
from tests import factories
from tests.factories import acting

pytestmark = pytest.mark.django_db


def complaint(document: dict[str, object]) -> str | None:
    """What the validator finds wrong first; None for nothing."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    return None if found is None else str(found)


def test_bom_of_a_version_with_evidence_and_texts_is_valid() -> None:
    version = factories.version()
    factories.evidence_set(version)
    author = version.model.system.owner
    for section in ("intended_use", "limitations", "ethical_considerations", "human_oversight"):
        cards.write(
            version,
            section=section,
            text=f"The {section}.",
            reason="First text.",
            credentials=factories.credentials(author),
            actor=acting(author),
        )
    assert complaint(bom.document(version)) is None


def test_bom_of_an_approved_version_declares_what_its_gates_said_and_is_valid() -> None:
    promotion = factories.approved()
    document = bom.document(promotion.model_version)
    claims = document["declarations"]["claims"]
    assert [one["predicate"] for one in claims] == [f"{gate.gate}: {gate.verdict}" for gate in promotion.gates.all()]
    assert {ref for one in claims for ref in one["evidence"]} == {
        one["bom-ref"] for one in document["declarations"]["evidence"]
    }
    assert complaint(document) is None


def test_bom_of_a_bare_version_is_valid() -> None:
    document = bom.document(factories.version())
    assert ("declarations" in document, complaint(document)) == (False, None)


def test_validator_refuses_a_field_that_the_schema_does_not_have() -> None:
    document = bom.document(factories.version())
    document["metadata"]["component"]["modelCard"]["colour"] = "blue"
    assert "'colour' was unexpected" in (complaint(document) or "")
