"""Texts of model cards and datasheets: who may write them, that they are signed, and that the newest counts."""

from typing import Any

import pytest

from registry.errors import Invalid, NotPermitted, SignatureRejected
from registry.models import CardText, ModelVersion, User
from registry.roles import Role
from registry.services.documents import cards
from registry.services.documents.sources import Sources
from registry.services.signing import Credentials
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def write(version: ModelVersion, by: User, *, text: str = "To rank.", section: str = "intended_use") -> CardText:
    return cards.write(
        version,
        section=section,
        text=text,
        reason="The first text.",
        credentials=factories.credentials(by),
        actor=acting(by),
    )


def test_write_by_the_engineer_is_signed_and_on_record() -> None:
    version = factories.version()
    author = version.model.system.owner
    row = write(version, author)
    assert (row.printed_name, row.role, row.meaning) == (author.get_full_name(), "engineer", "authorship")
    assert cards.is_genuine(recorded.fresh(row))
    assert recorded.names(row) == ["card_text.written"]
    assert recorded.newest(row)["data"] == {
        "about": "model_version",
        "about_id": str(version.pk),
        "section": "intended_use",
        "record": row.signed_digest,
    }
    assert recorded.sealed(row) == {"reason": "The first text."}


def test_write_by_the_owner_is_in_that_role() -> None:
    version = factories.version()
    owner = factories.person(Role.OWNER, Role.ENGINEER, system=version.model.system)
    assert write(version, owner).role == "owner"


def test_write_again_keeps_the_older_text_and_shows_the_newer() -> None:
    version = factories.version()
    author = version.model.system.owner
    older, newer = write(version, author), write(version, author, text="To rank, and no more.")
    assert list(CardText.objects.all()) == [older, newer]
    (shown,) = [one for one in cards.written(version, Sources()) if one["name"] == "intended_use"]
    assert shown["text"] == {
        "text": "To rank, and no more.",
        "printed_name": author.get_full_name(),
        "role": "ML engineer",
        "signed_at": newer.statement["signed_at"],
        "meaning": "authorship",
        "verifies": True,
        "record": f"registry_cardtext/{newer.pk}",
    }


def test_text_that_was_changed_or_moved_does_not_verify() -> None:
    version, other = factories.version(), factories.version()
    row = write(version, version.model.system.owner)
    changed: list[dict[str, Any]] = [
        {"text": "To decide."},
        {"section": "limitations"},
        {"subject_id": other.pk},
        {"printed_name": "Eve"},
    ]
    for columns in changed:
        tampered = recorded.fresh(row)
        for name, value in columns.items():
            setattr(tampered, name, value)
        assert not cards.is_genuine(tampered)


def test_write_with_a_wrong_code_is_refused_and_on_record() -> None:
    version = factories.version()
    author = version.model.system.owner
    factories.credentials(author)
    with pytest.raises(SignatureRejected):
        cards.write(
            version,
            section="intended_use",
            text="To rank.",
            reason="Why not.",
            credentials=Credentials(password=factories.PASSWORD, code="000000"),
            actor=acting(author),
        )
    assert recorded.newest(version)["data"] == {"section": "intended_use", "rule": "SignatureRejected"}
    assert CardText.objects.count() == 0


def test_write_by_a_validator_or_a_service_account_is_refused() -> None:
    version = factories.version()
    validator = factories.person(Role.VALIDATOR, system=version.model.system)
    machine = factories.person(Role.ENGINEER, system=version.model.system, kind=User.Kind.SERVICE)
    for account in (validator, machine):
        with pytest.raises(NotPermitted):
            write(version, account)
    assert CardText.objects.count() == 0


@pytest.mark.parametrize(
    ("section", "text", "pointer"),
    [("motivation", "A text.", "/section"), ("limitations", "  ", "/text"), ("limitations", "x" * 20_001, "/text")],
)
def test_write_of_what_has_no_place_is_refused(section: str, text: str, pointer: str) -> None:
    version = factories.version()
    with pytest.raises(Invalid) as refusal:
        write(version, version.model.system.owner, section=section, text=text)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]


def test_section_that_nobody_wrote_is_a_gap_that_says_what_to_write() -> None:
    shown = list(cards.written(factories.dataset_version(), Sources()))
    assert [one["name"] for one in shown] == [
        "motivation",
        "collection",
        "labelling",
        "recommended_uses",
        "maintenance",
    ]
    assert [one["gap"].partition(". ")[0] for one in shown] == ["Not yet written"] * 5
