"""What runs in a peer's own environment: takes calls from `benchmarks.rig.peers`, times each here, and answers.

It imports the standard library, numpy and the peer only. A call is a function of a peer's module that takes arrays (and
options), prepares, and returns what is to be timed: a function without arguments, called once for each request.
"""

import contextlib
import functools
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


def main() -> None:
    """Answer one line of JSON for each line of JSON until the input ends; what the peer prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module = importlib.import_module(sys.argv[1])
    prepared = functools.cache(functools.partial(prepare, module))
    for line in sys.stdin:
        request = json.loads(line)
        timed = prepared(request["call"], tuple(request["arrays"].items()), tuple(request["options"].items()))
        print(json.dumps(run(timed)), file=answers, flush=True)


def prepare(module: ModuleType, call: str, arrays: tuple[tuple[str, str], ...], options: Any) -> Callable[[], Any]:
    """What is timed, warm: called once already, so that nothing is compiled or loaded while the clock runs."""
    timed: Callable[[], Any] = getattr(module, call)(**{name: load(path) for name, path in arrays}, **dict(options))
    timed()
    return timed


@functools.cache
def load(path: str) -> Any:
    """An array, read once for all calls that share it."""
    return np.load(path)


def run(timed: Callable[[], Any]) -> dict[str, Any]:
    """Wall and processor seconds of one call, its result, and the megabytes that it needed above what was there."""
    before = resident_peak_mb(reset=True)
    started, busy = time.perf_counter(), time.process_time()
    result = timed()
    seconds, processor = time.perf_counter() - started, time.process_time() - busy
    peak = resident_peak_mb() - before
    return {"seconds": seconds, "processor": processor, "result": plain(result), "peak_mb": peak}


def resident_peak_mb(*, reset: bool = False) -> float:
    """The most memory that was resident since the last reset; Linux keeps it."""
    if reset:
        with contextlib.suppress(PermissionError):
            Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def plain(value: Any) -> Any:
    """The value as JSON knows it."""
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


if __name__ == "__main__":
    main()
