"""The project's settings on a server of the benchmark's own, with its peers beside it; nothing exported is touched."""

import os
import tempfile
from pathlib import Path

from audit.database import grants
from mlops_server import embedded

# The first process of a run picks the folder, the others inherit it. Only `servers` makes anything in it.
RUN_DIR = Path(os.environ.setdefault("BENCH_RUN_DIR", f"{tempfile.gettempdir()}/mlops-bench-{os.getpid()}"))
SERVER = embedded.Postgres(RUN_DIR / "postgres")

for name in list(os.environ):
    if name in ("ARTIFACT_URL", "SIGNING_KEY_DIR", "DEBUG", "ALLOWED_HOSTS") or name.startswith("LOG_"):
        os.environ.pop(name)
os.environ |= {
    "DATABASE_URL": SERVER.url(role=os.environ.get("BENCH_ROLE", grants.APPLICATION)),
    "REDIS_URL": "unix:///nowhere",
    "SECRET_KEY": "benchmark",
    "VAR_DIR": str(RUN_DIR / "var"),
    "LOG_LEVEL": os.environ.get("BENCH_LOG", "ERROR"),
}

from mlops_server.settings import *  # noqa: E402, F403 - the settings read the environment when they are imported
from mlops_server.settings import INSTALLED_APPS as OURS  # noqa: E402

INSTALLED_APPS = [*OURS, "simple_history", "auditlog", "pghistory", "benchmarks.rig.notes"]
