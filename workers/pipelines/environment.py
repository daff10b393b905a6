"""What a run depended on besides its data and recipe: machine, threads, libraries, and our own code."""

import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

PACKAGES = (
    "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "joblib", "threadpoolctl",
    "onnx", "onnxruntime", "skl2onnx", "protobuf", "numba", "fairlearn",
)  # fmt: skip
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")
PIPELINES = Path(__file__).parent
REQUIREMENTS = PIPELINES.parents[1] / "requirements.txt"


def describe() -> dict[str, Any]:
    """Plain JSON values; nothing in it names the host, its users or its folders."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()),
        "cpu": {"model": _cpu_model(), "count": os.cpu_count()},
        "threads": {
            "settings": {name: os.environ[name] for name in THREAD_SETTINGS if name in os.environ},
            # Sorted: their order is that of loading, and the same environment must have one digest.
            "libraries": sorted(
                ({"name": pool["internal_api"], "threads": pool["num_threads"]} for pool in threadpool_info()),
                key=lambda pool: (pool["name"], pool["threads"]),
            ),
        },
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "requirements_digest": hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest() if REQUIREMENTS.exists() else None,
        "code_digest": code_digest(),
    }


def code_digest() -> str:
    """Hex SHA-256 over names and contents of the sources of workers.pipelines, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(PIPELINES.rglob("*.py")):
        digest.update(f"{path.relative_to(PIPELINES).as_posix()}\n{path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cpu_model() -> str:
    """Linux keeps the model's name here; other systems answer for themselves."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
