"""Signers' own keys in packs: enrolled before they signed, not retired by then, and bound to one person and record."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.tlog import archive, canonical, pack
from audit.tlog.report import Report
from audit.tlog.verify import verify_pack
from tests.audit.tlog import decisions, examples
from tests.audit.tlog.decisions import FACTOR, OWN_KEY, PROMOTION, RECORD, factor, hex_of
from tests.audit.tlog.examples import LOG, WITNESS

OWN = ("promotion", PROMOTION)
KEY = hex_of(OWN_KEY)
OTHER = examples.key("another key for tests only")
PACKS = Path(__file__).parents[2] / "vectors" / "packs"


def report_on(given: pack.Pack) -> Report:
    return verify_pack(b"".join(archive.write(pack.members(given))), [LOG.verifier, WITNESS.verifier])


def findings(given: pack.Pack) -> list[str]:
    return [finding.what for finding in report_on(given).findings]


def whole(leaves: list[bytes], *subjects: tuple[str, str]) -> pack.Pack:
    """The pack of the decision in a log that an operator wrote as he liked, complete from the first entry on."""
    kept = tuple(index for index, raw in enumerate(leaves) if PROMOTION.encode() in raw or FACTOR[1].encode() in raw)
    given = decisions.decision_pack(leaves, tuple(sorted({*kept, 1})))
    return replace(given, completeness=decisions.complete(leaves, 0, None, *(subjects or (OWN,))))


def signed_by(rejection: pack.Record) -> pack.Pack:
    """A pack in which entry 6 holds another record of the rejection."""
    leaves = decisions.life()
    sealed = {"reason": decisions.REFUSAL.commitment}
    leaves[6] = decisions.signed(6, rejection, verdict="reject", role="compliance_reviewer", sealed=sealed)
    given = whole(leaves)
    return replace(given, records=[*given.records[:-1], rejection])


def rejection(**changes: Any) -> dict[str, Any]:
    """What the record of the rejection holds, changed."""
    value = canonical.decode(decisions.REJECTION.raw)
    assert isinstance(value, dict)
    return {**value, **changes}


def test_signatures_by_their_own_keys_are_counted() -> None:
    report = report_on(whole(decisions.life()))
    assert [str(finding) for finding in report.findings] == []
    assert report.proven["signature by the signer's own key"] == 2
    assert "; 2 signatures by the signer's own key; " in report.summary()


def test_pack_without_completeness_says_that_a_key_may_have_been_retired() -> None:
    report = report_on(decisions.decision_pack(decisions.life()))
    assert (report.clean, report.remarks[1:]) == (
        True,
        ["it does not prove that none of the signers' keys had been retired before"],
    )


def test_signature_without_the_persons_own_is_refused() -> None:
    server = decisions.signature("reject", "compliance_reviewer", own=None)
    assert findings(signed_by(server)) == ["person:7 did not sign with a key of their own: only the server's key did."]


@pytest.mark.parametrize("member", ["personal_key", "personal_signature"])
def test_signature_with_half_of_the_persons_own_is_refused(member: str) -> None:
    value = {name: one for name, one in rejection().items() if name != member}
    assert len(findings(signed_by(pack.Record.of("signature", value)))) == 1


def test_signature_whose_own_key_is_the_servers_is_refused() -> None:
    server = decisions.signature("reject", "compliance_reviewer", own=decisions.SIGNING_KEY)
    assert findings(signed_by(server)) == ["What is said to be the own key of person:7 is the server's."]


def test_signature_by_a_key_that_nobody_enrolled_is_refused() -> None:
    stranger = decisions.signature("reject", "compliance_reviewer", own=OTHER)
    assert findings(signed_by(stranger)) == [
        f"No entry of the pack says that the key {hex_of(OTHER)} was enrolled by person:7."
    ]


def test_signature_by_a_key_that_was_enrolled_but_never_confirmed_is_refused() -> None:
    leaves = [factor(0, "enrolled"), *decisions.life()[1:]]
    found = findings(whole(leaves))
    assert found == [f"No entry of the pack says that the key {KEY} was enrolled by person:7."] * 2


def test_signature_by_a_key_enrolled_later_is_refused() -> None:
    leaves = [*decisions.life()]
    leaves[0], leaves[5] = leaves[5], factor(5)
    assert findings(whole(leaves)) == [
        f"The key {KEY} of person:7 was enrolled by entry 5, after it had signed entry 4."
    ]


@pytest.mark.parametrize(("number", "refused"), [(3, 2), (5, 1), (8, 0)])
def test_signature_by_a_key_retired_before_is_refused(number: int, refused: int) -> None:
    leaves = decisions.life()
    leaves[number] = factor(number, "retired")
    found = findings(whole(leaves))
    assert (len(found), all(f"was retired by entry {number}, before" in one for one in found)) == (refused, True)


@pytest.mark.parametrize("changes", [{"actor": "person:8"}, {"data": {"account": "person:8", "public_key": KEY}}])
def test_signature_by_a_key_that_another_enrolled_is_refused(changes: dict[str, Any]) -> None:
    found = findings(whole([factor(0, **changes), *decisions.life()[1:]]))
    assert (len(found), all("was enrolled by" in one for one in found)) == (2, True)


def test_key_that_is_named_under_another_subject_is_not_enrolled() -> None:
    moved = factor(0, subject={"type": "account", "id": FACTOR[1]})
    given = whole([moved, *decisions.life()[1:]])
    assert f"No entry of the pack says that the key {KEY} was enrolled by person:7." in findings(given)


def test_pack_that_leaves_the_retirement_out_is_refused() -> None:
    leaves = decisions.life()
    leaves[3] = factor(3, "retired")
    given = whole(leaves)
    found = findings(replace(given, entries=[one for one in given.entries if one.index != 3]))
    assert f"Not complete: the pack leaves out entry 3 about signing_factor {FACTOR[1]}." in found


def test_complete_pack_that_says_nothing_about_the_key_is_refused() -> None:
    given = whole(decisions.life())
    assert given.completeness is not None
    claims = tuple(one for one in given.completeness.claims if (one.type, one.id) != FACTOR)
    found = findings(replace(given, completeness=replace(given.completeness, claims=claims)))
    told = f"The pack does not prove that it holds all entries about the signer's key, signing_factor {FACTOR[1]}."
    assert found == [told] * 2


@pytest.mark.parametrize("member", ["verdict", "promotion", "signer", "signed_at", "printed_name", "record_digest"])
def test_signature_moved_to_another_statement_is_refused_under_both_keys(member: str) -> None:
    statement = rejection()["statement"]
    changed = pack.Record.of("signature", rejection(statement=statement | {member: RECORD.digest[:7]}))
    both = findings(signed_by(changed))
    assert any("own key" in one for one in both)
    assert len(both) > 1


@pytest.mark.parametrize("at", ["2026-01-01T00:11:00.000000Z", "2025-12-31T23:49:00.000000Z"])
def test_signature_of_another_time_than_its_entry_is_refused(at: str) -> None:
    (found,) = findings(signed_by(decisions.signature("reject", "compliance_reviewer", signed_at=at)))
    assert found.startswith(f"person:7 is said to have signed at {at}, but entry 6, ")


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01T00:00:00", None])
def test_signature_of_no_time_is_refused(at: Any) -> None:
    (found,) = findings(signed_by(decisions.signature("reject", "compliance_reviewer", signed_at=at)))
    assert found.endswith(", no time.")


def test_signature_in_an_entry_of_its_own_must_be_about_the_record_that_it_names() -> None:
    for subject, found in ((PROMOTION, 0), ("another", 1)):
        leaves = decisions.life()
        data = {"subject_type": "promotion", "subject": subject, "signature": decisions.REJECTION.digest}
        leaves[6] = decisions.about(
            6, "signature", "1", event="signature.made", data=data, sealed={"reason": decisions.REFUSAL.commitment}
        )
        given = decisions.decision_pack(leaves, (0, 1, 2, 4, 6, 7))
        assert len(findings(given)) == found
