"""A delivery becomes what a dataset version is made of: one canonical file, and what there is to say about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.ingestion import canonical, contracts, files, images, memory, personal, profiles
from workers.ingestion.canonical import Rows
from workers.ingestion.files import Limits

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Terms:
    """What a dataset demands of its versions: its contract, and what it says about personal data."""

    contract: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = ""
    personal_columns: Sequence[str] = ()


NOTHING = Terms()


@dataclass(frozen=True)
class Built:
    """A version's file on disk and its description; plain JSON values but for the path."""

    path: Path
    digest: str
    row_count: int
    media: str
    schema: list[dict[str, Any]]
    profile: dict[str, Any]
    contract_verdict: str
    violations: list[dict[str, Any]]
    personal: list[dict[str, Any]]
    scanned_rows: int


def silent(share: float, message: str) -> None:
    """Reports to nobody."""


@memory.bounded()
def build(
    paths: Sequence[Path],
    format: str,
    *,
    into: Path,
    terms: Terms = NOTHING,
    limits: Limits = files.USUAL,
    report: Progress = silent,
    each: profiles.Each = map,
) -> Built:
    """Read the delivery, write its canonical file below `into`, scan, profile and hold it to its contract.

    In bounded memory whatever the size. Raises an IngestionError that names the cause; whoever owns `into` removes it.
    """
    contract = contracts.validate(terms.contract) if terms.contract else None
    rows = Rows(into / "version.parquet")
    media = _write(paths, format, rows, into=into, limits=limits)
    report(0.4, f"read {rows.count} rows")
    scan = personal.scan(rows)
    personal.refuse_undeclared(scan.found, purpose=terms.purpose, declared=terms.personal_columns)
    named = {one["column"] for one in scan.found} | set(terms.personal_columns)
    report(0.5, "looked for personal data")
    kept = contracts.check(contract, rows, now=datetime.now(UTC), personal=named) if contract else None
    report(0.7, "held to its contract")
    profile = profiles.profile(rows, personal=named, each=each)
    report(0.9, "profiled")
    return Built(
        path=rows.path,
        digest=rows.digest(),
        row_count=rows.count,
        media=media,
        schema=profiles.schema(rows, profile),
        profile=profile,
        contract_verdict=kept.verdict if kept else "pass",
        violations=kept.violations if kept else [],
        personal=scan.found,
        scanned_rows=scan.rows,
    )


def _write(paths: Sequence[Path], format: str, rows: Rows, *, into: Path, limits: Limits) -> str:
    if format == "images":
        images.write(paths, rows.path, into=into, limits=limits)
        return "images"
    opened = files.open_all(paths, format, limits)
    canonical.write(rows.path, opened.schema, opened.batches())
    return "table"
