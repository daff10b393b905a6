"""Where compiled kernels are kept."""

import os
import subprocess
import sys
from pathlib import Path

RUN_ONE = "import numpy; from monitoring.kernels import psi; ones = numpy.ones(3, int); psi.expected(ones, ones)"


def run(cache: str) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    subprocess.run([sys.executable, "-W", "error", "-c", RUN_ONE], env=environment, check=True, timeout=60)


def test_kernels_with_a_cache_directory_are_kept_there(tmp_path: Path) -> None:
    run(str(tmp_path))
    assert len(list(tmp_path.rglob("psi.expected*.nbc"))) == 1


def test_kernels_without_a_writable_cache_directory_still_run() -> None:
    run("/dev/null/nowhere")
