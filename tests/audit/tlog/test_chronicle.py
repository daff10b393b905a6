"""What a log says about itself: keys that come and go, restarts, archived bundles, fixed histories."""

from pathlib import Path
from typing import Any

import pytest

from audit.tlog import checkpoint, histories, merkle, note, sources
from audit.tlog.chronicle import Chronicle
from audit.tlog.errors import NoteError
from audit.tlog.logcheck import Older, Question
from audit.tlog.report import Report
from audit.tlog.trust import Trust
from audit.tlog.verify import verify_log
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, ORIGIN, STRANGER, WITNESS

NEXT = note.Signer(ORIGIN, examples.key("the next key"))
LAST = note.Signer(ORIGIN, examples.key("the key after that"))
AGAIN = note.Signer(f"{ORIGIN}~2", examples.key("log key for tests only"))


def told(number: int, event: str, **data: Any) -> bytes:
    return examples.entry(number, event=event, subject={"type": "log", "id": ORIGIN}, data=data)


def leaves(count: int, *about_the_log: tuple[int, str, dict[str, Any]]) -> list[bytes]:
    entries = [examples.entry(number) for number in range(count)]
    for number, event, data in about_the_log:
        entries[number] = told(number, event, **data)
    return entries


def judge(folder: Path, *since: bytes, keys: tuple[note.Signer, ...] = (LOG,), **options: Any) -> Report:
    names = ["since"] if len(since) == 1 else [f"since {number}" for number in range(len(since))]
    older = tuple(Older(name, raw) for name, raw in zip(names, since, strict=True))
    trust = Trust(tuple(key.verifier for key in keys))
    return verify_log(sources.Directory(str(folder)), Question(trust, since=older, **options))


def findings(report: Report) -> list[str]:
    return [str(finding) for finding in report.findings]


NONSENSE: list[Any] = [
    None,
    True,
    -1,
    2**53 - 1,
    "",
    "+",
    "++",
    "a+b+c",
    "x.example+00000000+AAAA",
    f"{ORIGIN}+00000000+{'A' * 44}",
    "\u2028+00000000+AAAA",
    "\U0001f600",
    "9" * 5000,
    [],
    [[[]]],
    {"vkey": "x"},
]


ROTATED = leaves(
    30,
    (0, "log.opened", {"vkey": LOG.vkey}),
    (10, "log.key_added", {"vkey": NEXT.vkey, "from_size": 11}),
    (20, "log.key_retired", {"vkey": LOG.vkey, "at_size": 20}),
)


@pytest.mark.parametrize(("signers", "keys"), [((NEXT,), (NEXT,)), ((LOG, NEXT), (LOG, NEXT)), ((NEXT,), (LOG, NEXT))])
def test_log_signed_by_the_key_in_use_is_clean(
    tmp_path: Path, signers: tuple[note.Signer, ...], keys: tuple[note.Signer, ...]
) -> None:
    examples.publish(tmp_path, ROTATED, *signers)
    assert findings(judge(tmp_path, keys=keys)) == []


@pytest.mark.parametrize("hashes_only", [True, False])
def test_checkpoint_signed_only_by_a_key_that_had_retired_is_refused(tmp_path: Path, hashes_only: bool) -> None:
    examples.publish(tmp_path, ROTATED)
    (found,) = findings(judge(tmp_path, parse=not hashes_only))
    assert found == (
        f"checkpoint: The checkpoint of size 30 is signed only by the key {ORIGIN}+813b9228, "
        "which entry 20 retired at size 20."
    )


def test_older_checkpoint_is_judged_by_the_size_at_which_its_key_retired(tmp_path: Path) -> None:
    examples.publish(tmp_path, ROTATED, NEXT)
    old = [examples.head(ROTATED[:size]) for size in (20, 21)]
    assert findings(judge(tmp_path, *old, keys=(LOG, NEXT))) == [
        f"since 1: The checkpoint of size 21 is signed only by the key {ORIGIN}+813b9228, "
        "which entry 20 retired at size 20."
    ]


def test_new_key_is_not_trusted_because_the_log_says_so(tmp_path: Path) -> None:
    examples.publish(tmp_path, ROTATED, NEXT)
    for report in (judge(tmp_path), judge(tmp_path, follow_keys=True)):  # nothing that LOG signed holds entry 10
        assert [found.partition(";")[0] for found in findings(report)] == ["checkpoint: No known key signed the note"]


def test_new_key_announced_under_a_trusted_one_is_followed_and_named(tmp_path: Path) -> None:
    examples.publish(tmp_path, ROTATED, NEXT)
    report = judge(tmp_path, examples.head(ROTATED[:11]), follow_keys=True)
    assert (findings(report), report.signers) == ([], [ORIGIN])
    assert report.notes == [f"The key {NEXT.vkey} was not given; it is trusted because entry 10 announced it."]
    assert len(findings(judge(tmp_path, examples.head(ROTATED[:10]), follow_keys=True))) == 1


def test_chain_of_keys_is_followed_and_breaks_where_a_link_is_missing(tmp_path: Path) -> None:
    entries = leaves(
        30,
        (10, "log.key_added", {"vkey": NEXT.vkey, "from_size": 11}),
        (20, "log.key_added", {"vkey": LAST.vkey, "from_size": 21}),
    )
    examples.publish(tmp_path, entries, LAST)
    first, second = examples.head(entries[:15]), examples.head(entries[:25], NEXT)
    assert findings(judge(tmp_path, first, second, follow_keys=True)) == []
    assert len(findings(judge(tmp_path, first, follow_keys=True))) == 1
    with pytest.raises(NoteError, match="No known key signed the note"):
        judge(tmp_path, second, follow_keys=True)


def test_key_announced_under_a_key_that_had_retired_is_not_followed(tmp_path: Path) -> None:
    entries = leaves(
        30,
        (5, "log.key_retired", {"vkey": LOG.vkey, "at_size": 6}),
        (10, "log.key_added", {"vkey": NEXT.vkey, "from_size": 11}),
    )
    examples.publish(tmp_path, entries, NEXT)
    report = judge(tmp_path, examples.head(entries[:15]), examples.head(entries[:4]), follow_keys=True)
    assert [found.partition(" ")[0] for found in findings(report)] == ["checkpoint:", "since"]
    assert report.notes == []


def test_key_is_followed_only_in_a_tree_that_was_recomputed(tmp_path: Path) -> None:
    examples.publish(tmp_path, ROTATED, NEXT)
    forged = leaves(30, (10, "log.key_added", {"vkey": STRANGER.vkey, "from_size": 11}))
    examples.publish(tmp_path / "other", forged, STRANGER)
    report = judge(tmp_path / "other", examples.head(ROTATED[:11]), examples.head([]), follow_keys=True)
    assert [found.partition(":")[0] for found in findings(report)] == ["since 0", "checkpoint"]


@pytest.mark.parametrize(
    ("event", "data", "reason"),
    [
        ("log.key_added", {"vkey": NEXT.vkey}, f"data.vkey: Entry 3 announced the key {ORIGIN}+"),
        ("log.key_added", {"vkey": LAST.vkey}, f"data.vkey: The key {ORIGIN}+"),
        ("log.key_added", {"vkey": WITNESS.vkey}, "data.vkey: The key of witness.example.org/w1 is a witness's"),
        ("log.key_added", {"vkey": "x"}, "'x' is not a verifier key"),
        ("log.key_added", {}, "data.vkey: 'None' stands where a text must stand."),
        ("log.key_retired", {"vkey": LAST.vkey, "at_size": 5}, f"data.vkey: Entry 5 retired the key {ORIGIN}+"),
        ("log.key_retired", {"vkey": NEXT.vkey, "at_size": True}, "data.at_size: 'True' stands where a whole number"),
        ("log.key_retired", {"vkey": NEXT.vkey, "at_size": -1}, "data.at_size: '-1' stands where a whole number"),
        ("log.resumed", {"old_origin": "a", "new_origin": "b", "restored_size": 10}, "data.restored_size: The log "),
        ("log.resumed", {"old_origin": "a", "new_origin": "a", "restored_size": 9}, "data.new_origin: 'a' was an "),
        ("entries.archived", {"first_bundle": 0, "last_bundle": 0}, "data.last_bundle: Bundles 0 to 0 are not full"),
        ("log.histories_fixed", {"size": 10, "root": "00" * 32, "subjects": 1}, "data.size: The histories of 10 "),
        ("log.histories_fixed", {"size": 1, "root": "00", "subjects": 1}, "Expected 64 lower-case hex digits"),
    ],
)
def test_entry_about_the_log_that_makes_no_sense_is_named(
    tmp_path: Path, event: str, data: dict[str, Any], reason: str
) -> None:
    before = [
        (3, "log.key_added", {"vkey": NEXT.vkey, "from_size": 4}),
        (5, "log.key_retired", {"vkey": LAST.vkey, "at_size": 5}),
    ]
    examples.publish(tmp_path, leaves(12, *before, (9, event, data)))
    (found,) = findings(judge(tmp_path))
    assert found.startswith(f"tile/entries/000, entry 9: {reason}")


def test_log_that_was_resumed_continues_older_checkpoints_of_its_old_origin(tmp_path: Path) -> None:
    resumed = {"old_origin": ORIGIN, "new_origin": AGAIN.verifier.name, "restored_size": 10}
    entries = leaves(20, (11, "log.resumed", resumed))
    publish_as(tmp_path, entries, AGAIN)
    lost = [*entries[:10], *(examples.entry(number) for number in range(50, 60))]
    assert findings(judge(tmp_path, examples.head(entries[:7]), keys=(LOG, AGAIN))) == []
    (found,) = findings(judge(tmp_path, examples.head(lost[:15]), keys=(LOG, AGAIN)))
    assert found.startswith("since: The log does not continue the older checkpoint of size 15: ")
    assert found.endswith(" The log went on under its new origin after 10 entries.")


def test_log_of_another_origin_that_does_not_say_it_was_resumed_is_refused(tmp_path: Path) -> None:
    publish_as(tmp_path, leaves(20), AGAIN)
    assert findings(judge(tmp_path, examples.head(leaves(7)), keys=(LOG, AGAIN))) == [
        f"since: The older checkpoint is of the log {ORIGIN}, this one of {ORIGIN}~2."
    ]


def test_bundles_that_the_log_archived_may_be_missing_and_others_not(tmp_path: Path) -> None:
    archived = {"first_bundle": 0, "last_bundle": 1, "digest": "00" * 32}
    examples.publish(tmp_path, leaves(1000, (900, "entries.archived", archived)))
    for bundle in ("000", "001"):
        (tmp_path / f"tile/entries/{bundle}").unlink()
    report = judge(tmp_path)
    assert (findings(report), report.proven["entry"]) == ([], 488)
    assert report.notes == ["2 bundles of 256 entries not read, only their hashes: archived, says entry 900."]
    (tmp_path / "tile/entries/002").unlink()
    assert findings(judge(tmp_path)) == ["tile/entries/002: The entry bundle is missing."]


def publish_as(folder: Path, entries: list[bytes], signer: note.Signer) -> None:
    examples.publish(folder, entries)
    root = merkle.root(merkle.leaf_hashes(entries))
    head = checkpoint.Checkpoint(signer.verifier.name, len(entries), root)
    (folder / "checkpoint").write_bytes(note.sign(head.text(), signer))


def with_histories(count: int, *fixed: int, **wrong: Any) -> list[bytes]:
    """Entries about 50 subjects; each `fixed` one fixes the histories of all before it, the last one with `wrong`."""
    known, entries = histories.Histories(), list[bytes]()
    for number in range(count):
        subject = ("run", f'r"{number % 50}') if number % 3 else ("model", f"m{number % 50}")
        if number in fixed:
            data = {"size": number, "root": known.root().hex(), "subjects": known.subjects}
            entries.append(told(number, histories.EVENT, **(data | (wrong if number == fixed[-1] else {}))))
            subject = ("log", ORIGIN)
        else:
            entries.append(examples.entry(number, subject={"type": subject[0], "id": subject[1]}))
        known.add(*subject, number, merkle.leaf_hash(entries[-1]))
    return entries


@pytest.mark.parametrize("fixed", [(0,), (299,), (1, 256, 257, 299)])
def test_histories_that_the_log_fixed_are_recomputed(tmp_path: Path, fixed: tuple[int, ...]) -> None:
    examples.publish(tmp_path, with_histories(300, *fixed))
    report = judge(tmp_path)
    assert (findings(report), report.proven["root of fixed histories"]) == ([], len(fixed))


def test_histories_fixed_wrongly_are_named_by_entry_and_column(tmp_path: Path) -> None:
    examples.publish(tmp_path, with_histories(300, 100, 200, root="ab" * 32, subjects=9))
    found = findings(judge(tmp_path))
    assert [one.partition(" have the root ")[0] for one in found] == [
        "tile/entries/000, entry 200: data.root: The histories of the first 200 entries",
        "tile/entries/000, entry 200: data.subjects: The first 200 entries are about 101 subjects, not 9.",
    ]


def test_histories_are_not_recomputed_where_entries_are_missing_or_not_read(tmp_path: Path) -> None:
    examples.publish(tmp_path, with_histories(300, 280))
    assert judge(tmp_path, parse=False).notes == [
        "The entries were hashed, but not read.",
        "The fixed histories of subjects were not recomputed, because entries were not read.",
    ]
    (tmp_path / "tile/entries/000").unlink()
    assert findings(judge(tmp_path)) == [
        "tile/entries/000: The entry bundle is missing.",
        "tile/entries/001, entry 280: The histories of the first 280 entries cannot be recomputed.",
    ]


def fixed_late(*sizes: int, archived: int, **wrong: Any) -> list[bytes]:
    """1,024 entries, and after them one that archives a bundle and one for each size whose histories it fixes."""
    entries = with_histories(1024)
    entries.append(told(1024, "entries.archived", first_bundle=archived, last_bundle=archived, digest="00" * 32))
    known, roots = histories.Histories(), dict[int, dict[str, Any]]()
    for number in range(1024):
        if number in sizes:
            roots[number] = {"size": number, "root": known.root().hex(), "subjects": known.subjects}
        kind, name = ("run", f'r"{number % 50}') if number % 3 else ("model", f"m{number % 50}")
        known.add(kind, name, number, merkle.leaf_hash(entries[number]))
    return entries + [told(1025 + n, histories.EVENT, **(roots[size] | wrong)) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("bundle", "compared", "left"), [(0, 1, "4 roots"), (1, 3, "2 roots"), (2, 4, "1 root"), (3, 4, "1 root")]
)
def test_histories_before_an_archived_bundle_are_recomputed_and_later_ones_noted(
    tmp_path: Path, bundle: int, compared: int, left: str
) -> None:
    examples.publish(tmp_path, fixed_late(0, 100, 256, 512, 900, archived=bundle))
    assert judge(tmp_path).proven["root of fixed histories"] == 5
    (tmp_path / f"tile/entries/00{bundle}").unlink()
    report = judge(tmp_path)
    assert (findings(report), report.proven["root of fixed histories"]) == ([], compared)
    assert report.notes == [
        "1 bundle of 256 entries not read, only their hashes: archived, says entry 1024.",
        f"{left} of fixed histories not recomputed: they need entries that were archived.",
    ]


def test_histories_before_an_archived_bundle_that_were_fixed_wrongly_are_named(tmp_path: Path) -> None:
    examples.publish(tmp_path, fixed_late(512, 900, archived=2, subjects=9))
    (tmp_path / "tile/entries/002").unlink()
    assert findings(judge(tmp_path)) == [
        "tile/entries/004, entry 1025: data.subjects: The first 512 entries are about 100 subjects, not 9."
    ]


def test_histories_over_a_missing_bundle_that_was_not_archived_are_a_finding(tmp_path: Path) -> None:
    examples.publish(tmp_path, fixed_late(512, archived=2))
    for bundle in ("001", "002"):
        (tmp_path / f"tile/entries/{bundle}").unlink()
    assert findings(judge(tmp_path)) == [
        "tile/entries/001: The entry bundle is missing.",
        "tile/entries/004, entry 1025: The histories of the first 512 entries cannot be recomputed.",
    ]


ABOUT_THE_LOG = ["log.opened", "log.key_added", "log.key_retired", "log.resumed", "entries.archived", histories.EVENT]


@pytest.mark.parametrize("event", ABOUT_THE_LOG)
@pytest.mark.parametrize("nonsense", NONSENSE)
def test_entry_about_the_log_whose_data_are_nonsense_is_one_finding(tmp_path: Path, event: str, nonsense: Any) -> None:
    names = "vkey from_size at_size old_origin new_origin restored_size first_bundle last_bundle size root subjects"
    for data in ({}, dict.fromkeys(names.split(), nonsense)):
        examples.publish(tmp_path, leaves(300, (290, event, data)))
        (found,) = findings(judge(tmp_path))
        assert found.startswith("tile/entries/001, entry 290: ")


def test_bytes_that_are_no_entry_are_a_finding_of_the_chronicle() -> None:
    chronicle = Chronicle(Report())
    chronicle.take(3, b"no entry")
    assert [finding.where for finding in chronicle.report.findings] == ["tile/entries/000, entry 3"]
