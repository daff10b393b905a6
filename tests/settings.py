"""The project's settings on servers of the test run's own: nothing that the shell exports is touched."""

import os
from pathlib import Path

from mlops_server import embedded

# The first process of a run picks the folder, the parallel ones inherit it. Only `conftest` makes anything in it.
RUN_DIR = Path(os.environ.setdefault("TEST_RUN_DIR", f"/tmp/mlops-test-{os.getpid()}"))
WORKER_DIR = RUN_DIR / os.environ.get("PYTEST_XDIST_WORKER", "main")
POSTGRES_DIR = RUN_DIR / "postgres"

for name in list(os.environ):
    if name in ("ARTIFACT_URL", "SIGNING_KEY_DIR", "DEBUG", "ALLOWED_HOSTS") or name.startswith("LOG_"):
        os.environ.pop(name)
os.environ |= {
    # The login is a superuser's so that `databases.acting_as` can change the role; at work it is the application.
    "DATABASE_URL": embedded.Postgres(POSTGRES_DIR).url(role="postgres") + "?options=-c%20role%3Dmlops",
    "REDIS_URL": embedded.Valkey(WORKER_DIR / "valkey").url(),
    "SECRET_KEY": "test",
    "VAR_DIR": str(WORKER_DIR),
}

from mlops_server.settings import *  # noqa: E402, F403 - the settings read the environment when they are imported

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # The real one is slow on purpose.
SIGNING_SCRYPT_COST = 2  # likewise
WHITENOISE_USE_FINDERS = False  # Each new client would look through every static file; the live stack serves them.
