"""Evidence packs: complete, proven, and refused while the log lags behind."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from audit import sequencer
from audit.tlog import note, verify
from registry.errors import Conflict, NotPermitted
from registry.models import PromotionRequest
from registry.roles import Role
from registry.services import packs
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture
def signer() -> note.Signer:
    return sequencer.log_signer(settings.LOG_ORIGIN)


@pytest.fixture
def promotion(signer: note.Signer) -> PromotionRequest:
    """A completed promotion whose every event has its place."""
    done = houses.champion(houses.build()).champion_promotion
    sequencer.sequence(signer, origin=settings.LOG_ORIGIN)
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
