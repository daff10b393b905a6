"""Log directories: every file's every byte counts, and an older checkpoint must be continued."""

from pathlib import Path

import pytest

from audit.tlog import checkpoint, merkle, note, tiles
from audit.tlog.errors import NoteError, PackError
from audit.tlog.verify import verify_directory
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
