"""A subject's whole history as a pack: complete, verified offline, and refused where it cannot be."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit import actors, log, log_events
from audit.database import grants
from audit.disclosure import bundles, histories
from audit.models import Cosignature, Event
from audit.tlog import archive, checkpoint, entry, merkle, note, onefile, packindex, ranges
from audit.tlog.report import Report
from audit.tlog.verify import verify_pack
from audit.tree import proofs
from registry.models import User
from tests import databases, factories, recorded
from tests.audit.conftest import ORIGIN
from tests.audit.tlog.examples import key
from tests.factories import acting

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture
def account(signer: note.Signer) -> User:
    """A person with tokens, before and after the histories were fixed."""
    person = factories.person()
    for _ in range(3):
        factories.token(person)
    place(signer)
    fix()
    factories.token(person)
    place(signer)
    return person


def fix() -> None:
    with databases.acting_as(grants.SEQUENCER):
        histories.fix(actor=actors.system("sequencer"))


def place(signer: note.Signer) -> None:
    recorded.place(signer, origin=ORIGIN)


def taken(subject_type: str, subject_id: str, *, open_sealed: bool) -> bytes:
    return bundles.history(subject_type, subject_id, head=bundles.newest_head(), open_sealed=open_sealed)


def about(account: User) -> list[Event]:
    return list(Event.objects.filter(subject_type="account", subject_id=str(account.pk)))


def verified(raw: bytes, signer: note.Signer) -> Report:
    report = verify_pack(raw, [signer.verifier])
    assert [str(finding) for finding in report.findings] == []
    return report


def members(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_history_is_complete_and_verifies_offline(account: User, signer: note.Signer) -> None:
    report = verified(taken("account", str(account.pk), open_sealed=True), signer)
    (remark,) = report.remarks
    assert remark.startswith(f"complete: all {len(about(account))} events about account {account.pk} up to size ")
    assert "by the count that entry" in remark


def test_history_before_anything_was_fixed_begins_at_the_first_entry(signer: note.Signer) -> None:
    person = factories.person()
    factories.token(person)
    place(signer)
    (remark,) = verified(taken("account", str(person.pk), open_sealed=False), signer).remarks
    assert remark.startswith(f"complete: all {len(about(person))} events about account {person.pk} up to size ")
    assert "by the count" not in remark


def test_history_whose_range_would_be_too_long_does_not_claim_to_be_complete(
    account: User, signer: note.Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MAX_RANGE", 1)
    report = verified(taken("account", str(account.pk), open_sealed=True), signer)
    assert report.remarks == [f"it does not prove completeness: other events about account {account.pk} may exist"]


def test_history_with_sealed_values_opens_words_and_columns(account: User, signer: note.Signer) -> None:
    raw = taken("account", str(account.pk), open_sealed=True)
    index = json.loads(members(raw)["pack.json"])
    opened = {one["field"] for one in index["disclosures"]}
    assert any(field.endswith(".username.new") for field in opened)
    assert verified(raw, signer).proven["disclosure"] == len(index["disclosures"]) > 0


def test_history_without_sealed_values_opens_none(account: User, signer: note.Signer) -> None:
    raw = taken("account", str(account.pk), open_sealed=False)
    assert json.loads(members(raw)["pack.json"])["disclosures"] == []
    assert account.username.encode() not in b"".join(members(raw).values())


def test_history_with_an_event_that_awaits_its_place_is_refused(account: User) -> None:
    factories.token(account)
    with pytest.raises(proofs.NotSequenced, match="not under a signed head yet"):
        taken("account", str(account.pk), open_sealed=False)


def test_history_of_nothing_is_refused(account: User) -> None:
    with pytest.raises(bundles.NoHistory, match="The log has no event about account nobody"):
        taken("account", "nobody", open_sealed=False)


def test_history_of_the_log_itself_is_a_pack_too(account: User, signer: note.Signer) -> None:
    report = verified(taken("log", ORIGIN, open_sealed=False), signer)
    assert report.remarks[0].startswith(f"complete: all 1 event about log {ORIGIN} up to size ")


def test_export_puts_on_record_that_the_history_left(account: User) -> None:
    head = bundles.newest_head()
    raw = bundles.export("account", str(account.pk), open_sealed=True, actor=acting(account))
    told = entry.parse(bytes(Event.objects.latest("ticket").leaf or b""))
    assert raw == bundles.history("account", str(account.pk), head=head, open_sealed=True)
    assert (told["event"], told["subject"], told["actor"], told["data"]) == (
        "log.history_exported",
        {"type": "log", "id": ORIGIN},
        f"person:{account.pk}",
        {"subject_type": "account", "subject_id": str(account.pk), "size": head.size, "opened": True},
    )


def test_history_without_a_name_in_it_is_called_by_its_id(account: User) -> None:
    raw = taken("account", str(account.pk), open_sealed=False)
    assert packindex.parse(members(raw)["pack.json"]).about.title == str(account.pk)


def test_history_is_called_as_its_first_entry_calls_it(signer: note.Signer) -> None:
    system = factories.system()
    place(signer)
    raw = taken("system", str(system.pk), open_sealed=False)
    assert packindex.parse(members(raw)["pack.json"]).about.title == system.name
    assert verified(raw, signer).clean


def publish(digest: str) -> None:
    with databases.acting_as(grants.SEQUENCER):
        log.record(
            log_events.VerifierPublished(digest=digest), subject=log.Subject("log", ORIGIN), actor=actors.system("x")
        )


def test_history_carries_the_published_verifier(account: User, signer: note.Signer) -> None:
    publish(onefile.digest().hex())
    place(signer)
    raw = taken("account", str(account.pk), open_sealed=False)
    assert members(raw)["files/verify.py"] == onefile.build()
    assert verified(raw, signer).proven["file"] == 1


def test_history_leaves_out_a_verifier_that_is_another_than_the_published(account: User, signer: note.Signer) -> None:
    publish("0" * 64)
    place(signer)
    raw = taken("account", str(account.pk), open_sealed=False)
    assert "files/verify.py" not in members(raw)
    assert verified(raw, signer).clean


def test_history_carries_the_cosignatures_of_known_witnesses(
    account: User, signer: note.Signer, settings: Any, tmp_path: Path
) -> None:
    witness, stranger = (note.Cosigner(f"example.org/{name}", key(name), time=1_800_000_000) for name in ("w1", "w2"))
    head = bundles.newest_head()
    with databases.acting_as(grants.SEQUENCER):
        for one in (witness, stranger):
            line = note.signature_line(note.text_of(head.note.encode()), one)
            Cosignature.objects.create(size=head.size, witness=one.verifier.name, line=line)
    settings.LOG_TRUST_POLICY = tmp_path / "policy"
    settings.LOG_TRUST_POLICY.write_text(f"log {signer.vkey}\nwitness one {witness.vkey}\nquorum one\n")
    raw = taken("account", str(account.pk), open_sealed=False)
    assert members(raw)["keys/witness.1.vkey"] == f"{witness.vkey}\n".encode()
    assert verified(raw, signer).signers == [ORIGIN]
    assert verify_pack(raw, [signer.verifier, witness.verifier]).signers == [ORIGIN, "example.org/w1"]


def test_range_of_entries_is_proven_by_its_hashes(account: User) -> None:
    head = bundles.newest_head()
    signed = checkpoint.parse(note.text_of(head.note.encode()))
    for first, end in ((0, 1), (1, head.size), (0, head.size), (2, 4)):
        hashes = merkle.leaf_hashes(bundles.between(first, end))
        ranges.verify(hashes, first, signed.size, bundles.range_proof(first, end, head), signed.root)


def test_pack_whose_newest_event_is_taken_out_of_everything_is_refused(account: User, signer: note.Signer) -> None:
    """The one who makes the pack knows how: entry, proof and index all fit, and still it is found."""
    given: Any = members(taken("account", str(account.pk), open_sealed=False))
    index = packindex.parse(given["pack.json"])
    last = index.entries[-1]
    for path in (packindex.entry_path(last), packindex.proof_path(last)):
        del given[path]
    kept = replace(index, entries=index.entries[:-1])
    raw = b"".join(archive.write(given | {"pack.json": kept.format()}))
    (finding,) = verify_pack(raw, [signer.verifier]).findings
    assert finding.what == f"Not complete: the pack leaves out entry {last} about account {account.pk}."
