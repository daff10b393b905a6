"""Where data comes from: files and lakes, databases, HTTP, streams; each kind a module, all of one shape."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from workers.ingestion import secrets as references
from workers.ingestion.errors import IngestionError, SourceInvalid, SourceUnreachable
from workers.ingestion.sources.reading import Bounds, Delivered, Position, Progress, Reader, Secrets, quiet

KINDS = ("files", "database", "http", "stream")
Answer = TypeVar("Answer")

__all__ = ["KINDS", "Bounds", "Delivered", "acknowledge", "check", "fetch", "format", "plan"]


def check(kind: str, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Whether the kind can work with these settings and names of secrets. Raises SourceInvalid."""
    reader = _reader(kind)
    reader.check(settings)
    unknown = sorted(set(secrets) - reader.SECRETS) if reader.SECRETS is not None else []
    if unknown:
        raise SourceInvalid(
            f"A source of this kind takes no secret called {', '.join(unknown)}.",
            f"Use {', '.join(sorted(reader.SECRETS or ()))}.",
        )


def format(kind: str, settings: Mapping[str, Any]) -> str:
    """The format of what the source delivers."""
    return _reader(kind).format(settings)


def plan(
    kind: str, settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds
) -> Position | None:
    """What the next reading would take; None where nothing is new. Raises an IngestionError."""
    return _safely(secrets, lambda: _reader(kind).plan(settings, secrets, position, bounds))


def fetch(
    kind: str,
    settings: Mapping[str, Any],
    secrets: Secrets,
    position: Position,
    into: Path,
    bounds: Bounds,
    progress: Progress = quiet,
) -> Delivered:
    """Read what is new into files below `into`; of bounded memory whatever the size. Raises an IngestionError.

    position: {"before": how far it had been read, "batch": what `plan` fixed}; the same one gives the same rows again
    where the source still has them.
    """
    return _safely(secrets, lambda: _reader(kind).read(settings, secrets, position, into, bounds, progress))


def acknowledge(kind: str, settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> None:
    """Tell the source that everything up to the position is kept for ever. Raises an IngestionError."""
    _safely(secrets, lambda: _reader(kind).acknowledge(settings, secrets, position, bounds))


def _reader(kind: str) -> Reader:
    """The kind's module; each brings libraries that only its own readings need."""
    if kind not in KINDS:
        raise SourceInvalid(f"There is no kind of source called {kind!r}.", f"Use {', '.join(KINDS)}.")
    return cast(Reader, importlib.import_module(f"workers.ingestion.sources.{kind}"))


def _safely(secrets: Secrets, work: Callable[[], Answer]) -> Answer:
    """No secret leaves in the words of an error, nor in those of the error behind it: libraries quote what they got."""
    try:
        return work()
    except IngestionError as error:
        detail, remedy = (references.without(text, secrets) for text in (error.detail, error.remedy))
        raise type(error)(detail, remedy) from None
    except OSError as error:
        raise SourceUnreachable(
            f"The source cannot be read: {type(error).__name__}: {references.without(str(error), secrets)}.",
            "Check that it is up and that this server may reach it.",
        ) from None
    except Exception as error:  # a defect, or somebody asked to stop: it goes on as it is, without the secret
        error.args = tuple(references.without(one, secrets) if isinstance(one, str) else one for one in error.args)
        raise error from None
