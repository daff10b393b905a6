"""Sources that are due are looked at, and what an ingestion reads is brought to this machine."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from celery import shared_task
from django.conf import settings

from registry.models import DataSource, Ingestion
from registry.services import sources, uploads
from workers.ingestion import secrets
from workers.ingestion.errors import IngestionError
from workers.tasks import context

if TYPE_CHECKING:
    from workers.ingestion.sources import Bounds, Delivered

Report = Callable[[float, str], None]
#: Reading is so much of the work, and is told so often at most.
_SHARE, _SECONDS = 0.3, 2.0
logger = structlog.get_logger(__name__)


@shared_task(name="workers.nudge_sources")
def nudge_sources() -> int:
    """Ask for a look at each source that is due."""
    return sources.nudge_due()


@shared_task(name="workers.look_at_source")
def look_at_source(pk: str) -> None:
    """See whether a source holds anything new, and only then begin an ingestion; a look that fails begins one too."""
    from workers.ingestion import sources as readers  # fsspec, psycopg and redis load with the first source

    source = DataSource.objects.select_related("dataset__system").get(pk=pk)
    if not sources.is_free(source):
        return
    try:
        position = {"before": source.position}
        batch = readers.plan(source.kind, source.settings, _secrets(source), position, _bounds())
    except IngestionError as error:
        logger.warning("source cannot be looked at", source=pk, detail=error.detail)
        sources.begin(source, batch=None, actor=context.worker())
        return
    if batch is not None:
        sources.begin(source, batch=batch, actor=context.worker())


@shared_task(name="workers.expire_uploads")
def expire_uploads() -> int:
    """Remove the pieces of uploads that nobody goes on with."""
    return uploads.expire(actor=context.worker())


@contextmanager
def delivered(ingestion: Ingestion, report: Report) -> "Iterator[Delivered | None]":
    """What the ingestion's source holds that is new, as files for as long as the block runs.

    None where nothing is new: then the ingestion has ended. What is read is fixed before it is read.
    """
    from workers.ingestion import sources as readers  # as above

    source, actor = _source(ingestion), context.worker(ingestion.request)
    opened, bounds = _secrets(source), _bounds()
    if "batch" not in ingestion.position:
        batch = readers.plan(source.kind, source.settings, opened, ingestion.position, bounds)
        if batch is None:
            sources.found_nothing(ingestion, position=ingestion.position["before"], actor=actor)
            yield None
            return
        sources.fix(ingestion, batch=batch, actor=actor)
        ingestion.refresh_from_db(fields=["position"])
    with tempfile.TemporaryDirectory(prefix="source-") as folder:
        found = readers.fetch(
            source.kind, source.settings, opened, ingestion.position, Path(folder), bounds, _now_and_then(report)
        )
        if found.paths:
            yield found
            return
        sources.found_nothing(ingestion, position=found.position, actor=actor)
    yield None


def acknowledge(ingestion: Ingestion) -> None:
    """Tell the source that its rows are kept, once that is committed; where it fails, the next look tells it."""
    from workers.ingestion import sources as readers  # as above

    source = _source(ingestion)
    try:
        readers.acknowledge(source.kind, source.settings, _secrets(source), {"before": source.position}, _bounds())
    except IngestionError as error:
        logger.warning("source was not told", source=str(source.pk), detail=error.detail)


def _source(ingestion: Ingestion) -> DataSource:
    return DataSource.objects.select_related("dataset__system").get(ingestions=ingestion)


def _secrets(source: DataSource) -> dict[str, str]:
    """Opened here and nowhere else; they live no longer than the reading."""
    return secrets.resolve(source.secrets, system=source.dataset.system.name, folder=settings.SOURCE_SECRETS_DIR)


def _bounds() -> "Bounds":
    from workers.ingestion.sources import Bounds  # as above

    return Bounds(settings.SOURCE_ROOTS, settings.SOURCE_ALLOWED_NETWORKS, settings.SOURCE_MAX_BYTES)


def _now_and_then(report: Report) -> Report:
    """A reader tells more often than anybody reads."""
    told = 0.0

    def tell(share: float, message: str) -> None:
        nonlocal told
        if time.monotonic() - told >= _SECONDS:
            told = time.monotonic()
            report(share * _SHARE, message)

    return tell
