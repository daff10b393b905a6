"""Files as a source: local folders and S3, as moto's server speaks it; only what is new or changed is delivered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import httpx
import pytest
from moto.server import ThreadedMotoServer

from workers.ingestion import sources
from workers.ingestion.errors import FileTooLarge, SourceInvalid, SourceRefused, SourceUnreachable
from workers.ingestion.sources.reading import Bounds, Delivered

SECRETS = {"key_id": "AKIDEXAMPLE", "secret_key": "verysecret"}


def read(url: str, into: Path, bounds: Bounds, before: dict[str, Any] | None = None, **changed: Any) -> Delivered:
    into.mkdir(exist_ok=True)
    settings = {"url": url, "format": "csv", **changed}
    return sources.fetch("files", settings, SECRETS, {"before": before or {}}, into, bounds)


def contents(delivered: Delivered) -> list[bytes]:
    return [path.read_bytes() for path in delivered.paths]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Two files in a folder."""
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "a.csv").write_text("x\n1\n")
    (folder / "b.csv").write_text("x\n2\n")
    return folder


@pytest.fixture
def bucket() -> Iterator[tuple[Any, str]]:
    """A bucket on a real server, and the server's address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.post(f"{url}/moto-api/reset")  # What one server holds, the next one of this process does too.
    client = boto3.client("s3", "eu-west-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b")
    client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield client, url
    client.close()
    server.stop()


def test_local_files_are_read_once_until_they_change(lake: Path, tmp_path: Path, bounds: Bounds) -> None:
    url = f"file://{lake}/*.csv"
    first = read(url, tmp_path / "1", bounds)
    (lake / "b.csv").write_text("x\n3\n")
    (lake / "c.csv").write_text("x\n4\n")
    second = read(url, tmp_path / "2", bounds, first.position)
    third = read(url, tmp_path / "3", bounds, second.position)
    assert [contents(one) for one in (first, second, third)] == [[b"x\n1\n", b"x\n2\n"], [b"x\n3\n", b"x\n4\n"], []]


def test_local_file_that_was_only_touched_is_nothing_new(lake: Path, tmp_path: Path, bounds: Bounds) -> None:
    url, settings = f"file://{lake}/*.csv", {"url": f"file://{lake}/*.csv", "format": "csv"}
    first = read(url, tmp_path / "1", bounds)
    assert sources.plan("files", settings, {}, {"before": first.position}, bounds) is None
    (lake / "a.csv").write_text("x\n1\n")
    assert sources.plan("files", settings, {}, {"before": first.position}, bounds) == {}
    second = read(url, tmp_path / "2", bounds, first.position)
    assert (second.paths, second.position != first.position) == ([], True)
    assert sources.plan("files", settings, {}, {"before": second.position}, bounds) is None


def test_all_files_are_taken_once_one_of_them_is_new(lake: Path, tmp_path: Path, bounds: Bounds) -> None:
    url = f"file://{lake}/*.csv"
    first = read(url, tmp_path / "1", bounds, take="all")
    assert contents(read(url, tmp_path / "2", bounds, first.position, take="all")) == []
    (lake / "c.csv").write_text("x\n4\n")
    third = read(url, tmp_path / "3", bounds, first.position, take="all")
    assert contents(third) == [b"x\n1\n", b"x\n2\n", b"x\n4\n"]


def test_local_file_outside_the_allowed_folders_is_refused(lake: Path, tmp_path: Path) -> None:
    only = Bounds(roots=(str(lake),))
    (tmp_path / "secret.csv").write_text("x\n9\n")
    (lake / "link.csv").symlink_to(tmp_path / "secret.csv")
    for url in (f"file://{lake}/../secret.csv", f"file://{lake}/link.csv", "file:///etc/hostname"):
        with pytest.raises(SourceRefused, match="lies in no folder that sources may read"):
            read(url, tmp_path / "into", only)


def test_no_file_at_all_is_said(lake: Path, tmp_path: Path, bounds: Bounds) -> None:
    with pytest.raises(SourceUnreachable, match="No file is found"):
        read(f"file://{lake}/*.parquet", tmp_path / "1", bounds)


def test_files_past_the_bound_are_refused(lake: Path, tmp_path: Path, bounds: Bounds) -> None:
    with pytest.raises(FileTooLarge):
        read(f"file://{lake}/*.csv", tmp_path / "1", Bounds(roots=bounds.roots, bytes=7))


def test_lake_on_s3_is_read_once_until_it_changes(bucket: tuple[Any, str], tmp_path: Path, bounds: Bounds) -> None:
    client, endpoint = bucket
    client.put_object(Bucket="lake", Key="2026/01/a.csv", Body=b"x\n1\n")
    client.put_object(Bucket="lake", Key="2026/02/b.csv", Body=b"x\n2\n")
    options: dict[str, Any] = {"endpoint_url": endpoint, "region": "eu-west-1"}
    first = read("s3://lake/2026/**/*.csv", tmp_path / "1", bounds, **options)
    client.put_object(Bucket="lake", Key="2026/02/b.csv", Body=b"x\n3\n")
    second = read("s3://lake/2026/**/*.csv", tmp_path / "2", bounds, first.position, **options)
    third = read("s3://lake/2026/**/*.csv", tmp_path / "3", bounds, second.position, **options)
    assert [contents(one) for one in (first, second, third)] == [[b"x\n1\n", b"x\n2\n"], [b"x\n3\n"], []]


def test_bucket_that_is_not_there_is_said_without_the_secret(
    bucket: tuple[Any, str], tmp_path: Path, bounds: Bounds
) -> None:
    with pytest.raises(SourceUnreachable) as refused:
        read("s3://other/a.csv", tmp_path / "1", bounds, endpoint_url=bucket[1])
    assert SECRETS["secret_key"] not in str(refused.value)


def test_endpoint_in_a_private_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="is no public address"):
        read("s3://lake/a.csv", tmp_path / "1", Bounds(), endpoint_url="http://127.0.0.1:9000")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"url": "http://example.org/a.csv"}, "not from http://"),
        ({"format": "xlsx"}, "Invalid enum value 'xlsx'"),
        ({"endpoint_url": "file:///etc"}, "no http:// or https://"),
    ],
)
def test_settings_that_cannot_work_are_named(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(SourceInvalid, match=why):
        sources.check("files", {"url": "s3://lake/*.csv", "format": "csv", **changed}, {})
