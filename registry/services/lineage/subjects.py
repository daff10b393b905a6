"""Which models learned from a person: keyed hashes of who stands in which dataset version, never the person's key.

The hash is HMAC-SHA256, cut to 16 bytes, under a key derived from the file `lineage.key` in SIGNING_KEY_DIR: whoever
has the database alone cannot tell a person's marks by trying names. Where that key is replaced, `mark` makes the marks
of a version again from its bytes.
"""

import functools
import hmac
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.erasure import holds
from audit.models import Hold
from audit.signing import keys
from registry import artifacts, events
from registry.errors import Conflict, Invalid
from registry.models import AISystem, Dataset, DatasetVersion, ModelVersion, SubjectMark
from registry.permissions import require
from registry.roles import Action

KEY, DOMAIN, MARK_BYTES, CHUNK_ROWS = "lineage", b"registry/subject-mark/v1", 16, 5_000
#: The marks as what an event is about: no row of theirs is governed.
MARKS = log.Subject("lineage", "subjects")
# Not COPY: a person may stand in many rows, and COPY cannot pass over what is there already.
_INSERT = """
    INSERT INTO registry_subjectmark (dataset_version_id, subject)
    SELECT %s, substring(%s::bytea FROM {size} * place + 1 FOR {size}) FROM generate_series(0, %s - 1) AS place
    ON CONFLICT (subject, dataset_version_id) DO NOTHING
"""


@sensitive_variables("keys_of_people")
def mark(version: DatasetVersion, *, parquet: bytes | Path | None = None) -> int:
    """Make the marks of everybody in a version, in the caller's transaction; how many people it holds.

    In bounded memory: the column is read and written in chunks. parquet: the version's bytes or file, where at hand.
    Nothing where the dataset names no column for people. Raises Invalid where the rows have no such column.
    """
    column = version.dataset.subject_column
    if not column:
        return 0
    SubjectMark.objects.filter(dataset_version=version).delete()
    people = _people(parquet if parquet is not None else artifacts.read(version.digest), column)
    for keys_of_people in people:
        marks = {_mark(key) for key in keys_of_people}
        with connection.cursor() as cursor:
            # As one value: an array of values would cost more to spell than the marks to make.
            cursor.execute(_INSERT.format(size=MARK_BYTES), [version.pk, b"".join(marks), len(marks)])
    return SubjectMark.objects.filter(dataset_version=version).count()


def check(dataset: Dataset, schema: Iterable[dict[str, Any]]) -> None:
    """Raises Invalid where rows of this schema do not say whom they are about, and the dataset promises it."""
    if dataset.subject_column and dataset.subject_column not in {column["name"] for column in schema}:
        raise Invalid(
            f"The rows have no column {dataset.subject_column!r}, which tells one person from another.",
            remedy="Deliver it with the rows, or register a dataset without a subject column.",
        )


def learned_from(dataset: Dataset) -> QuerySet[ModelVersion]:
    """Every model version that learned from any version of the dataset: one query, its own system's only."""
    return _versions().filter(dataset_version__dataset=dataset)


@sensitive_variables("key")
def learned_from_person(
    key: str, *, actor: Actor, among: QuerySet[AISystem], dataset: Dataset | None = None
) -> list[ModelVersion]:
    """Every model version whose training data held the person, in one query; for who handles erasures.

    Records lineage.subject_looked_up, without the person. Raises NotPermitted.
    """
    require(actor, Action.ERASE, dataset.system if dataset else None)
    held = _versions().filter(dataset_version__subject_marks__subject=_mark(key), model__system__in=among)
    with transaction.atomic(durable=True):
        found = list(held.filter(dataset_version__dataset=dataset) if dataset else held)
        event = events.SubjectLookedUp(dataset=str(dataset.pk) if dataset else None, versions=len(found))
        log.record(event, subject=MARKS, actor=actor)
    return found


@sensitive_variables("key")
def forget(key: str, *, actor: Actor, reason: str = "") -> list[DatasetVersion]:
    """Remove a person's marks from every dataset version; returns these versions, whose rows are another matter.

    Records lineage.subject_forgotten. Raises NotPermitted, Conflict under a legal hold.
    """
    require(actor, Action.ERASE)
    with transaction.atomic(durable=True):
        holds.wait()
        marks = SubjectMark.objects.filter(subject=_mark(key))
        versions = list(DatasetVersion.objects.filter(subject_marks__in=marks).select_related("dataset").order_by("pk"))
        _check_holds(versions)
        marks.delete()
        event = events.SubjectForgotten(dataset_versions=[str(version.pk) for version in versions])
        log.record(event, subject=MARKS, actor=actor, reason=reason)
    return versions


def _versions() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.select_related("model", "dataset_version__dataset").order_by("-pk")


def _check_holds(versions: list[DatasetVersion]) -> None:
    scope = Q(subject_type="", person="")
    for kind, ids in {
        "dataset_version": {version.pk for version in versions},
        "dataset": {version.dataset_id for version in versions},
        "system": {version.dataset.system_id for version in versions},
    }.items():
        scope |= Q(subject_type=kind, subject_id__in=["", *map(str, ids)])
    standing = list(Hold.objects.filter(scope, released_at=None))
    if standing and versions:
        grounds = "; ".join(f"{hold} ({hold.ground})" for hold in standing)
        raise Conflict(f"It must be kept: {grounds}.", remedy="Ask again when the hold is released.")


def _people(parquet: bytes | Path, column: str) -> Iterator[Iterator[str]]:
    """The column's values as text, chunk by chunk; rows without one are passed over."""
    import pyarrow as pa  # loads with the first delivery: web processes make no marks
    import pyarrow.compute
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(io.BytesIO(parquet) if isinstance(parquet, bytes) else parquet) as file:
        for batch in file.iter_batches(CHUNK_ROWS, columns=[column]):
            unique = pyarrow.compute.unique(batch.column(0)).cast(pa.string())
            yield (value for value in unique.to_pylist() if value is not None)


def _mark(key: str) -> bytes:
    return hmac.digest(_secret(keys.private(KEY).private_bytes_raw()), key.encode(errors="surrogatepass"), "sha256")[
        :MARK_BYTES
    ]


@functools.lru_cache(maxsize=2)
def _secret(seed: bytes) -> bytes:
    """Derived, so that the file may one day serve another purpose too."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=DOMAIN).derive(seed)
