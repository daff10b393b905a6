"""A delivered file becomes a dataset version."""

from celery import shared_task

from registry import artifacts
from registry.models import Ingestion
from registry.services import datasets, jobs
from workers.tasks import context


@shared_task(name="workers.ingest")
def ingest(pk: str) -> None:
    """Read, canonicalise, profile and hold to the contract; the version exists once all of it is done."""
    from workers.ingestion import contracts, files, profiles  # pyarrow loads with the first job

    ingestion = jobs.claim(Ingestion, pk, actor=context.worker())
    if ingestion is None:
        return
    with context.refusals_of(ingestion):
        report = jobs.reporter(ingestion)
        with artifacts.local(ingestion.source.digest, suffix=f".{ingestion.format}") as path:
            table = files.read(path, ingestion.format)
        report(0.4, f"read {table.num_rows} rows")
        contract = ingestion.dataset.contract
        kept = contracts.check(contracts.validate(contract), table) if contract else None
        report(0.6, "held to its contract")
        result = datasets.Ingested(
            parquet=files.canonicalise(table),
            row_count=table.num_rows,
            schema=profiles.schema(table),
            profile=profiles.profile(table),
            contract_verdict=kept.verdict if kept else "pass",
            violations=kept.violations if kept else [],
        )
        report(0.9, "canonical and profiled")
        datasets.complete(ingestion, result=result, actor=context.worker(ingestion.request))
