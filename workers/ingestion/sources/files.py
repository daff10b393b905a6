"""Files and data lakes by fsspec: local folders that are allowed, and S3 or what speaks like it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import botocore.exceptions  # type: ignore[import-untyped]
import fsspec
import msgspec

from workers.ingestion.errors import FileTooLarge, SourceInvalid, SourceUnreachable
from workers.ingestion.sources import reading
from workers.ingestion.sources.reading import Bounds, Delivered, Position, Progress, Secrets

SECRETS: frozenset[str] | None = frozenset({"key_id", "secret_key", "session_token"})
MOST_FILES = 10_000
CHUNK_BYTES = 1 << 20
_SUFFIXES = {"images": ".zip"}


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """url: file:///folder/*.csv or s3://bucket/prefix/**/*.parquet, with globs. take: what a version is made of."""

    url: str
    format: Literal["csv", "parquet", "jsonl", "images"]
    take: Literal["new", "all"] = "new"
    endpoint_url: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file at the source. mark: changes whenever its content may have."""

    path: str
    mark: str


def check(settings: Mapping[str, Any]) -> None:
    """Raises SourceInvalid."""
    known = reading.typed(settings, Settings)
    scheme = urlsplit(known.url).scheme
    if scheme not in ("file", "s3"):
        raise SourceInvalid(f"Files are read from file:// and s3://, not from {scheme or 'nowhere'}://.", "Name one.")
    if known.endpoint_url and urlsplit(known.endpoint_url).scheme not in ("http", "https"):
        raise SourceInvalid("The endpoint is no http:// or https:// address.", "Leave it out for Amazon S3.")


def format(settings: Mapping[str, Any]) -> str:
    """As the settings say."""
    return reading.typed(settings, Settings).format


def plan(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> Position | None:
    """Nothing to fix; None where every file has the mark that it had."""
    known = reading.typed(settings, Settings)
    store, pattern = _opened(known, secrets, bounds)
    seen = _seen(position)
    found = _listed(store, pattern, known, bounds)
    return {} if any(seen.get(one.path, {}).get("mark") != one.mark for one in found) else None


def read(
    settings: Mapping[str, Any],
    secrets: Secrets,
    position: Position,
    into: Path,
    bounds: Bounds,
    progress: Progress,
) -> Delivered:
    """Copy the files that are new or changed, by the digest of their bytes; or all, once one of them is."""
    known = reading.typed(settings, Settings)
    store, pattern = _opened(known, secrets, bounds)
    seen, marks = _seen(position), dict[str, dict[str, str]]()
    paths, size, is_new = list[Path](), 0, False
    found = _listed(store, pattern, known, bounds)
    for number, one in enumerate(found):
        before = seen.get(one.path, {})
        if known.take == "new" and before.get("mark") == one.mark:
            marks[one.path] = before
            continue
        target = into / f"{number:06d}{_SUFFIXES.get(known.format, '.' + known.format)}"
        digest, size = _copied(store, one.path, target, size, bounds)
        marks[one.path] = {"mark": one.mark, "digest": digest}
        is_changed = before.get("digest") != digest
        is_new = is_new or is_changed
        if known.take == "new" and not is_changed:
            target.unlink()
        else:
            paths.append(target)
        progress((number + 1) / len(found), f"copied {number + 1} of {len(found)} files")
    detail = {"files": len(paths), "bytes": size}
    return Delivered(paths if is_new else [], known.format, {"files": marks}, detail)


def acknowledge(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> None:
    """Files are not told."""


def _seen(position: Position) -> dict[str, dict[str, str]]:
    return dict(position.get("before", {}).get("files", {}))


def _opened(known: Settings, secrets: Secrets, bounds: Bounds) -> tuple[Any, str]:
    """The file system, and the pattern in its own spelling. Raises SourceRefused."""
    parts = urlsplit(known.url)
    pattern = known.url.partition("://")[2]
    if parts.scheme == "file":
        return fsspec.filesystem("file"), pattern
    if known.endpoint_url:
        endpoint = urlsplit(known.endpoint_url)
        port = endpoint.port or (443 if endpoint.scheme == "https" else 80)
        reading.reachable(endpoint.hostname or "", port, bounds)
    # Without secrets of its own a source is read as nobody: never with the worker's own credentials.
    store = fsspec.filesystem(
        "s3",
        anon=not secrets,
        key=secrets.get("key_id"),
        secret=secrets.get("secret_key"),
        token=secrets.get("session_token"),
        endpoint_url=known.endpoint_url or None,
        client_kwargs={"region_name": known.region} if known.region else {},
        config_kwargs={"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}},
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    return store, pattern


def _listed(store: Any, pattern: str, known: Settings, bounds: Bounds) -> list[Found]:
    """The files that fit, by path. Raises SourceUnreachable for none, FileTooLarge for too many."""
    try:
        details = store.glob(pattern, detail=True)
    except botocore.exceptions.BotoCoreError as error:
        raise SourceUnreachable(f"The store does not answer: {type(error).__name__}.", "Check endpoint_url.") from error
    found = [_found(path, info) for path, info in sorted(details.items()) if info["type"] == "file"]
    if not found:
        raise SourceUnreachable(f"No file is found at {known.url}.", "Check the address, and who may list it.")
    if len(found) > MOST_FILES:
        raise FileTooLarge(f"{len(found)} files fit, at most {MOST_FILES} are read.", "Name fewer, or join them.")
    if known.url.startswith("file:"):
        for one in found:
            reading.inside(one.path, bounds)
    return found


def _found(path: str, info: Mapping[str, Any]) -> Found:
    mark = str(info["ETag"]).strip('"') if "ETag" in info else f"{info['size']}-{info['mtime']}"
    return Found(path, mark)


def _copied(store: Any, path: str, target: Path, size: int, bounds: Bounds) -> tuple[str, int]:
    """Copy one file; its digest, and the bytes of the reading so far."""
    digest = hashlib.sha256()
    with store.open(path, "rb") as source, target.open("wb") as copy:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            reading.take(size, bounds)
            digest.update(chunk)
            copy.write(chunk)
    return digest.hexdigest(), size
