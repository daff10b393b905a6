"""Erasure with the registry's rules: what is signed stays, an account becomes nobody's, and all still verifies."""

import io
import zipfile

import pytest
from django.conf import settings
from django.contrib.auth.hashers import is_password_usable
from knox.models import AuthToken

from audit.errors import HoldInForce, MustBeKept, NeedsAnother
from audit.models import Event, Redaction
from audit.sealed import sealing
from audit.signing import sequencer
from audit.tlog import verify
from registry.errors import NotPermitted
from registry.models import PromotionRequest, User
from registry.roles import Role
from registry.services import privacy
from registry.services.approvals import approvals, packs
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db
GROUND = "GDPR Art. 17(1)(b)"
SAID = "The figures hold."


def asked(person: str = "", event: Event | None = None, *fields: str) -> Redaction:
    officer = acting(factories.person(Role.DPO))
    return privacy.request(
        ground=GROUND, actor=officer, person=person, event=event.id if event else None, fields=fields
    )


def done(request: Redaction) -> Redaction:
    recorded.sequence()
    return privacy.approve(request, actor=acting(factories.person(Role.DPO)), reason="Asked for and due.")


def erased(account: User) -> Redaction:
    return done(asked(f"person:{account.pk}"))


def reads(event: Event) -> set[str]:
    return {one.field for one in sealing.opened([event])}


def packed(request: PromotionRequest) -> bytes:
    data: bytes = packs.export(request, actor=acting(factories.person(Role.AUDITOR)))
    return data


def disclosed(pack: bytes) -> str:
    """What a pack opens of the words behind the entries."""
    with zipfile.ZipFile(io.BytesIO(pack)) as opened:
        return "".join(opened.read(name).decode() for name in opened.namelist() if name.endswith(".json"))


def signing() -> tuple[Event, PromotionRequest]:
    """An approval: its event, and the request with the decision."""
    request = houses.validated(houses.build())
    return Event.objects.get(event="promotion.signed"), request


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.DPO, Role.COMPLIANCE_REVIEWER}))
def test_request_takes_a_role(role: Role) -> None:
    account = factories.person(role)
    with pytest.raises(NotPermitted, match="request and decide erasures"):
        privacy.erase_person(factories.person(), ground=GROUND, actor=acting(account))
    assert not Redaction.objects.exists()


def test_request_by_who_has_the_role_for_one_system_is_refused() -> None:
    officer = factories.person(Role.DPO, system=factories.system())
    with pytest.raises(NotPermitted):
        privacy.erase_person(factories.person(), ground=GROUND, actor=acting(officer))


def test_approval_without_the_role_is_refused_on_record() -> None:
    account = factories.person()
    request = asked(f"person:{account.pk}")
    with pytest.raises(NotPermitted):
        privacy.approve(request, actor=acting(factories.person(Role.ENGINEER)), reason="Go.")
    told = recorded.newest(request)
    assert (told["event"], told["data"]) == ("redaction.approval_refused", {"rule": "NotPermitted"})
    assert recorded.fresh(account).full_name == account.full_name


def test_approval_by_who_asked_is_refused_and_leaves_the_account() -> None:
    account, officer = factories.person(), factories.person(Role.DPO)
    request = privacy.erase_person(account, ground=GROUND, actor=acting(officer))
    with pytest.raises(NeedsAnother):
        privacy.approve(request, actor=acting(officer), reason="Go.")
    assert (recorded.fresh(account).full_name, recorded.fresh(account).is_active) == (account.full_name, True)


def test_erasure_of_a_person_makes_the_account_nobody_s() -> None:
    account = factories.person(Role.ENGINEER, team="data science")
    factories.token(account)
    erased(account)
    left = recorded.fresh(account)
    name = f"erased-{str(account.pk)[-12:]}"
    assert (left.username, left.full_name, left.email, left.team) == (name, name, "", "")
    assert (left.is_active, is_password_usable(left.password)) == (False, False)
    assert (account.grants.filter(revoked_at=None).count(), AuthToken.objects.filter(user=account).count()) == (0, 0)


def test_erasure_of_a_person_is_told_without_their_name() -> None:
    account = factories.person(Role.ENGINEER)
    factories.token(account)
    request = erased(account)
    told = recorded.newest(account)
    assert (told["event"], told["data"]) == (
        "account.erased",
        {"redaction": str(request.pk), "roles_revoked": 1, "tokens_revoked": 1},
    )
    about = Event.objects.filter(subject_type="account", subject_id=str(account.pk))
    assert [field for event in about for field in reads(event) if "registry_user" in field] == []


def test_erasure_of_a_person_keeps_the_decisions_they_signed() -> None:
    event, request = signing()
    decision = request.decisions.get()
    said = decision.reason, decision.printed_name, decision.statement, decision.signature
    before = reads(event)
    erased(decision.signer)
    decision.refresh_from_db()
    assert (decision.reason, decision.printed_name, decision.statement, decision.signature) == said
    assert before - reads(event) == {"reason"}


@pytest.mark.parametrize("field", ["reason", "printed_name", "statement", "verdict"])
def test_field_that_somebody_signed_is_refused_with_its_ground(field: str) -> None:
    event, request = signing()
    decision = request.decisions.get()
    name = "reason" if field == "reason" else f"registry_decision/{decision.pk}.{field}.new"
    with pytest.raises(MustBeKept, match=r"which a person signed; it is kept as a legal record \(GDPR Art\. 17\(3\)"):
        asked("", event, name)
    refused = Redaction.objects.get()
    assert (refused.state, name in reads(event)) == ("refused", True)
    assert recorded.newest(refused)["data"] == {"rule": "MustBeKept"}


def test_field_of_a_request_that_nobody_signed_is_erased() -> None:
    _, request = signing()
    event = Event.objects.get(event="promotion.submitted")
    done(asked("", event, "reason", f"registry_promotionrequest/{request.pk}.reason.new"))
    assert {field for field in reads(event) if field.endswith(("reason", ".reason.new"))} == set()


def test_hold_takes_a_role_and_keeps_a_person() -> None:
    account = factories.person()
    scope = {"ground": "a suit", "person": f"person:{account.pk}"}
    with pytest.raises(NotPermitted):
        privacy.place_hold(**scope, actor=acting(factories.person(Role.DPO)))
    officer = acting(factories.person(Role.RISK_OFFICER))
    hold = privacy.place_hold(**scope, actor=officer)
    with pytest.raises(HoldInForce):
        asked(f"person:{account.pk}")
    privacy.release_hold(hold, actor=officer, reason="Settled.")
    erased(account)
    assert not recorded.fresh(account).is_active


def test_approval_holds_when_its_signer_is_erased() -> None:
    request = houses.approved(houses.build())
    erased(request.decisions.earliest("id").signer)
    assert approvals.problem(PromotionRequest.objects.get(pk=request.pk)) is None


def test_every_row_is_as_the_log_last_said_after_an_erasure() -> None:
    erased(factories.person(Role.ENGINEER))
    stored, told = recorded.stored_digests(), recorded.last_digests()
    assert [label for label in stored.keys() & told.keys() if stored[label] != told[label]] == []


def test_packs_from_before_and_after_an_erasure_verify() -> None:
    _, request = signing()
    recorded.sequence()
    before = packed(request)
    erased(request.decisions.get().signer)
    recorded.sequence()
    after = packed(request)
    signer = sequencer.log_signer(settings.LOG_ORIGIN).verifier
    assert [verify.verify_pack(pack, [signer]).findings for pack in (before, after)] == [[], []]
    assert (SAID in disclosed(before), SAID in disclosed(after)) == (True, False)
