"""Evidence packs: complete, proven, and refused while the log lags behind."""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from audit import actors
from audit.database import grants
from audit.disclosure import histories
from audit.signing import sequencer
from audit.tlog import archive, note, verify
from registry.errors import Conflict, NotPermitted
from registry.models import PromotionRequest
from registry.roles import Role
from registry.services import factor_resets
from registry.services.approvals import findings, packs
from registry.services.decisions import promotions, waivers
from registry.services.decisions.waivers import Asked
from registry.services.policies import policies
from registry.services.slots import withdrawals
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
    # Two on the request, one on its policy.
    assert (report.proven["signature of people"], report.proven["signature by the signer's own key"]) == (3, 3)


def test_export_is_complete_for_the_request_and_all_that_the_decision_stands_on(
    promotion: PromotionRequest, signer: note.Signer
) -> None:
    with databases.acting_as(grants.SEQUENCER):
        histories.fix(actor=actors.system("sequencer"))
    recorded.place(signer, origin=settings.LOG_ORIGIN)
    known = len(recorded.names(promotion))
    report = verify.verify_pack(exported(promotion), [signer.verifier])
    (remark,) = report.remarks
    assert (report.findings, report.proven["history proven complete"]) == ([], 14)
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
    said = [record["statement"] for record in records if "statement" in record]
    names = {statement["printed_name"] for statement in said if statement["statement"] == "decision"}
    assert names == {decision.printed_name for decision in promotion.decisions.all()}
    assert [statement["verdict"] for statement in said if statement["statement"] == "policy"] == ["approve"]
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


# What a decision stands on beside its gates
@dataclass(frozen=True, slots=True)
class Opened:
    """A pack that verifies."""

    own_keys: int
    entries: list[dict[str, Any]]
    records: dict[str, dict[str, Any]]  # by digest
    raw: bytes

    def kinds(self) -> set[str]:
        return {record.get("kind", "signature") for record in self.records.values()}


def opened(promotion: PromotionRequest, signer: note.Signer) -> Opened:
    """The pack of a request once every event has its place."""
    recorded.place(signer, origin=settings.LOG_ORIGIN)
    raw = exported(recorded.fresh(promotion))
    report = verify.verify_pack(raw, [signer.verifier])
    assert report.findings == []
    with zipfile.ZipFile(io.BytesIO(raw)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    entries = [json.loads(data) for name, data in members.items() if name.startswith("entries/")]
    records = {name[8:-5]: json.loads(data) for name, data in members.items() if name.startswith("records/")}
    return Opened(report.proven["signature by the signer's own key"], entries, records, raw)


def test_export_holds_a_waiver_with_both_signatures(signer: note.Signer) -> None:
    contract, floor = houses.policy_document("x")["gates"]
    waivable = {"by": ["risk_officer"], "max_days": 90, "needs": ["rationale", "compensating_control"]}
    house = houses.build(gates=[contract, {**floor, "waivable": waivable}])
    request = houses.submitted(house, auc=0.81)
    asked = Asked("It misses the floor by a hair.", "A person decides.", timezone.now() + timedelta(days=30))
    waiver = waivers.request(request, gate="perf.auc.floor", asked=asked, actor=acting(house.engineer))
    for by in (factories.person(Role.RISK_OFFICER, system=house.system, team="risk"), house.reviewer):
        waiver = waivers.sign(
            waiver,
            reason="It will do.",
            credentials=factories.credentials(by),
            revision=waiver.revision,
            actor=acting(by),
        )
    pack = opened(request, signer)
    assert (pack.own_keys, "waiver" in pack.kinds()) == (3, True)  # two on the waiver, one on the policy


def test_export_holds_findings_and_the_signature_that_accepts_a_risk(signer: note.Signer) -> None:
    house = houses.build()
    version, officer = houses.measured(house), factories.person(Role.RISK_OFFICER, team="risk")
    wrong = findings.Wrong(severity="high", title="Older people are misjudged", detail="AUC is 0.6 over 60.")
    finding = findings.raise_(version, wrong, actor=acting(house.validator))
    findings.accept_risk(
        finding,
        until=timezone.now() + timedelta(days=30),
        reason="A person looks at each.",
        credentials=factories.credentials(officer),
        revision=finding.revision,
        actor=acting(officer),
    )
    request = houses.approved_again(house, version)
    pack = opened(request, signer)
    assert (pack.own_keys, {"risk_acceptance", "policy"} <= pack.kinds()) == (4, True)


def test_export_tells_void_rounds_apart_and_holds_the_signatures_that_count(signer: note.Signer) -> None:
    house = houses.build()
    request = houses.validated(house)
    request = houses.signed(request, house.reviewer, meaning="review", verdict="request_changes")
    request = promotions.resubmit(request, reason="Explained.", actor=acting(house.engineer))
    request = houses.signed(request, house.validator, meaning="independent_validation")
    pack = opened(request, signer)
    told = [entry["data"] for entry in pack.entries if entry["event"] == "promotion.signed"]
    assert sorted((data["round"], data["verdict"]) for data in told) == [
        (1, "approve"), (1, "request_changes"), (2, "approve")
    ]  # fmt: skip
    held = {data["round"] for data in told if data["signature"] in pack.records}
    assert (held, pack.own_keys) == ({2}, 2)


def test_export_holds_the_policys_approval_after_another_took_its_place(signer: note.Signer) -> None:
    house = houses.build()
    request = houses.validated(house)
    newer = houses.policy_document(house.policy.name, version=2)
    factories.in_force(policies.propose(newer, actor=acting(factories.person(Role.POLICY_ADMIN))))
    pack = opened(request, signer)
    assert (pack.own_keys, "policy" in pack.kinds()) == (2, True)


def test_export_holds_no_words_about_the_signers_themselves(signer: note.Signer) -> None:
    house = houses.build()
    request = houses.validated(house)
    factor_resets.ask(house.validator, actor=acting(factories.person(Role.PLATFORM_ADMIN)), reason="Lost her phone.")
    factor_resets.agree(
        house.validator, actor=acting(factories.person(Role.RISK_OFFICER)), reason="She is in hospital."
    )
    raw = opened(request, signer).raw
    assert (b"hospital" in raw, b"phone" in raw, b"signing_factor.retired" in raw) == (False, False, True)


def test_export_holds_the_signature_that_suspends_the_approval(
    promotion: PromotionRequest, signer: note.Signer
) -> None:
    officer = factories.person(Role.RISK_OFFICER, system=promotion.slot.system, team="risk")
    withdrawals.suspend(
        promotion,
        reason="A sister model misjudged older people.",
        credentials=factories.credentials(officer),
        revision=promotion.revision,
        actor=acting(officer),
    )
    pack = opened(promotion, signer)
    assert (pack.own_keys, "standing" in pack.kinds()) == (4, True)
