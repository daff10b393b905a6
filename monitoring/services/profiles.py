"""What looks are compared with: profiles that are made once, kept under their digest, and read by every look."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from django.db import IntegrityError, transaction

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.measures import profiles
from monitoring.measures.profiles import Profile
from monitoring.models import ReferenceProfile
from monitoring.services import columns, parts
from monitoring.services.parts import Each
from registry import artifacts, records
from registry.models import DatasetVersion, ModelVersion

Kind = ReferenceProfile.Kind
Column = np.ndarray[Any, Any]
LARGEST_BYTES = 1 << 30
#: Held-out rows that are kept at most, drawn once.
MOST_ANSWERS = 50_000
#: Rows of data that are compared as rows.
MOST_ROWS = 10_000
CACHED = 32


class Missing(Exception):
    """There is nothing to compare with; the text says why, in a sentence."""


@dataclass(frozen=True, eq=False)
class Answers:
    """A version's answers on rows that it was not fitted on, and their truth; float64.

    The decision is NaN where a number is predicted.
    """

    score: Column
    decision: Column
    truth: Column

    def __len__(self) -> int:
        return self.score.size


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The same with the rows' inputs, (rows, width), in memory only: a profile keeps no copies of rows."""

    answers: Answers
    inputs: Column


@dataclass(frozen=True, eq=False)
class Attributions:
    """SHAP values (rows, features, outputs): of two classes the positive one's score, of several each class's."""

    features: list[str]
    values: Column


@dataclass(frozen=True, slots=True)
class Violation:
    """How many rows break one promise of a contract, and the share that it allows where it allows one."""

    column: str
    rule: str
    count: int
    promised: float | None = None


class Models(Protocol):
    """What needs a model at hand or the rules of contracts, which the floor above has. Each raises Missing."""

    def held_out(self, version: ModelVersion) -> HeldOut:
        """Run the version on the rows that its run held out."""

    def inputs(self, version: ModelVersion, rows: Sequence[Mapping[str, Any]]) -> Column:
        """Logged features as the version takes them, (rows, width)."""

    def attributions(
        self, version: ModelVersion, rows: Sequence[Mapping[str, Any]], *, background: int
    ) -> Attributions:
        """What each feature added to each answer."""

    def violations(self, version: ModelVersion, rows: Sequence[Mapping[str, Any]]) -> list[Violation]:
        """What the rows break of the contract of the version's data."""

    def spread(self) -> AbstractContextManager[Each]:
        """What does the work of `map` on the machines of a cluster, where one is set."""


@dataclass(frozen=True)
class References:
    """Where looks find what they are compared with; what nobody has made yet is made and put on record."""

    actor: Actor
    models: Models | None = None

    def inputs(self, version: ModelVersion) -> Profile:
        """The columns of the version's data. Records reference_profile.made, once. Raises Missing."""
        kinds = columns.kinds(version.input_schema)
        if not kinds:
            raise Missing(
                "The version takes no columns that have a distribution to compare; watch its answers instead."
            )
        row = self._kept(
            Kind.INPUTS, version.dataset_version, None, {"columns": kinds}, lambda: _inputs(version, self.models)
        )
        return _read_profile(row.digest)

    def rows(self, version: ModelVersion) -> dict[str, Column]:
        """Rows of the version's data, at most MOST_ROWS of them, always the same: for what compares whole rows.

        Read anew in each process, and kept by it: a profile keeps no copies of rows. Raises Missing.
        """
        return _rows(version.dataset_version.digest, _compared(version))

    def table(self, version: ModelVersion, rows: int) -> pa.Table:
        """The same as a table, of at most so many rows, every one of the columns as it is stored. Raises Missing."""
        return _drawn(version.dataset_version.digest, [name for name, _ in _compared(version)], rows)

    def answers(self, version: ModelVersion) -> Answers:
        """The version's answers on held-out rows. Records reference_profile.made, once. Raises Missing."""
        row = self._kept(
            Kind.ANSWERS,
            version.dataset_version,
            version,
            {"rows_at_most": MOST_ANSWERS},
            lambda: self._answers(version),
        )
        return _read_answers(row.digest)

    def held_out(self, version: ModelVersion) -> HeldOut:
        """The answers with the rows' inputs, read anew in each process. Raises Missing."""
        return self.at_hand().held_out(version)

    def at_hand(self) -> Models:
        """Raises Missing where no worker stands behind the look."""
        if self.models is None:
            raise Missing("No model is at hand here: a worker must look.")
        return self.models

    def _answers(self, version: ModelVersion) -> tuple[bytes, int]:
        answers = self.held_out(version).answers
        return _written(answers), len(answers)

    def _kept(
        self,
        kind: str,
        data: DatasetVersion,
        version: ModelVersion | None,
        definition: dict[str, Any],
        make: Callable[[], tuple[bytes, int]],
    ) -> ReferenceProfile:
        asked = {
            "kind": kind,
            "dataset_version": data,
            "model_version": version,
            "definition": records.digest(definition),
        }
        return ReferenceProfile.objects.filter(**asked).first() or _keep(asked, *make(), actor=self.actor)


def _keep(asked: dict[str, Any], raw: bytes, n: int, *, actor: Actor) -> ReferenceProfile:
    """The bytes are durable before the row is; a crash between leaves a file that the next look finds written."""
    digest, _ = artifacts.put(io.BytesIO(raw), limit_bytes=LARGEST_BYTES)
    row = ReferenceProfile(**asked, digest=digest, n=n)
    try:
        with transaction.atomic(durable=True):
            row.save(force_insert=True)
            event = events.ReferenceProfileMade(kind=row.kind, n=n, digest=digest)
            log.record(event, subject=row, actor=actor)
    except IntegrityError:
        # Another worker was quicker.
        return ReferenceProfile.objects.get(**asked)
    return row


def _inputs(version: ModelVersion, models: Models | None) -> tuple[bytes, int]:
    spread = nullcontext(map) if models is None else models.spread()
    with _file(version.dataset_version.digest) as path, spread as each:
        profile = parts.profile(path, version.input_schema, each)
    return profiles.to_bytes(profile), profile.rows


def _table(digest: str, names: list[str]) -> pa.Table:
    with _file(digest) as path:
        return parquet.read_table(path, columns=names, memory_map=False)


@contextmanager
def _file(digest: str) -> Iterator[Path]:
    """The rows of a dataset version. Raises Missing."""
    try:
        with artifacts.local(digest, suffix=".parquet") as path:
            yield path
    except FileNotFoundError as error:
        raise Missing(
            "The data that the version learned from are gone, so there is nothing to compare with."
        ) from error


def _compared(version: ModelVersion) -> tuple[tuple[str, str], ...]:
    """Name and type of each column that has a distribution."""
    kinds = columns.kinds(version.input_schema)
    return tuple((column["name"], column["type"]) for column in version.input_schema if column["name"] in kinds)


@lru_cache(maxsize=4)
def _rows(digest: str, schema: tuple[tuple[str, str], ...]) -> dict[str, Column]:
    table = _drawn(digest, [name for name, _ in schema], MOST_ROWS)
    return columns.of_table(table, [{"name": name, "type": kind} for name, kind in schema])


def _drawn(digest: str, names: list[str], rows: int) -> pa.Table:
    table = _table(digest, names)
    if table.num_rows <= rows:
        return table
    return table.take(np.sort(np.random.default_rng(0).choice(table.num_rows, rows, replace=False)))


@lru_cache(maxsize=CACHED)
def _read_profile(digest: str) -> Profile:
    return profiles.from_bytes(artifacts.read(digest))


@lru_cache(maxsize=CACHED)
def _read_answers(digest: str) -> Answers:
    table = parquet.read_table(io.BytesIO(artifacts.read(digest)))
    return Answers(*(table[name].to_numpy() for name in ("score", "decision", "truth")))


def _written(answers: Answers) -> bytes:
    taken = np.arange(len(answers))
    if len(taken) > MOST_ANSWERS:
        taken = np.sort(np.random.default_rng(0).choice(taken, MOST_ANSWERS, replace=False))
    named = {"score": answers.score, "decision": answers.decision, "truth": answers.truth}
    sink = io.BytesIO()
    parquet.write_table(pa.table({name: np.asarray(one, np.float64)[taken] for name, one in named.items()}), sink)
    return sink.getvalue()
