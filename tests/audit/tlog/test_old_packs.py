"""Packs made by older code, byte for byte: they must verify for ever. The files are never made anew."""

import hashlib
from pathlib import Path

import pytest

from audit.tlog import archive, packindex, readme
from audit.tlog.errors import PackError
from audit.tlog.verify import read_keys, verify_pack

PACKS = Path(__file__).parents[2] / "vectors" / "packs"
KEYS = [key for name in ("log.vkey", "witness.vkey") for key in read_keys(str(PACKS / name))]
# Each with its SHA-256 and what it proves.
OLD = {
    "v1-decision-first-readme.zip": (
        "b57e793fd85f6aa8840a913b53675e514f542f1d0eec56115f0ee2f18f8e5d63",
        {"entry": 5, "record": 5, "file": 1, "Merkle root": 1, "signature of people": 2, "disclosure": 1},
    ),
    "v1-decision.zip": (
        "96f225dd5f44aa41dec38cdcc0068e6d3f17c76e15f5e4fc9fed9145ec2675ae",
        {"entry": 5, "record": 5, "file": 1, "Merkle root": 1, "signature of people": 2, "disclosure": 1},
    ),
    "v2-decision-complete.zip": (
        "48f938586c3a83db192dccd058ce13b04a49e62c1e60b9a4c71de2adb09eac54",
        {
            "entry": 7,
            "record": 5,
            "file": 1,
            "Merkle root": 1,
            "signature of people": 2,
            "disclosure": 1,
            "history proven complete": 3,
        },
    ),
    "v3-decision-own-keys.zip": (
        "c6162bab812e4f1b0eed3044ac9946b18a369964269e8a847393ccde303d9fe0",
        {
            "entry": 8,
            "record": 5,
            "file": 1,
            "Merkle root": 1,
            "signature of people": 2,
            "disclosure": 1,
            "history proven complete": 4,
            "signature by the signer's own key": 2,
        },
    ),
}


def refused(raw: bytes) -> bool:
    try:
        return not verify_pack(raw, KEYS).clean
    except PackError:
        return True


@pytest.mark.parametrize("name", OLD)
def test_old_pack_still_verifies(name: str) -> None:
    digest, proven = OLD[name]
    raw = (PACKS / name).read_bytes()
    report = verify_pack(raw, KEYS)
    assert hashlib.sha256(raw).hexdigest() == digest
    assert ([str(finding) for finding in report.findings], report.proven) == ([], proven)


def test_complete_pack_of_old_still_says_that_it_is_complete() -> None:
    assert verify_pack(PACKS / "v2-decision-complete.zip", KEYS).remarks == [
        "complete: all 5 events about promotion 018f0000-0000-7000-8000-0000000000aa up to size 12, written until "
        "2026-01-01T00:00:00.000011Z, those before entry 6 by the count that entry 9 fixes"
    ]


def test_every_old_pack_is_tested() -> None:
    assert {path.name for path in PACKS.glob("*.zip")} == set(OLD)


@pytest.mark.parametrize("name", OLD)
def test_old_pack_with_a_byte_changed_is_refused(name: str) -> None:
    raw = (PACKS / name).read_bytes()
    for place in range(0, len(raw), 211):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 7
        assert refused(bytes(changed)), f"byte {place}"


def test_readme_of_today_is_the_newest_that_was_issued() -> None:
    newest = readme.ISSUED[packindex.VERSIONS[-1]][-1]
    assert newest == hashlib.sha256(readme.TEXT).hexdigest(), "Add the digest of the new words at the list's end."


def test_readmes_that_were_ever_issued_stay_issued() -> None:
    assert readme.ISSUED[1] == (
        "026f529cfb56b78d76339484639eb3861b0101c34e2ea2dc95ab21f648f3159d",
        "0aea656ff2298b9008ea34bacb2a608363151a7feaf1597a774463a1813364e9",
    )
    assert readme.ISSUED[3][:1] == ("411ade6303a78f6347b7d6ab4b0743819a1ac870ae5fd8dc6c903eeeb3b9c9fb",)
    assert readme.ISSUED[2][:1] == ("9d701e98a34748148cc4a635f4e940c967e3180c175f91eab17637e5119c61ea",)


def test_readme_of_another_version_is_refused() -> None:
    members = {"README.txt": readme.TEXT}
    assert readme.is_issued(readme.TEXT, 3)
    assert not readme.is_issued(readme.TEXT, 1)
    assert not readme.is_issued(None, 2)
    raw = (PACKS / "v1-decision.zip").read_bytes()
    old = archive.read(raw, verify_pack(raw, KEYS))
    (found,) = verify_pack(b"".join(archive.write(old | members)), KEYS).findings
    assert str(found) == (
        "README.txt: The file is missing, or its words were never given out with packs of this version."
    )
