"""Log directories: every file's every byte counts, and an older checkpoint must be continued."""

from pathlib import Path
from typing import Any

import pytest

from audit.tlog import checkpoint, merkle, note, policy, sources, spans, tiles
from audit.tlog.errors import NoteError, PackError
from audit.tlog.logcheck import Older, Question
from audit.tlog.report import Report
from audit.tlog.trust import Trust
from audit.tlog.verify import verify_directory, verify_log
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, STRANGER, WITNESS

LEAVES = [examples.entry(number) for number in range(600)]


@pytest.fixture(name="log")
def _log(tmp_path: Path) -> Path:
    examples.publish(tmp_path, LEAVES[:530])
    return tmp_path


def judged(folder: Path, since: bytes | None = None) -> list[str]:
    return [str(finding) for finding in verify_directory(folder, [LOG.verifier], since=since).findings]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512])
def test_log_of_a_size_is_clean(tmp_path: Path, size: int) -> None:
    examples.publish(tmp_path, LEAVES[:size])
    report = verify_directory(tmp_path, [LOG.verifier])
    assert (report.findings, report.size, report.proven["entry"]) == ([], size, size)


def test_log_that_is_clean_says_what_was_proven(log: Path) -> None:
    assert verify_directory(log, [LOG.verifier]).summary() == (
        "Verified: 530 entries of the log models.example.org/audit at size 530, "
        "signed by models.example.org/audit; 4 tiles."
    )


def test_log_with_a_byte_of_any_file_changed_is_refused(log: Path) -> None:
    for path in [path for path in sorted(log.rglob("*")) if path.is_file()]:
        data = path.read_bytes()
        for place in {0, 1, len(data) // 3, len(data) - 1}:
            changed = bytearray(data)
            changed[place] ^= 1
            path.write_bytes(bytes(changed))
            assert judged(log), f"byte {place} of {path.name}"
        for wrong in (data + b"\0", data[:-1]):
            path.write_bytes(wrong)
            assert judged(log), f"length of {path.name}"
        path.write_bytes(data)
    assert judged(log) == []


def test_log_without_any_one_file_is_refused(log: Path) -> None:
    for path in [path for path in (log / "tile").rglob("*") if path.is_file()]:
        data = path.read_bytes()
        path.unlink()
        assert judged(log), path.name
        path.write_bytes(data)


def test_log_published_again_and_again_is_clean_with_its_old_partial_tiles(tmp_path: Path) -> None:
    for old, new in ((0, 3), (3, 200), (200, 257), (257, 530)):
        examples.publish(tmp_path, LEAVES[:new], old=old)
    assert len(list(tmp_path.rglob("*.p/*"))) == 10
    assert judged(tmp_path) == []
    (tmp_path / "tile/0/000.p/200").write_bytes(bytes(32 * 200))
    assert judged(tmp_path) == ["tile/0/000.p/200: The file does not hold what the entries say."]


def test_log_ahead_of_its_checkpoint_is_clean(log: Path) -> None:
    before = (log / "checkpoint").read_bytes()
    examples.publish(log, LEAVES, old=530)
    (log / "checkpoint").write_bytes(before)
    assert judged(log) == []


def test_log_whose_partial_files_were_tidied_away_is_clean(log: Path) -> None:
    leaves = [examples.entry(number) for number in range(768)]
    before = (log / "checkpoint").read_bytes()
    examples.publish(log, leaves, old=530)
    (log / "checkpoint").write_bytes(before)
    for path in ("tile/0/002.p/18", "tile/entries/002.p/18"):
        (log / path).unlink()
    assert judged(log) == []


def test_log_with_a_bundle_missing_reports_it_and_goes_on(log: Path) -> None:
    (log / "tile/entries/000").unlink()
    (log / "tile/entries/001").write_bytes(b"\0")
    assert judged(log) == [
        "tile/entries/000: The entry bundle is missing.",
        "tile/entries/001: The entry bundle ends inside entry 0 of 256.",
    ]


def test_log_rewritten_under_its_signed_checkpoint_is_refused(log: Path) -> None:
    signed = (log / "checkpoint").read_bytes()
    examples.publish(log, [*LEAVES[:300], examples.entry(300, actor="person:8"), *LEAVES[301:530]])
    (log / "checkpoint").write_bytes(signed)
    (found,) = judged(log)
    assert found.startswith("checkpoint: The entries have the root ")


def test_log_with_an_entry_outside_the_schema_names_it(tmp_path: Path) -> None:
    examples.publish(tmp_path, [*LEAVES[:3], b'{"v":1}', *LEAVES[4:9]])
    (found,) = judged(tmp_path)
    assert found.startswith("tile/entries/000, entry 3: The entry lacks the members")


def test_log_of_an_unknown_key_is_refused(log: Path) -> None:
    found = [str(one) for one in verify_directory(log, [STRANGER.verifier]).findings]
    assert len(found) == 1
    assert found[0].startswith("checkpoint: No known key signed the note")


@pytest.mark.parametrize("old", [0, 1, 255, 256, 300, 530])
def test_log_that_continues_an_older_checkpoint_is_clean(log: Path, old: int) -> None:
    assert judged(log, examples.head(LEAVES[:old])) == []


def test_log_that_was_forked_after_an_older_checkpoint_is_refused(log: Path) -> None:
    fork = [*LEAVES[:250], *LEAVES[300:350]]
    for old in (251, 256, 300):
        (found,) = judged(log, examples.head(fork[:old]))
        assert found.startswith(f"since: The log does not continue the older checkpoint of size {old}: ")


def test_log_that_was_cut_short_or_is_another_one_is_refused(log: Path) -> None:
    (shorter,) = judged(log, examples.head(LEAVES[:531]))
    assert shorter.endswith("A tree of size 530 cannot continue one of size 531.")
    other = note.Signer("other.example.org/log", examples.key("another log"))
    elsewhere = note.sign(checkpoint.Checkpoint(other.verifier.name, 1, merkle.leaf_hash(LEAVES[0])).text(), other)
    report = verify_directory(log, [LOG.verifier, other.verifier], since=elsewhere)
    assert [finding.where for finding in report.findings] == ["since"]


def test_log_since_a_checkpoint_that_no_known_key_signed_is_not_judged(log: Path) -> None:
    with pytest.raises(NoteError, match="No known key signed the note"):
        judged(log, examples.head(LEAVES[:5], WITNESS))


def test_directory_without_a_checkpoint_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="it is not a log"):
        verify_directory(tmp_path, [LOG.verifier])


def test_bundle_paths_of_the_example_are_those_of_the_specification(log: Path) -> None:
    paths = {path.relative_to(log).as_posix() for path in log.rglob("*") if path.is_file()}
    new = [*tiles.new_tiles(0, 530), *tiles.new_bundles(0, 530)]
    assert all(tiles.parse_path(path) in new for path in paths - {"checkpoint"})
    assert len(paths) == len(new) + 1


def test_log_with_neither_entries_nor_hashes_of_a_bundle_goes_on_and_says_so(log: Path) -> None:
    for path in ("tile/entries/000", "tile/0/000"):
        (log / path).unlink()
    (log / "tile/0/001").write_bytes(bytes(8192))
    assert judged(log) == [
        "tile/entries/000: The entry bundle is missing.",
        "tile/0/001: The file does not hold what the entries say.",
        "checkpoint: Some entries and their hashes cannot be read, so the root was not recomputed.",
    ]


def test_log_whose_head_claims_entries_without_end_is_refused_soon(log: Path) -> None:
    (log / "checkpoint").write_bytes(note.sign(checkpoint.Checkpoint(examples.ORIGIN, 2**62, bytes(32)).text(), LOG))
    found = judged(log)
    assert found[-1] == "tile/entries/128: Nothing before this bundle can be read; the rest was not."
    assert len(found) <= 2 * spans.BUNDLES + 4


def test_log_is_hashed_without_being_read_where_that_is_asked(tmp_path: Path) -> None:
    examples.publish(tmp_path, [*LEAVES[:3], b"no entry", *LEAVES[4:300]])
    report = asked(tmp_path, parse=False)
    assert (report.findings, report.notes) == ([], ["The entries were hashed, but not read."])
    (tmp_path / "tile/entries/000").write_bytes(tiles.encode_bundle(LEAVES[:256]))
    assert [finding.where for finding in asked(tmp_path, parse=False).findings] == [
        "tile/0/000",
        "tile/1/000.p/1",
        "checkpoint",
    ]


def test_log_that_continues_several_older_checkpoints_but_one_names_that_one(log: Path) -> None:
    heads = [examples.head(LEAVES[:size]) for size in (0, 7, 256, 300)]
    fork, foreign = examples.head([*LEAVES[:299], LEAVES[400]]), examples.head(LEAVES[:300], STRANGER)
    older = [Older(f"since {n}", raw) for n, raw in enumerate([*heads, fork, foreign, b"no checkpoint"])]
    found = [str(one) for one in asked(log, since=tuple(older)).findings]
    assert [one.partition(" the ")[0] for one in found] == [
        f"since 5: No known key signed{found[0][28:].partition(' the ')[0]}",
        "since 6: The note is not text, an empty line and signature lines, each ended by a newline.",
        "since 4: The log does not continue",
    ]


WITNESSES = {
    name: note.Cosigner(f"{name}.example.org", examples.key(name), time=1_790_000_000 + number)
    for number, name in enumerate(("w1", "w2", "w3"))
}
POLICY = policy.parse(
    "".join(
        [
            f"log {LOG.vkey}\n",
            *(f"witness {name} {witness.vkey}\n" for name, witness in WITNESSES.items()),
            "group majority 2 w1 w2 w3\nquorum majority\n",
        ]
    ).encode()
)


def test_log_whose_quorum_is_reached_says_who_cosigned_and_when(tmp_path: Path) -> None:
    examples.publish(tmp_path, LEAVES[:3], LOG, WITNESSES["w1"], WITNESSES["w3"])
    report = asked(tmp_path, trust=Trust(policy=POLICY))
    assert report.summary() == (
        "Verified: 3 entries of the log models.example.org/audit at size 3, signed by models.example.org/audit, "
        "w1.example.org, w3.example.org; 1 tile; asked of witnesses: 2 of (w1, w2, w3); "
        "cosigned by w1 at 2026-09-21T14:13:20Z, w3 at 2026-09-21T14:13:22Z."
    )
    assert report.as_json()["witnesses"] == [
        {"name": "w1", "vkey": WITNESSES["w1"].vkey, "at": "2026-09-21T14:13:20Z"},
        {"name": "w3", "vkey": WITNESSES["w3"].vkey, "at": "2026-09-21T14:13:22Z"},
    ]


@pytest.mark.parametrize(
    ("signers", "reason"),
    [
        ((), "The quorum is not reached: it asks for 2 of (w1, w2, w3); cosigned by none of them."),
        (("w2",), "The quorum is not reached: it asks for 2 of (w1, w2, w3); cosigned by w2."),
    ],
)
def test_log_whose_quorum_is_not_reached_is_refused(tmp_path: Path, signers: tuple[str, ...], reason: str) -> None:
    examples.publish(tmp_path, LEAVES[:3], LOG, *(WITNESSES[name] for name in signers), WITNESS)
    assert [str(one) for one in asked(tmp_path, trust=Trust(policy=POLICY)).findings] == [f"checkpoint: {reason}"]


def test_log_cosigned_by_every_witness_but_not_by_the_log_is_refused(tmp_path: Path) -> None:
    examples.publish(tmp_path, LEAVES[:3], *WITNESSES.values())
    (found,) = asked(tmp_path, trust=Trust(policy=POLICY)).findings
    assert "but not by a known key of models.example.org/audit" in found.what


def test_log_with_a_cosignature_of_another_checkpoint_is_refused(tmp_path: Path) -> None:
    examples.publish(tmp_path, LEAVES[:3], LOG, WITNESSES["w1"])
    other = note.signature_line(note.text_of(examples.head(LEAVES[:4])), WITNESSES["w2"])
    with (tmp_path / "checkpoint").open("ab") as file:
        file.write(other.encode())
    (found,) = asked(tmp_path, trust=Trust(policy=POLICY)).findings
    assert str(found) == "checkpoint: The signature of w2.example.org does not match the note."


def test_log_without_the_cosignature_of_a_witness_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    examples.publish(tmp_path, LEAVES[:3], LOG, WITNESS)
    trust = Trust((LOG.verifier,), witnesses=(WITNESS.verifier, WITNESSES["w1"].verifier))
    assert [str(one) for one in asked(tmp_path, trust=trust).findings] == [
        "checkpoint: The witness w1.example.org has not cosigned it."
    ]


def asked(folder: Path, *, trust: Trust | None = None, **options: Any) -> Report:
    return verify_log(sources.Directory(str(folder)), Question(trust or Trust((LOG.verifier,)), **options))
