"""Real connections at once: what changes between the page and the signature is seen, and nobody signs too many."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from audit import log
from registry import events
from registry.errors import Conflict, DutyConflict, NotPermitted, RegistryError, RevisionMismatch, Stale
from registry.models import CardText, Decision, PromotionRequest, User
from registry.roles import Role
from registry.services import evidence
from registry.services.approvals import approvals
from registry.services.decisions import deciding
from registry.services.decisions.deciding import Said
from registry.services.signing import Credentials
from tests import databases, factories, houses, recorded
from tests.factories import acting, bootstrap
from tests.houses import House

pytestmark = pytest.mark.usefixtures("live_database")
THREADS, QUORUM = 8, 3
APPROVAL = {
    "chain": [{"role": "compliance_reviewer", "quorum": QUORUM, "meaning": "review", "due_in": "P5D"}],
    "valid_for": "P12M",
}


@pytest.fixture
def house(live_database: str) -> House:
    return houses.build()


class Signing(threading.Thread):
    """A signature on a connection of its own; `outcome` is what came of it."""

    def __init__(self, request: PromotionRequest, by: User, meaning: str) -> None:
        super().__init__()
        self.request, self.by, self.meaning = request, by, meaning
        self.proof: Credentials = factories.credentials(by)
        self.outcome: RegistryError | PromotionRequest | None = None

    def run(self) -> None:
        said = Said("approve", meaning=self.meaning, reason="The figures hold.")
        try:
            self.outcome = deciding.decide(
                self.request,
                said,
                credentials=self.proof,
                revision=self.request.revision,
                actor=acting(self.by),
            )
        except RegistryError as error:
            self.outcome = error
        finally:
            connections.close_all()


def signs_while(lock: Callable[[], object], change: Callable[[], object], signing: Signing) -> None:
    """Another connection holds the row, the signature comes to wait for it, then the change commits."""
    with transaction.atomic():
        lock()
        signing.start()
        _until_it_waits(signing)
        change()
    signing.join()


def _until_it_waits(thread: threading.Thread) -> None:
    with databases.superuser(connection.settings_dict["NAME"]) as watcher:
        while not watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:  # type: ignore[index]
            assert thread.is_alive(), "The signature did not wait."
            time.sleep(0.01)


def account(user: User) -> Callable[[], object]:
    return lambda: User.objects.select_for_update().get(pk=user.pk)


def promotion(request: PromotionRequest) -> Callable[[], object]:
    return lambda: PromotionRequest.objects.select_for_update(no_key=True).get(pk=request.pk)


def revoked(user: User) -> None:
    """As `people.revoke` does it, under the lock of the account."""
    grant = user.grants.get()
    grant.revoked_at = timezone.now()
    grant.save()
    event = events.RoleRevoked(role=grant.role, system=str(grant.system_id))
    log.record(event, subject=user, actor=bootstrap(), also=[grant])


def edited(request: PromotionRequest, by: User) -> None:
    """As `cards.write` leaves it, under the lock of the signer's account."""
    about = {"subject_type": CardText.Subject.MODEL_VERSION, "subject_id": request.model_version_id}
    row = CardText(**about, section="limits", text="None.", signer=by, signed_at=timezone.now(), statement={})
    row.save(force_insert=True)
    event = events.CardTextWritten(
        about=row.subject_type, about_id=str(row.subject_id), section=row.section, record="0" * 64
    )
    log.record(event, subject=row, actor=acting(by))


def test_role_revoked_while_the_signature_waits_is_seen(house: House) -> None:
    signing = Signing(houses.submitted(house), house.validator, "independent_validation")
    signs_while(account(house.validator), lambda: revoked(house.validator), signing)
    assert isinstance(signing.outcome, NotPermitted)
    assert not Decision.objects.exists()


def test_edit_by_the_signer_while_the_signature_waits_is_seen(house: House) -> None:
    request = houses.submitted(house)
    signing = Signing(request, house.validator, "independent_validation")
    signs_while(account(house.validator), lambda: edited(request, house.validator), signing)
    assert isinstance(signing.outcome, DutyConflict)
    assert "You edited this version last" in signing.outcome.detail
    assert recorded.newest(request)["data"] == {"rule": "DutyConflict"}


def test_evidence_that_comes_while_the_signature_waits_is_seen(house: House) -> None:
    request = houses.submitted(house)
    signing = Signing(request, house.validator, "independent_validation")
    measured = lambda: evidence.contract_check(house.data, violations=[], actor=bootstrap())  # noqa: E731
    signs_while(promotion(request), measured, signing)
    assert isinstance(signing.outcome, Stale)
    assert recorded.fresh(request).state == "stale"


def test_eight_reviewers_at_once_give_exactly_the_quorum() -> None:
    house = houses.build(approval=APPROVAL)
    request = houses.submitted(house)
    people = [factories.person(Role.COMPLIANCE_REVIEWER, team=f"team {number}") for number in range(THREADS)]
    waiting = [Persistent(request, person, "review") for person in people]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    request = recorded.fresh(request)
    assert sorted(type(thread.outcome).__name__ for thread in waiting) == ["Conflict"] * 5 + ["PromotionRequest"] * 3
    assert (request.state, request.revision, approvals.problem(request)) == ("approved", 1 + QUORUM, None)
    told = [one for one in reversed(recorded.entries(request)) if one["event"] == "promotion.signed"]
    assert [one["actor"] for one in told] == [f"person:{made.signer_id}" for made in request.decisions.order_by("id")]
    assert [one["data"]["state"] for one in told] == ["in_review", "in_review", "approved"]


class Persistent(Signing):
    """Reads the request again and signs again, as a person does whom somebody else came before."""

    def run(self) -> None:
        self.outcome = RevisionMismatch("Not tried yet.")
        while isinstance(self.outcome, RevisionMismatch):
            self.request = PromotionRequest.objects.get(pk=self.request.pk)
            self.proof = factories.credentials(self.by)
            super().run()
        assert isinstance(self.outcome, PromotionRequest | Conflict)
