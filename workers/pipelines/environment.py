"""What a run depended on besides its data and recipe: machine, threads, libraries, and our own code."""

import hashlib
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from threadpoolctl import threadpool_info

PACKAGES = (
    "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "joblib", "threadpoolctl",
    "onnx", "onnxruntime", "skl2onnx", "protobuf", "numba", "fairlearn", "optuna", "pillow",
)  # fmt: skip
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")
PIPELINES = Path(__file__).parent
PROJECT = PIPELINES.parents[1]
REQUIREMENTS = PROJECT / "requirements.txt"
# What training shares with serving decides as much over a model as the pipelines themselves.
SHARED = ("registry/serving/pixels.py", "registry/serving/values.py")


def describe() -> dict[str, Any]:
    """Plain JSON values; nothing in it names the host, its users or its folders."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()),
        # NumPy and the BLAS choose their kernels by these; another choice may round another way.
        "cpu": {"model": _cpu_model(), "count": os.cpu_count(), "features": _cpu_features()},
        "hash_randomization": bool(sys.flags.hash_randomization),
        "threads": {
            "settings": {name: os.environ[name] for name in THREAD_SETTINGS if name in os.environ},
            # Sorted: their order is that of loading, and the same environment must have one digest.
            "libraries": sorted(
                ({"name": pool["internal_api"], "threads": pool["num_threads"]} for pool in threadpool_info()),
                key=lambda pool: (pool["name"], pool["threads"]),
            ),
        },
        "blas": _blas(),
        "onnxruntime": {"build": onnxruntime.get_build_info(), "providers": onnxruntime.get_available_providers()},
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "requirements_digest": hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest() if REQUIREMENTS.exists() else None,
        "code_digest": code_digest(),
    }


def code_digest() -> str:
    """Hex SHA-256 over names and contents of the sources of workers.pipelines and of what serving shares with them."""
    digest = hashlib.sha256()
    sources = {path.relative_to(PIPELINES).as_posix(): path for path in PIPELINES.rglob("*.py")}
    shared = {name: PROJECT / name for name in SHARED}
    for name, path in [*sorted(sources.items()), *shared.items()]:
        digest.update(f"{name}\n{path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _blas() -> list[dict[str, Any]]:
    """The libraries of linear algebra and threads that are loaded; sorted, as above."""
    told = ("internal_api", "version", "architecture", "threading_layer")
    found = [{name: pool[name] for name in told if pool.get(name)} for pool in threadpool_info()]
    return sorted(found, key=lambda pool: sorted(map(str, pool.items())))


def _cpu_features() -> list[str]:
    told: Any = np.show_config(mode="dicts")
    extensions = told["SIMD Extensions"]
    return sorted([*extensions.get("baseline", []), *extensions.get("found", [])])


def _cpu_model() -> str:
    """Linux keeps the model's name here; other systems answer for themselves."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
