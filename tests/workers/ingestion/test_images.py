"""Images in archives: what becomes of good ones, and every way in which a bad one is refused by name."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest
from PIL import Image

from workers.ingestion import errors, files, images
from workers.ingestion.canonical import Rows
from workers.ingestion.files import Limits


def png(shade: int = 0, size: tuple[int, int] = (4, 3)) -> bytes:
    target = io.BytesIO()
    Image.new("L", size, shade).save(target, "PNG")
    return target.getvalue()


def packed(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def written(path: Path, tmp_path: Path, limits: Limits = files.USUAL) -> list[dict[str, object]]:
    images.write([path], tmp_path / "rows.parquet", into=tmp_path, limits=limits)
    return pyarrow.parquet.read_table(Rows(tmp_path / "rows.parquet").path).to_pylist()


def row(path: str, shade: int, **labels: object) -> dict[str, object]:
    return {"path": path, "image": png(shade), "width": 4, "height": 3, "mode": "L", **labels}


def test_folders_of_numbers_become_labels_sorted_by_path(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"d/7/b.png": png(2), "d/0/a.png": png(1), "d/.DS_Store": b"x"})
    assert written(archive, tmp_path) == [row("d/0/a.png", 1, label=0), row("d/7/b.png", 2, label=7)]


def test_manifest_brings_its_columns_in_its_own_types(tmp_path: Path) -> None:
    manifest = b"path,label,weight\nb.png,dog,0.5\na.png,cat,\n"
    archive = packed(tmp_path / "a.zip", {"x/manifest.csv": manifest, "x/a.png": png(1), "x/b.png": png(2)})
    assert written(archive, tmp_path) == [
        row("x/a.png", 1, label="cat", weight=None),
        row("x/b.png", 2, label="dog", weight=0.5),
    ]


def test_zip_and_tar_of_the_same_images_give_the_same_digest(tmp_path: Path) -> None:
    pictures = {"cat/a.png": png(1), "dog/b.png": png(2)}
    digests = []
    for place, path in enumerate((packed(tmp_path / "a.zip", pictures), tarred(tmp_path / "a.tgz", pictures))):
        (into := tmp_path / str(place)).mkdir()
        images.write([path], into / "rows.parquet", into=into)
        digests.append(Rows(into / "rows.parquet").digest())
    assert digests[0] == digests[1]


def tarred(path: Path, content: dict[str, bytes], *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in reversed(content.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return path


def link(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


def zip_link(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("a.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return path


def encrypted(path: Path) -> Path:
    data = bytearray(packed(path, {"a.png": png()}).read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(data)
    return path


def no_archive(path: Path) -> Path:
    path.write_text("a,b\n")
    return path


MIXED = {"manifest.csv": b"path\na.png\n", "a.png": png(), "b.png": png()}
REFUSED: dict[str, tuple[Callable[[Path], Path], type[errors.IngestionError], str]] = {
    "bomb": (lambda p: packed(p / "a.zip", {"a.png": b"\0" * 4_000_000}), errors.FileTooLarge, "'a.png' unpacks to"),
    "tar bomb": (lambda p: tarred(p / "a.tgz", {"a.png": bytes(9_000_000)}), errors.FileTooLarge, "'a.png' unpacks to"),
    "traversal": (lambda p: packed(p / "a.zip", {"../a.png": png()}), errors.FileMalformed, "'../a.png' leads out"),
    "absolute": (lambda p: packed(p / "a.zip", {"/a.png": png()}), errors.FileMalformed, "'/a.png' has an absolute"),
    "drive": (lambda p: packed(p / "a.zip", {"C:a.png": png()}), errors.FileMalformed, "'C:a.png' has an absolute"),
    "link in tar": (lambda p: tarred(p / "a.tgz", {}, link("a.png")), errors.FileMalformed, "'a.png' is a link"),
    "link in zip": (lambda p: zip_link(p / "a.zip"), errors.FileMalformed, "'a.png' is a link"),
    "encrypted": (lambda p: encrypted(p / "a.zip"), errors.FileMalformed, "'a.png' is encrypted"),
    "no image": (lambda p: packed(p / "a.zip", {"a.png": b"text"}), errors.FileMalformed, "'a.png' is no readable PNG"),
    "cut image": (lambda p: packed(p / "a.zip", {"a.png": png()[:-20]}), errors.FileMalformed, "'a.png' is no"),
    "too many pixels": (
        lambda p: packed(p / "a.zip", {"a.png": png(0, (8000, 7000))}), errors.FileTooLarge, "'a.png' has more than",
    ),
    "empty": (lambda p: packed(p / "a.zip", {}), errors.FileEmpty, "holds no images"),
    "no archive": (lambda p: no_archive(p / "a.csv"), errors.FileMalformed, "not readable"),
    "unnamed": (lambda p: packed(p / "a.zip", MIXED), errors.FileMalformed, "does not name 'b.png'"),
    "absent": (
        lambda p: packed(p / "a.zip", {"labels.csv": b"path\na.png\nb.png\n", "a.png": png()}),
        errors.FileMalformed, "names 'b.png', which the archive lacks",
    ),
    "half in folders": (
        lambda p: packed(p / "a.zip", {"a.png": png(), "x/b.png": png()}), errors.FileMalformed, "'a.png' lies in no",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_archive_is_refused_naming_the_entry(case: str, tmp_path: Path) -> None:
    make, error, cause = REFUSED[case]
    with pytest.raises(error) as refused:
        written(make(tmp_path), tmp_path)
    assert cause in refused.value.detail
    assert refused.value.remedy


def test_archive_that_unpacks_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.FileTooLarge, match="unpacks to more than 100 bytes"):
        written(packed(tmp_path / "a.zip", {"a.png": png(), "b.png": png()}), tmp_path, Limits(bytes=100))
