"""Evidence packs: what a clean one proves, and that nothing in one can be changed, added or left out unnoticed."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.tlog import archive, canonical, note, pack, packindex, proof
from audit.tlog.errors import PackError
from audit.tlog.pack import Disclosure, Record
from audit.tlog.report import Report
from audit.tlog.verify import verify_pack
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, ORIGIN, PERSON, SALT, STRANGER, WITNESS

KEYS = [LOG.verifier, WITNESS.verifier]
EXAMPLE = examples.example_pack()
MEMBERS = pack.members(EXAMPLE)
RAW = b"".join(archive.write(MEMBERS))


def zipped(members: Mapping[str, bytes]) -> bytes:
    return b"".join(archive.write(members))


def judged(raw: bytes, verifiers: list[note.Verifier] = KEYS) -> list[str]:
    try:
        return [str(finding) for finding in verify_pack(raw, verifiers).findings]
    except PackError as problem:
        return [f"unreadable: {problem}"]


def findings_of(changed: pack.Pack) -> list[str]:
    return judged(zipped(pack.members(changed)))


def with_record(value: Any, kind: str = "policy") -> pack.Pack:
    """A pack of one entry that holds the digest of one record."""
    record = Record.of(kind, value)
    leaves = [examples.entry(0, data={kind: record.digest})]
    proven = pack.ProvenEntry(0, leaves[0], examples.proof_of(leaves, 0, examples.head(leaves)))
    return pack.Pack(ORIGIN, pack.About("promotion", "42", "42"), [proven], [record])


def test_pack_that_is_clean_says_what_was_proven() -> None:
    report = verify_pack(RAW, KEYS)
    assert [str(finding) for finding in report.findings] == []
    assert report.summary() == (
        "Verified: 2 entries of the log models.example.org/audit at size 7, signed by models.example.org/audit, "
        "witness.example.org/w1; 4 records; 1 file; 1 Merkle root; 1 signature of people; 1 disclosure; "
        "it does not prove completeness: other events about promotion 42 may exist."
    )


def test_pack_is_verified_with_the_logs_key_alone() -> None:
    report = verify_pack(RAW, [LOG.verifier])
    assert (report.clean, report.signers) == (True, [ORIGIN])


def test_pack_is_written_twice_alike_to_a_file_and_to_a_path(tmp_path: Path) -> None:
    file = io.BytesIO()
    pack.write(file, EXAMPLE)
    shuffled = replace(EXAMPLE, records=EXAMPLE.records[::-1], entries=EXAMPLE.entries[::-1])
    pack.write(tmp_path / "pack.zip", shuffled)
    assert file.getvalue() == (tmp_path / "pack.zip").read_bytes() == RAW
    assert verify_pack(tmp_path / "pack.zip", KEYS).clean


def test_pack_is_a_zip_that_others_read() -> None:
    with zipfile.ZipFile(io.BytesIO(RAW)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == MEMBERS


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_pack_with_a_byte_of_a_member_changed_is_refused(name: str) -> None:
    data = MEMBERS[name]
    for place in range(0, len(data), max(1, len(data) // 40)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 7
        assert judged(zipped(MEMBERS | {name: bytes(changed)})), f"byte {place} of {name}"


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_pack_with_a_member_shortened_lengthened_or_emptied_is_refused(name: str) -> None:
    data = MEMBERS[name]
    assert all(judged(zipped(MEMBERS | {name: wrong})) for wrong in (data[:-1], data + b"\n", data + b"\0", b""))


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_pack_without_a_member_is_refused(name: str) -> None:
    assert judged(zipped({path: data for path, data in MEMBERS.items() if path != name}))


@pytest.mark.parametrize(
    "name",
    [
        "extra.txt",
        "entries/3.json",
        "entries/02.json",
        "proofs/3.tlog-proof",
        f"records/{'0' * 64}.json",
        "records/x.json",
        "files/other.pdf",
        "files/CARD.pdf",
        "files/a/b",
        "../evil",
        "/etc/passwd",
        "keys/other.vkey",
        "keys/",
        "readme.txt",
        "completeness.json",
        "ranges/0-7.bundle",
    ],
)
def test_pack_with_a_member_added_is_refused(name: str) -> None:
    assert judged(zipped(MEMBERS | {name: b"{}"}))


def test_pack_with_an_entry_left_out_names_it() -> None:
    found = judged(zipped({path: data for path, data in MEMBERS.items() if path != "entries/2.json"}))
    assert "entries/2.json: The entry of a proof is missing." in found


def test_pack_with_extra_data_in_a_proof_is_refused() -> None:
    first, second = EXAMPLE.entries
    extra = replace(proof.parse(second.proof), extra=b"trust me").format()
    found = findings_of(replace(EXAMPLE, entries=[first, replace(second, proof=extra)]))
    assert found[0] == "proofs/5.tlog-proof: The proof is of entry 5, or it carries extra data, which nothing proves."


def test_pack_with_a_file_nobody_commits_to_is_refused() -> None:
    (found,) = findings_of(replace(EXAMPLE, files={**EXAMPLE.files, "other.pdf": b"other"}))
    assert found.startswith("files/other.pdf: No proven entry, nor a record that one commits to, holds its SHA-256 ")


def test_pack_with_two_files_that_one_file_system_cannot_hold_is_refused() -> None:
    card = EXAMPLE.files["card.pdf"]
    assert findings_of(replace(EXAMPLE, files={"card.pdf": card, "Card.pdf": card})) == [
        "files/card.pdf: Two files differ only in upper and lower case."
    ]


def test_pack_index_with_false_for_the_number_zero_is_refused() -> None:
    members = pack.members(with_record({"kind": "policy"}))
    index = members["pack.json"].replace(b'"index":0', b'"index":false').replace(b"/0.", b"/False.")
    (found,) = judged(zipped(members | {"pack.json": index}))
    assert found.endswith("'False' stands where a whole number must stand.")


def test_pack_with_a_key_added_that_signed_nothing_is_refused() -> None:
    changed = replace(EXAMPLE, keys={**EXAMPLE.keys, "other.vkey": STRANGER.verifier})
    assert findings_of(changed) == [
        "keys/other.vkey: The key was not given to this verifier, and nothing in the pack is signed with it."
    ]


def test_pack_with_any_byte_of_the_container_changed_is_refused() -> None:
    start_of_directory = RAW.index(b"PK\x01\x02")
    for place in [
        *range(0, 200),
        *range(start_of_directory, start_of_directory + 200),
        *range(len(RAW) - 22, len(RAW)),
    ]:
        changed = bytearray(RAW)
        changed[place] ^= 1 << place % 8
        assert judged(bytes(changed)), f"byte {place}"


@pytest.mark.parametrize("cut", [1, 22, 200, len(RAW) - 10, len(RAW)])
def test_pack_cut_short_is_refused(cut: int) -> None:
    assert judged(RAW[:-cut])


def test_pack_with_bytes_before_or_after_is_refused() -> None:
    assert judged(b"#!/bin/sh\n" + RAW) == ["zip: The container is not as a pack is written, in the 4 bytes from 0 on."]
    assert judged(RAW + b"\0")


def test_pack_packed_again_by_another_program_is_told_apart_from_changed_content() -> None:
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(MEMBERS):
            target.writestr(name, MEMBERS[name])
    assert set(judged(again.getvalue())) == {
        f"{name}: The member is compressed; a pack stores its members as they are." for name in MEMBERS
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_pack_with_a_member_twice_is_refused() -> None:
    again = io.BytesIO(RAW)
    with zipfile.ZipFile(again, "a") as target:
        target.writestr("entries/2.json", MEMBERS["entries/5.json"])
    assert judged(again.getvalue()) == ["entries/2.json: The zip holds two members of this name."]


def test_pack_with_a_compression_bomb_is_read_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 1000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("files/bomb", bytes(1_000_000))
    assert "files/bomb: The member is larger than 1000 bytes and was not read." in judged(bomb.getvalue())


def test_pack_larger_than_the_limits_is_refused_and_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 3000)
    assert judged(RAW)[0].startswith("unreadable: The pack is larger than 3000 bytes")
    with pytest.raises(PackError, match="makes the pack larger than a reader will take"):
        pack.write(io.BytesIO(), EXAMPLE)


def test_pack_that_is_no_zip_is_unreadable() -> None:
    assert judged(b"not a zip") == ["unreadable: This is not a readable zip file: File is not a zip file."]


def test_pack_under_an_unknown_key_proves_nothing_although_it_brings_its_key() -> None:
    found = judged(zipped(pack.members(replace(examples.example_pack(STRANGER), keys={"log.vkey": STRANGER.verifier}))))
    assert found[0].startswith("checkpoint: No known key signed the note; it is signed by models.example.org/audit+")
    assert "entries/2.json: The entry is not proven, because the checkpoint is not signed by a known key." in found


def test_pack_with_an_entry_replaced_is_refused() -> None:
    found = judged(zipped(MEMBERS | {"entries/5.json": examples.entry(5, actor="person:8")}))
    assert len(found) == 1
    assert found[0].startswith("entries/5.json: The inclusion proof leads to the root")


def test_pack_with_entries_swapped_reports_both() -> None:
    found = judged(zipped(MEMBERS | {f"entries/{a}.json": MEMBERS[f"entries/{b}.json"] for a, b in ((2, 5), (5, 2))}))
    assert [line.partition(":")[0] for line in found[:2]] == ["entries/2.json", "entries/5.json"]


def test_pack_with_proofs_under_two_checkpoints_is_refused() -> None:
    leaves = [examples.entry(number) for number in range(6)]
    other = examples.proof_of(leaves, 5, examples.head(leaves))
    found = judged(zipped(MEMBERS | {"proofs/5.tlog-proof": other, "entries/5.json": leaves[5]}))
    assert "proofs/5.tlog-proof: The proof is under another checkpoint than the rest of the pack." in found


def test_pack_with_entries_outside_the_schema_is_refused() -> None:
    leaves = [b'{"kind":"run.finished","v":1}']
    proven = pack.ProvenEntry(0, leaves[0], examples.proof_of(leaves, 0, examples.head(leaves)))
    found = findings_of(pack.Pack(ORIGIN, pack.About("run", "1", "1"), [proven]))
    assert found[0].startswith("entries/0.json: The entry lacks the members")


def test_pack_with_a_record_nobody_commits_to_is_refused() -> None:
    stray = Record.of("policy", {"kind": "policy", "minimum": "0.10"})
    assert findings_of(replace(EXAMPLE, records=[*EXAMPLE.records, stray])) == [
        f"records/{stray.digest}.json: No proven entry, nor a record that one commits to, holds its digest."
    ]


def test_pack_with_records_that_only_name_each_other_is_refused() -> None:
    inner = Record.of("policy", {"kind": "policy", "minimum": "0.10"})
    outer = Record.of("evaluation", {"kind": "evaluation", "policy": inner.digest})
    assert len(findings_of(replace(EXAMPLE, records=[*EXAMPLE.records, inner, outer]))) == 2


def test_pack_with_a_record_that_is_not_canonical_is_refused() -> None:
    spaced = Record("policy", b'{"kind": "policy"}')
    leaves = [examples.entry(0, data={"policy": spaced.digest})]
    proven = pack.ProvenEntry(0, leaves[0], examples.proof_of(leaves, 0, examples.head(leaves)))
    found = findings_of(pack.Pack(ORIGIN, pack.About("promotion", "42", "42"), [proven], [spaced]))
    assert found[0].startswith(f"records/{spaced.digest}.json: The bytes are a second spelling of their value")


@pytest.mark.parametrize(
    ("about", "finding"),
    [
        (pack.About("promotion", "43", "42"), "pack.json: No proven entry is about promotion 43."),
        (
            pack.About("promotion", "42", "Safe"),
            "pack.json: The title 'Safe' is not that of promotion 42: no entry about it, nor its own record in one, is "
            "called so.",
        ),
    ],
)
def test_pack_about_something_else_is_refused(about: pack.About, finding: str) -> None:
    assert findings_of(replace(EXAMPLE, about=about)) == [finding]


def test_pack_with_a_record_of_an_invented_kind_is_refused() -> None:
    renamed = [replace(EXAMPLE.records[0], kind="exemption"), *EXAMPLE.records[1:]]
    digest = renamed[0].digest
    assert findings_of(replace(EXAMPLE, records=renamed)) == [
        f"pack.json: Nothing says that the record {digest} is of the kind 'exemption'."
    ]


@pytest.mark.parametrize(
    "disclosure",
    [
        Disclosure("reason", SALT, "Another"),
        Disclosure("reason", bytes(32), examples.REASON),
        Disclosure("name", SALT, 1),
    ],
)
def test_pack_with_a_disclosure_that_opens_nothing_is_refused(disclosure: Disclosure) -> None:
    assert findings_of(replace(EXAMPLE, disclosures=[disclosure])) == [
        f"pack.json: The value disclosed for {disclosure.field!r} opens no commitment of a proven entry."
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":3}', b'"v":1}'),
        (b'"v":3}', b'"v":4}'),
        (b'"v":3}', b'"v":true}'),
        (b'"v":3}', b'"v":2,"w":0}'),
        (b'"parts":[],', b""),
        (b'"parts":[],', b'"parts":[{"digest":"","path":""}],'),
        (b'"index":2', b'"index":true'),
        (b'"entries":[', b'"entries":[[],'),
        (b'"title":"credit policy 3"', b'"title":["credit policy 3"]'),
        (b'"origin":"models', b'"origin":"modelz'),
        (b'"field":"reason"', b'"field":["reason"]'),
        (b'"keys":["keys/log.vkey",', b'"keys":["keys/log.vkey","keys/log.vkey",'),
    ],
)
def test_pack_with_another_index_is_refused(old: bytes, new: bytes) -> None:
    assert old in MEMBERS["pack.json"]
    assert judged(zipped(MEMBERS | {"pack.json": MEMBERS["pack.json"].replace(old, new)}))


def test_pack_index_with_lists_in_another_order_is_refused() -> None:
    index = packindex.parse(MEMBERS["pack.json"])
    reordered = replace(index, records=index.records[::-1]).format()
    assert judged(zipped(MEMBERS | {"pack.json": reordered})) == [
        "pack.json: Its records are not those of the pack: files were added, removed or reordered."
    ]


def test_pack_with_a_merkle_root_over_other_leaves_is_refused() -> None:
    claim = examples.merkle_claim(["00", "01"])
    assert findings_of(with_record({"rows": claim})) == []
    for leaves in (["00", "02"], ["00"], ["01", "00"], ["0", "1"], ["00", "0G"], [0, 1], "00", ["00", "01"] * 2):
        assert len(findings_of(with_record({"deep": [{"rows": claim | {"leaves": leaves}}]}))) == 1


def test_pack_with_signatures_of_people_verifies_them() -> None:
    digest = canonical.digest({"number": 0}).hex()
    entry = examples.entry(0, data={"policy": "x"})
    assert findings_of(with_record({"approval": examples.signature_by(PERSON, digest)})) != []
    about_data = examples.signature_by(PERSON, canonical.digest(canonical.decode(entry)["data"]).hex())  # type: ignore[index,call-overload]
    record = Record.of("signature", {"kind": "signature", "approval": about_data})
    leaves = [entry, examples.entry(1, data={"signature": record.digest})]
    signed = examples.head(leaves)
    proven = [pack.ProvenEntry(index, leaves[index], examples.proof_of(leaves, index, signed)) for index in (0, 1)]
    assert findings_of(pack.Pack(ORIGIN, pack.About("promotion", "42", "42"), proven, [record])) == []


@pytest.mark.parametrize("member", ["signed", "public_key", "signature", "statement"])
def test_pack_with_a_signature_of_a_person_changed_is_refused(member: str) -> None:
    policy = Record.of("policy", {"kind": "policy"})
    right = examples.signature_by(PERSON, policy.digest)
    wrong = {
        "signed": "0" * 64,
        "public_key": STRANGER.verifier.public_key.hex(),
        "signature": right["signature"][:-2] + "00",
        "statement": right["statement"] | {"meaning": "review"},
    }[member]
    assert signature_findings(policy, right) == []
    assert len(signature_findings(policy, right | {member: wrong})) == 1
    assert len(signature_findings(policy, right | {member: None})) == 1


def test_pack_with_a_statement_that_does_not_name_what_is_signed_is_refused() -> None:
    policy, other = Record.of("policy", {"kind": "policy"}), "0" * 64
    swapped = examples.signature_by(PERSON, other) | {"signed": policy.digest}
    assert signature_findings(policy, swapped)[0].endswith(
        f"The statement that was signed does not name {policy.digest}."
    )


def signature_findings(policy: Record, claim: dict[str, Any]) -> list[str]:
    record = Record.of("signature", claim)
    leaves = [examples.entry(0, data={"policy": policy.digest, "signature": record.digest})]
    proven = pack.ProvenEntry(0, leaves[0], examples.proof_of(leaves, 0, examples.head(leaves)))
    return findings_of(pack.Pack(ORIGIN, pack.About("promotion", "42", "42"), [proven], [policy, record]))


def test_pack_with_a_witness_line_that_no_key_can_check_is_refused() -> None:
    found = judged(zipped(pack.members(replace(EXAMPLE, keys={"log.vkey": LOG.verifier}))), [LOG.verifier])
    assert found == [
        "checkpoint: No key at hand can check the signature line of witness.example.org/w1; give it with --key."
    ]


def test_pack_that_cannot_be_right_is_not_written() -> None:
    first, second = EXAMPLE.entries
    for entries in ([], [first, first], [replace(first, index=3)], [first, replace(second, proof=b"")]):
        with pytest.raises(Exception, match=r"checkpoint|twice|another index|proof file"):
            pack.members(replace(EXAMPLE, entries=entries))
    with pytest.raises(PackError, match="is given twice, as policy and exemption"):
        pack.members(replace(EXAMPLE, records=[*EXAMPLE.records, replace(EXAMPLE.records[0], kind="exemption")]))


def test_report_spells_control_characters_out() -> None:
    report = Report()
    report.add("files/\x1b[2J", "line\nbreak \u202e")
    assert str(report.findings[0]) == "files/\\x1b[2J: line\\nbreak \\u202e"
