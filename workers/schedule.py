"""What runs by itself, and how often; beat stores it as rows that a person may edit."""

from datetime import timedelta

from django.conf import settings

SCHEDULE = {
    "find lost jobs": {"task": "workers.sweep", "schedule": timedelta(seconds=settings.SWEEP_SECONDS)},
    "start pipelines that are due": {
        "task": "workers.start_pipelines",
        "schedule": timedelta(seconds=settings.SWEEP_SECONDS),
        "options": {"expires": settings.SWEEP_SECONDS},
    },
    "run monitors that are due": {
        "task": "workers.nudge_monitors",
        "schedule": timedelta(seconds=settings.SWEEP_SECONDS),
        "options": {"expires": settings.SWEEP_SECONDS},
    },
    "look at sources that are due": {
        "task": "workers.nudge_sources",
        "schedule": timedelta(seconds=settings.SOURCE_SECONDS),
        "options": {"expires": settings.SOURCE_SECONDS},
    },
    "remove uploads that rest": {"task": "workers.expire_uploads", "schedule": timedelta(minutes=10)},
    "seal predictions": {"task": "workers.seal_predictions", "schedule": timedelta(seconds=settings.SWEEP_SECONDS)},
    "tell subscribers": {
        "task": "workers.send_notices",
        "schedule": timedelta(seconds=settings.DELIVERY_SECONDS),
        "options": {"expires": settings.DELIVERY_SECONDS},
    },
    "forget old deliveries": {"task": "workers.forget_deliveries", "schedule": timedelta(hours=1)},
    "govern what is due": {
        "task": "workers.govern",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "check what serves": {"task": "workers.check_slots", "schedule": timedelta(days=1)},
    "remove purged artifacts": {"task": "workers.sweep_artifacts", "schedule": timedelta(hours=1)},
    "verify the log": {"task": "workers.verify_log", "schedule": timedelta(days=1)},
    "verify what is new in the log": {"task": "workers.verify_recent", "schedule": timedelta(minutes=10)},
    "forget old idempotency keys": {"task": "mlops_server.forget_answers", "schedule": timedelta(hours=1)},
}
