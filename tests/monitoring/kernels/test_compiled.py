"""Where compiled kernels are kept."""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from monitoring import kernels

RUN_ONE = "import numpy; from monitoring.kernels import psi; ones = numpy.ones(3, int); psi.expected(ones, ones)"


def run(cache: str) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    subprocess.run([sys.executable, "-W", "error", "-c", RUN_ONE], env=environment, check=True, timeout=60)


def test_kernels_with_a_cache_directory_are_kept_there(tmp_path: Path) -> None:
    run(str(tmp_path))
    assert len(list(tmp_path.rglob("psi.expected*.nbc"))) == 1


def test_kernels_without_a_writable_cache_directory_still_run() -> None:
    run("/dev/null/nowhere")


def test_every_module_with_kernels_says_what_to_warm() -> None:
    names = [found.name for found in pkgutil.walk_packages(kernels.__path__, "monitoring.kernels.")]
    modules = [importlib.import_module(name) for name in names]
    with_kernels = [
        module.__name__
        for module in modules
        if any(isinstance(value, Dispatcher) and value.__module__ == module.__name__ for value in vars(module).values())
    ]
    assert "monitoring.kernels.pairs" in with_kernels
    assert [name for name in with_kernels if not hasattr(sys.modules[name], "warm")] == []


def test_warm_runs_every_module() -> None:
    command = [sys.executable, "-W", "error", "-c", "from monitoring.kernels import compiled; compiled.warm()"]
    subprocess.run(command, check=True, timeout=300)
