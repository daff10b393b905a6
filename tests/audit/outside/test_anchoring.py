"""An anchor keeps each checkpoint once; nothing written there is ever replaced, and the newest is found again."""

from pathlib import Path

import pytest

from audit.outside import anchoring
from audit.tlog import checkpoint, note, witnessing
from tests.audit.tlog import examples


def signed(size: int, root: bytes = bytes(32), *signers: note.Signer) -> bytes:
    return note.sign(checkpoint.Checkpoint(examples.ORIGIN, size, root).text(), *(signers or (examples.LOG,)))


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}/anchor" if request.param == "file" else f"memory://{tmp_path.name}"


def test_newest_of_an_empty_anchor_is_none(url: str) -> None:
    assert anchoring.newest(url, examples.ORIGIN) is None


def test_newest_is_the_largest_size_whatever_order_it_was_kept_in(url: str) -> None:
    sizes = [9, 10, 999, 1000, 999_999, 1_000_000, 12_345_678_901, 2]
    for size in sizes:
        anchoring.keep(url, signed(size))
        assert anchoring.newest(url, examples.ORIGIN) == signed(max(sizes[: sizes.index(size) + 1]))


def test_newest_of_another_origin_is_none(url: str) -> None:
    anchoring.keep(url, signed(3))
    assert anchoring.newest(url, f"{examples.ORIGIN}~2") is None


def test_keep_twice_leaves_the_first_bytes(url: str) -> None:
    anchoring.keep(url, signed(3))
    anchoring.keep(url, signed(3, bytes(32), examples.LOG, examples.WITNESS))
    assert anchoring.newest(url, examples.ORIGIN) == signed(3)


def test_keep_of_another_root_is_refused(url: str) -> None:
    anchoring.keep(url, signed(3))
    with pytest.raises(anchoring.AnchorDiffers, match="another checkpoint of size 3"):
        anchoring.keep(url, signed(3, b"x" * 32))
    assert anchoring.newest(url, examples.ORIGIN) == signed(3)


def test_keep_where_something_else_stands_is_refused(tmp_path: Path) -> None:
    path = tmp_path / anchoring.place(examples.ORIGIN, 3)
    path.parent.mkdir(parents=True)
    path.write_bytes(signed(3)[:-20])
    with pytest.raises(anchoring.AnchorDiffers):
        anchoring.keep(f"file://{tmp_path}", signed(3))


def test_keep_leaves_no_draft(tmp_path: Path) -> None:
    anchoring.keep(f"file://{tmp_path}", signed(1_234_567))
    anchoring.keep(f"file://{tmp_path}", signed(1_234_567))
    found = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert found == [f"{witnessing.origin_hash(examples.ORIGIN)}/000/001/234/1234567"]
