"""What runs by itself, and how often; beat stores it as rows that a person may edit."""

from datetime import timedelta

from django.conf import settings

SCHEDULE = {
    "find lost jobs": {"task": "workers.sweep", "schedule": timedelta(seconds=settings.SWEEP_SECONDS)},
    "run monitors that are due": {
        "task": "workers.nudge_monitors",
        "schedule": timedelta(seconds=settings.SWEEP_SECONDS),
    },
    "seal predictions": {"task": "workers.seal_predictions", "schedule": timedelta(seconds=settings.SWEEP_SECONDS)},
    "verify the log": {"task": "workers.verify_log", "schedule": timedelta(days=1)},
    "verify what is new in the log": {"task": "workers.verify_recent", "schedule": timedelta(minutes=10)},
    "forget old idempotency keys": {"task": "mlops_server.forget_answers", "schedule": timedelta(hours=1)},
}
