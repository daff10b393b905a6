"""Evidence packs: complete, proven, and refused while the log lags behind."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from audit import actors
from audit.database import grants
from audit.disclosure import histories
from audit.signing import sequencer
from audit.tlog import archive, note, verify
from registry.errors import Conflict, NotPermitted
from registry.models import PromotionRequest
from registry.roles import Role
from registry.services import packs
from tests import databases, factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture
def signer() -> note.Signer:
    return sequencer.log_signer(settings.LOG_ORIGIN)


@pytest.fixture
def promotion(signer: note.Signer) -> PromotionRequest:
    """A completed promotion whose every event has its place."""
    done = houses.champion(houses.build()).champion_promotion
    recorded.place(signer, origin=settings.LOG_ORIGIN)
    assert done is not None
    return PromotionRequest.objects.get(pk=done.pk)


def exported(promotion: PromotionRequest) -> bytes:
    return packs.export(promotion, actor=acting(factories.person(Role.AUDITOR)))


def test_export_verifies_with_the_logs_key_alone(
    promotion: PromotionRequest, signer: note.Signer, tmp_path: Path
) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(exported(promotion))
    report = verify.verify_pack(path, [signer.verifier])
    assert report.findings == []
    assert report.proven["signature of people"] == 2


def test_export_is_complete_for_the_request_and_all_that_the_decision_stands_on(
    promotion: PromotionRequest, signer: note.Signer
) -> None:
    with databases.acting_as(grants.SEQUENCER):
        histories.fix(actor=actors.system("sequencer"))
    recorded.place(signer, origin=settings.LOG_ORIGIN)
    known = len(recorded.names(promotion))
    report = verify.verify_pack(exported(promotion), [signer.verifier])
    (remark,) = report.remarks
    assert (report.findings, report.proven["history proven complete"]) == ([], 9)
    assert remark.startswith(f"complete: all {known} events about promotion {promotion.pk} up to size ")


def test_export_of_a_rejected_request_without_the_rejection_is_found_out(signer: note.Signer) -> None:
    house = houses.build()
    request = houses.signed(
        houses.submitted(house), house.validator, meaning="independent_validation", verdict="reject"
    )
    recorded.place(signer, origin=settings.LOG_ORIGIN)
    with zipfile.ZipFile(io.BytesIO(exported(request))) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    (rejection,) = [name for name, raw in members.items() if name.startswith("entries/") and b'"reject"' in raw]
    number = rejection.removeprefix("entries/").removesuffix(".json")
    kept = {name: raw for name, raw in members.items() if name not in (rejection, f"proofs/{number}.tlog-proof")}
    findings = verify.verify_pack(b"".join(archive.write(kept)), [signer.verifier]).findings
    assert f"Not complete: the pack leaves out entry {number} about promotion {request.pk}." in [
        finding.what for finding in findings
    ]


def test_export_holds_promotion_signatures_and_every_figure(promotion: PromotionRequest) -> None:
    with zipfile.ZipFile(io.BytesIO(exported(promotion))) as pack:
        records = [json.loads(pack.read(name)) for name in pack.namelist() if name.startswith("records/")]
    names = {record["statement"]["printed_name"] for record in records if "statement" in record}
    assert names == {decision.printed_name for decision in promotion.decisions.all()}
    assert promotion.record_digest in {record["signed"] for record in records if "signed" in record}
    assert {"promotion", "model_version", "PromotionPolicy", "evaluation"} <= {record.get("kind") for record in records}


def test_export_is_itself_on_record(promotion: PromotionRequest) -> None:
    exported(promotion)
    assert recorded.names(promotion)[-1] == "promotion.pack_exported"


def test_export_before_the_events_have_their_place_is_refused(promotion: PromotionRequest) -> None:
    exported(promotion)  # its own event is not under a head yet
    with pytest.raises(Conflict, match="not under a signed head yet"):
        exported(promotion)


def test_export_without_a_role_is_refused(promotion: PromotionRequest) -> None:
    with pytest.raises(NotPermitted):
        packs.export(promotion, actor=acting(factories.person(Role.PLATFORM_ADMIN)))
