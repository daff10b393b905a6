"""A bound on the memory of a reading: a file of some kilobytes may ask for gigabytes, and take the worker along."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.ingestion.errors import FileTooLarge

#: Several times what any delivery within its limits was seen to take, beyond what the process holds before it.
MORE_BYTES = 2 * 1024**3
_STATUS = Path("/proc/self/status")


@contextmanager
def bounded(more_bytes: int = MORE_BYTES) -> Iterator[None]:
    """Whoever asks for more memory in the block is refused it by the system. Raises FileTooLarge then.

    On Linux; elsewhere nothing is bounded. It holds for the whole process, which does one job at a time.
    """
    before = resource.getrlimit(resource.RLIMIT_DATA)
    held = _held()
    if held is None:
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (_least(held + more_bytes, *before), before[1]))
    try:
        yield
    except MemoryError as error:
        raise FileTooLarge(
            f"Reading it takes more than {more_bytes} bytes of memory.", "Write it in smaller pages and shorter values."
        ) from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _held() -> int | None:
    """The bytes that count towards the bound now."""
    lines = _STATUS.read_text().splitlines() if _STATUS.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData")), None)


def _least(wanted: int, *limits: int) -> int:
    return min([wanted, *(limit for limit in limits if limit != resource.RLIM_INFINITY)])
