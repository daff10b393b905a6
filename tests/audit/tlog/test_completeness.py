"""Complete packs: what they prove, and that whatever is withheld from one is missed, and named."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from audit.tlog import archive, completeness, pack
from audit.tlog.completeness import Claim, Completeness
from audit.tlog.errors import PackError
from audit.tlog.report import Report
from audit.tlog.verify import verify_pack
from tests.audit.tlog import decisions, examples
from tests.audit.tlog.decisions import PROMOTION
from tests.audit.tlog.examples import LOG, ORIGIN, WITNESS

LEAVES = decisions.longer_life()
COMPLETE = decisions.complete_pack()
MEMBERS = pack.members(COMPLETE)
OWN = ("promotion", PROMOTION)
RANGE = "ranges/6-12.bundle"


def report_on(given: pack.Pack) -> Report:
    return report_of(pack.members(given))


def report_of(members: Mapping[str, bytes]) -> Report:
    return verify_pack(b"".join(archive.write(members)), [LOG.verifier, WITNESS.verifier])


def findings(given: pack.Pack) -> list[str]:
    return [str(finding) for finding in report_on(given).findings]


def judged(members: Mapping[str, bytes]) -> list[str]:
    try:
        return [str(finding) for finding in report_of(members).findings]
    except PackError as problem:
        return [str(problem)]


def without(index: int) -> pack.Pack:
    """The pack as somebody makes it who leaves one entry out, and all that only this entry commits to."""
    kept = [one for one in COMPLETE.entries if one.index != index]
    records = [one for one in COMPLETE.records if index != 6 or one != decisions.REJECTION]
    disclosures = [] if index == 6 else COMPLETE.disclosures
    return replace(COMPLETE, entries=kept, records=records, disclosures=disclosures)


def test_complete_pack_says_so_with_count_size_and_time() -> None:
    report = report_on(COMPLETE)
    assert [str(finding) for finding in report.findings] == []
    assert report.proven["history proven complete"] == 4
    assert report.remarks == [
        f"complete: all 5 events about promotion {PROMOTION} up to size 12, written until 2026-01-01T00:00:00.000011Z, "
        "those before entry 6 by the count that entry 9 fixes"
    ]
    assert report.summary().endswith(f"; {report.remarks[0]}.")


@pytest.mark.parametrize(
    ("index", "finding"),
    [
        (2, "up to size 6 there are 2 entries about promotion {}, the last of them entry 4; the pack holds 1."),
        (4, "up to size 6 there are 2 entries about promotion {}, the last of them entry 4; the pack holds 1."),
        (6, "the pack leaves out entry 6 about promotion {}."),
        (7, "the pack leaves out entry 7 about promotion {}."),
        (10, "the pack leaves out entry 10 about promotion {}."),
    ],
)
def test_complete_pack_without_an_entry_is_refused_and_names_it(index: int, finding: str) -> None:
    found = findings(without(index))
    assert f"completeness.json: Not complete: {finding.format(PROMOTION)}" in found


def test_pack_without_its_rejection_verifies_only_without_the_claim_to_be_complete() -> None:
    report = report_on(replace(without(6), completeness=None))
    assert report.clean
    assert report.remarks[0] == f"it does not prove completeness: other events about promotion {PROMOTION} may exist"


def test_pack_whose_range_ends_before_the_newest_event_is_refused() -> None:
    for end in range(7, 12):
        assert COMPLETE.completeness is not None
        cut = replace(COMPLETE.completeness, entries=COMPLETE.completeness.entries[: end - 6])
        (found,) = findings(replace(without(10), completeness=cut))
        assert found == (
            f"completeness.json: The range ends at {end}, but the log has 12 entries: what came last is withheld."
        )


def test_pack_complete_from_the_first_entry_on_believes_no_count() -> None:
    given = replace(COMPLETE, completeness=decisions.complete(LEAVES, 0, None, OWN))
    assert report_on(given).remarks == [
        f"complete: all 5 events about promotion {PROMOTION} up to size 12, written until 2026-01-01T00:00:00.000011Z"
    ]
    assert findings(replace(without(6), completeness=given.completeness)) == [
        f"completeness.json: Not complete: the pack leaves out entry 6 about promotion {PROMOTION}."
    ]


def test_pack_with_a_range_that_begins_late_and_no_fixing_entry_is_refused() -> None:
    given = replace(COMPLETE, completeness=decisions.complete(LEAVES, 3, None, OWN))
    assert findings(given) == ["completeness.json: No entry fixes the histories, and the range begins at 3, not at 0."]


def relogged(leaves: list[bytes], first: int, fixed_by: int, *subjects: tuple[str, str]) -> list[str]:
    """The findings in a complete pack of a whole log that an operator wrote as he liked."""
    indexes = tuple(index for index, raw in enumerate(leaves) if PROMOTION.encode() in raw or index < 2)
    given = decisions.decision_pack(leaves, indexes)
    return findings(replace(given, completeness=decisions.complete(leaves, first, fixed_by, *(subjects or (OWN,)))))


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"event": "log.verified"}, f"Entry 9 is log.verified of log {ORIGIN}, which fixes no histories."),
        (
            {"subject": {"type": "slot", "id": ORIGIN}},
            f"Entry 9 is log.histories_fixed of slot {ORIGIN}, which fixes no histories.",
        ),
        (
            {"subject": {"type": "log", "id": "elsewhere"}},
            "Entry 9 is log.histories_fixed of log elsewhere, which fixes no histories.",
        ),
        ({"data": {}}, "Entry 9 fixes the histories up to None, but the range begins at 6."),
        (
            {"data": {"size": 6, "root": "", "subjects": 1}},
            "Expected 64 lower-case hex digits, got ''.",
        ),
    ],
)
def test_entry_that_fixes_no_histories_is_refused(changes: dict[str, Any], finding: str) -> None:
    leaves = LEAVES.copy()
    leaves[9] = decisions.fixing(9, leaves[:6], **changes)
    assert relogged(leaves, 6, 9) == [f"completeness.json: {finding}"]


def test_log_that_was_resumed_under_another_name_still_fixes_its_histories() -> None:
    leaves = LEAVES.copy()
    leaves[9] = decisions.fixing(9, leaves[:6], subject={"type": "log", "id": f"{ORIGIN}~2"})
    assert relogged(leaves, 6, 9) == []


def test_range_that_begins_elsewhere_than_the_histories_end_is_refused() -> None:
    assert relogged(LEAVES, 5, 9) == [
        "completeness.json: Entry 9 fixes the histories up to 6, but the range begins at 5."
    ]


@pytest.mark.parametrize("fixed_by", [0, 5, 12, -1])
def test_fixing_entry_outside_the_range_is_refused(fixed_by: int) -> None:
    assert relogged(LEAVES, 6, fixed_by) == [
        f"completeness.json: Entry {fixed_by} cannot fix the histories up to 6: it is not in the range after that."
    ]


def test_entry_of_the_range_that_cannot_be_read_is_named() -> None:
    leaves = LEAVES.copy()
    leaves[8] = b'{"kind":"run.finished","v":1}'
    (found,) = relogged(leaves, 6, 9)
    assert found.startswith("completeness.json: Entry 8 cannot be read, so it may be about anything: The entry lacks ")


def test_map_over_other_entries_than_those_of_the_log_is_missed() -> None:
    leaves = LEAVES.copy()
    counted = [*leaves[:4], examples.entry(99, subject={"type": "promotion", "id": PROMOTION}), leaves[5]]
    leaves[9] = decisions.fixing(9, counted)
    claims = decisions.complete([*counted, *leaves[6:]], 6, 9, OWN).claims
    given = decisions.complete(leaves, 6, 9, OWN)
    found = findings(
        replace(decisions.decision_pack(leaves, (0, 1, 2, 4, 6, 7, 10)), completeness=replace(given, claims=claims))
    )
    assert found == [
        f"completeness.json: The entries about promotion {PROMOTION} are not those whose digest the map of histories "
        "holds."
    ]


def test_map_that_knows_nothing_of_a_subject_with_entries_is_refused() -> None:
    leaves = LEAVES.copy()
    unrelated = [raw if PROMOTION.encode() not in raw else examples.entry(50 + n) for n, raw in enumerate(leaves[:6])]
    leaves[9] = decisions.fixing(9, unrelated)
    claims = decisions.complete([*unrelated, *leaves[6:]], 6, 9, OWN).claims
    given = decisions.complete(leaves, 6, 9, OWN)
    found = findings(
        replace(decisions.decision_pack(leaves, (0, 1, 2, 4, 6, 7, 10)), completeness=replace(given, claims=claims))
    )
    assert found == [
        f"completeness.json: Entry 2 is about promotion {PROMOTION}, but the map of histories has nothing about it."
    ]


def test_claim_without_or_with_another_subjects_leaves_is_refused() -> None:
    assert COMPLETE.completeness is not None
    known = {(one.type, one.id): one for one in COMPLETE.completeness.claims}
    for leaves in ((), known["policy", "3"].leaves, known["slot", "10"].leaves):
        swapped = replace(COMPLETE.completeness, claims=(Claim(*OWN, leaves), known[decisions.FACTOR]))
        (found,) = findings(replace(COMPLETE, completeness=swapped))
        assert found.startswith(
            f"completeness.json: The leaves given for promotion {PROMOTION} are neither its own nor"
        )


def test_claim_about_a_subject_of_which_the_pack_holds_nothing_is_refused() -> None:
    given = replace(COMPLETE, completeness=decisions.complete(LEAVES, 6, 9, OWN, ("slot", "any text at all")))
    assert findings(given) == [
        "completeness.json: The pack holds no entry about slot any text at all, of which it claims to hold all."
    ]


def test_complete_pack_that_says_nothing_about_its_own_subject_is_refused() -> None:
    given = replace(COMPLETE, completeness=decisions.complete(LEAVES, 6, 9, ("policy", "3")))
    assert findings(given) == [
        f"completeness.json: It says nothing about promotion {PROMOTION}, which the pack is about."
    ]


@pytest.mark.parametrize("name", ["completeness.json", RANGE])
def test_complete_pack_without_one_of_the_two_files_is_refused(name: str) -> None:
    found = judged({path: raw for path, raw in MEMBERS.items() if path != name})
    assert "pack.json: Its parts are not those of the pack: files were added, removed or reordered." in found


@pytest.mark.parametrize("name", ["completeness.json", RANGE])
def test_complete_pack_with_a_byte_of_its_proof_changed_is_refused(name: str) -> None:
    for place in range(0, len(MEMBERS[name]), 11):
        changed = bytearray(MEMBERS[name])
        changed[place] ^= 1 << place % 7
        members = MEMBERS | {name: bytes(changed)}
        assert judged(members), f"byte {place} of {name}"
        assert judged(relisted(members)), f"byte {place} of {name}, with its digest in pack.json"


def relisted(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members with pack.json made to fit the files of the proof: what a forger would do."""
    old, new = completeness.parts(MEMBERS), completeness.parts(members)
    index = members["pack.json"]
    for (_, before), (_, after) in zip(old, new, strict=True):
        index = index.replace(before.encode(), after.encode())
    return {**members, "pack.json": index}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"fixing":9', b'"fixing":null'),
        (b'"fixing":9', b'"fixing":"9"'),
        (b'"fixing":9', b'"fixing":9,"free":"text"'),
        (b'"subjects":[', b'"subjects":[],"x":['),
        (b'"position":', b'"position":-'),
        (b'"count":1', b'"count":true'),
        (b'"range":["', b'"range":["00'),
    ],
)
def test_complete_pack_with_another_spelling_of_its_proof_is_refused(old: bytes, new: bytes) -> None:
    raw = MEMBERS["completeness.json"]
    assert old in raw
    assert judged(relisted(MEMBERS | {"completeness.json": raw.replace(old, new)}))


def test_position_that_is_true_instead_of_one_is_refused() -> None:
    proof = decisions.complete(LEAVES, 6, 9, ("prediction_batch", "12"))
    assert 1 in {leaf.position for one in proof.claims for leaf in one.leaves}
    raw = {**proof.members()}
    raw["completeness.json"] = raw["completeness.json"].replace(b'"position":1', b'"position":true')
    with pytest.raises(PackError, match="'True' stands where a whole number must stand"):
        completeness.parse(raw)


def test_subjects_in_another_order_or_twice_are_refused() -> None:
    proof = COMPLETE.completeness
    assert isinstance(proof, Completeness)
    for claims in (proof.claims[::-1], (*proof.claims, proof.claims[-1])):
        (found,) = findings(replace(COMPLETE, completeness=replace(proof, claims=claims)))
        assert found.endswith("has members that do not follow from the rest of it, or another order.")


def test_range_under_another_name_is_refused() -> None:
    moved = {path: raw for path, raw in MEMBERS.items() if path != RANGE} | {"ranges/7-12.bundle": MEMBERS[RANGE]}
    moved["pack.json"] = moved["pack.json"].replace(RANGE.encode(), b"ranges/7-12.bundle")
    assert "completeness.json: The proof of completeness has members that do not follow" in judged(moved)[0]


def test_version_1_has_no_proof_of_completeness() -> None:
    old = MEMBERS["pack.json"].replace(b'"v":3', b'"v":1')
    start = old.index(b'"parts"')
    old = old[:start] + old[old.index(b'"records"') :]
    found = judged(MEMBERS | {"pack.json": old})
    assert "pack.json: Its parts are not those of the pack: files were added, removed or reordered." in found
