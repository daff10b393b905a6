"""A signature must say what the entry says that stands for it, and a title must be the subject's own."""

from dataclasses import replace
from typing import Any

import pytest

from audit.tlog import archive, pack
from audit.tlog.verify import verify_pack
from tests.audit.tlog import decisions, examples
from tests.audit.tlog.decisions import PROMOTION, RECORD, TITLE
from tests.audit.tlog.examples import LOG, WITNESS


def findings(given: pack.Pack) -> list[str]:
    raw = b"".join(archive.write(pack.members(given)))
    return [finding.what for finding in verify_pack(raw, [LOG.verifier, WITNESS.verifier]).findings]


def decided(signature: pack.Record, **members: Any) -> list[str]:
    """The findings in a pack whose entry 6, which tells of a rejection, holds that signature."""
    leaves = decisions.life()
    refused = {"verdict": "reject", "role": "compliance_reviewer", "sealed": {"reason": decisions.REFUSAL.commitment}}
    leaves[6] = decisions.signed(6, signature, **{**refused, **members})
    given = decisions.decision_pack(leaves)
    return findings(replace(given, records=[*given.records[:-1], signature]))


def test_signature_that_says_what_its_entry_says_is_verified() -> None:
    assert decided(decisions.REJECTION) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({"verdict": "approve"}, "verdict 'approve', but entry 6, which holds it, says 'reject'."),
        ({"role": "validator"}, "role 'validator', but entry 6, which holds it, says 'compliance_reviewer'."),
        ({"meaning": "authorship"}, "meaning 'authorship', but entry 6, which holds it, says 'review'."),
        ({"promotion": "43"}, f"promotion '43', but entry 6, which holds it, says '{PROMOTION}'."),
    ],
)
def test_signature_that_says_something_else_than_its_entry_is_refused(statement: dict[str, Any], told: str) -> None:
    other = decisions.signature(**{"verdict": "reject", "role": "compliance_reviewer", **statement})
    assert decided(other) == [f"The statement that was signed says {told}"]


def test_signature_in_the_name_of_another_is_refused_twice() -> None:
    forged = decisions.signature("reject", "compliance_reviewer", signer="person:8")
    told, enrolled = decided(forged)
    assert told.endswith("signer 'person:8', but entry 6, which holds it, says 'person:7'.")
    assert enrolled.endswith("was enrolled by person:7, not by person:8.")


def test_signature_by_another_than_the_actor_is_refused() -> None:
    assert decided(decisions.REJECTION, actor="person:8") == [
        "The statement that was signed says signer 'person:7', but entry 6, which holds it, says 'person:8'."
    ]


def test_signature_over_another_record_than_the_entry_names_is_refused() -> None:
    leaves = decisions.life()
    data = {"record": decisions.POLICY.digest, "signature": decisions.REJECTION.digest}
    leaves[6] = decisions.about(6, "promotion", PROMOTION, data=data, sealed={"reason": decisions.REFUSAL.commitment})
    assert findings(decisions.decision_pack(leaves)) == [
        f"The signature is over {RECORD.digest}, but entry 6, which holds it, is about {decisions.POLICY.digest}."
    ]


def test_entry_that_calls_something_a_signature_which_is_none_is_refused() -> None:
    assert decided(pack.Record.of("signature", {"kind": "signature", "by": "Ada"}))[0].endswith(
        "which it names as a signature, holds none."
    )


@pytest.mark.parametrize("title", [PROMOTION, TITLE])
def test_title_that_is_the_subjects_own_is_taken(title: str) -> None:
    given = decisions.decision_pack(decisions.life())
    assert findings(replace(given, about=pack.About("promotion", PROMOTION, title))) == []


@pytest.mark.parametrize("title", ["credit", "approve", "retail-credit", "PromotionPolicy", decisions.REASON, ""])
def test_title_that_only_stands_somewhere_in_the_pack_is_refused(title: str) -> None:
    given = decisions.decision_pack(decisions.life())
    assert findings(replace(given, about=pack.About("promotion", PROMOTION, title))) == [
        f"The title {title!r} is not that of promotion {PROMOTION}: no entry about it, nor its own record in one, is "
        "called so."
    ]


def test_old_and_new_values_of_columns_are_disclosed_through_the_record_of_changes() -> None:
    new = pack.Disclosure("registry_slot/9.purpose.new", examples.SALT, "credit scoring")
    changes = pack.Record.of("changes", {"registry_slot/9": {"purpose": {"new": new.commitment}}})
    leaves = decisions.life()
    leaves[7] = decisions.about(7, "promotion", PROMOTION, changes=changes.digest)
    given = decisions.decision_pack(leaves)
    given = replace(given, records=[*given.records, changes], disclosures=[*given.disclosures, new])
    assert findings(given) == []
    wrong = replace(new, field="registry_slot/9.purpose.old")
    assert findings(replace(given, disclosures=[decisions.REFUSAL, wrong])) == [
        "The value disclosed for 'registry_slot/9.purpose.old' opens no commitment of a proven entry."
    ]
