"""A delivered file, or what a source holds that is new, becomes a dataset version."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings

from registry import artifacts
from registry.models import Ingestion
from registry.services import datasets, jobs
from workers.running import dask_pool
from workers.tasks import context, sources


@shared_task(name="workers.ingest")
def ingest(pk: str) -> None:
    """Read, canonicalise, profile and hold to the contract; the version exists once all of it is done."""
    ingestion = jobs.claim(Ingestion, pk, actor=context.worker())
    if ingestion is None:
        return
    with context.refusals_of(ingestion):
        if ingestion.source is None:
            _read_source(ingestion)
        else:
            with artifacts.local(ingestion.source.digest, suffix=f".{ingestion.format}") as path:
                _complete(ingestion, [path], ingestion.format, limit_bytes=settings.UPLOAD_MAX_BYTES)


def _read_source(ingestion: Ingestion) -> None:
    with sources.delivered(ingestion, jobs.reporter(ingestion)) as found:
        if found is None:
            return
        limit = settings.SOURCE_MAX_BYTES
        _complete(ingestion, found.paths, found.format, limit_bytes=limit, position=dict(found.position))
    sources.acknowledge(ingestion)


def _complete(
    ingestion: Ingestion,
    paths: Sequence[Path],
    format: str,
    *,
    limit_bytes: int,
    position: dict[str, Any] | None = None,
) -> None:
    from workers.ingestion import deliver, files  # pyarrow, pandera and duckdb load with the first job

    dataset = ingestion.dataset
    terms = deliver.Terms(dataset.contract, dataset.purpose, [*dataset.personal_columns])
    with (
        tempfile.TemporaryDirectory(prefix="ingestion-") as folder,
        dask_pool.each_column(settings.DASK_SCHEDULER_ADDRESS) as each,
    ):
        built = deliver.build(
            paths,
            format,
            into=Path(folder),
            terms=terms,
            limits=files.Limits(bytes=limit_bytes),
            report=jobs.reporter(ingestion),
            each=each,
        )
        result = datasets.Ingested(
            parquet=built.path,
            row_count=built.row_count,
            schema=built.schema,
            profile=built.profile,
            contract_verdict=built.contract_verdict,
            violations=built.violations,
            media=built.media,
            personal=built.personal,
            scanned_rows=built.scanned_rows,
        )
        datasets.complete(ingestion, result=result, position=position, actor=context.worker(ingestion.request))
