"""The Celery application of the queue `alibi`: one task, digests and settings in, an answer out.

Who asks adds a `link` to the message: a task by name, which then gets the answer as its first argument.
"""

import os
import traceback
from typing import Any

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from workers.alibi import catalogue
from workers.alibi.answers import Refused, answer, refusal

SECONDS = int(os.environ.get("ALIBI_SECONDS", "600"))

app = Celery("alibi", broker=os.environ["REDIS_URL"].replace("unix://", "redis+socket://", 1))
app.conf.update(
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600},
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue="alibi",
    task_reject_on_worker_lost=True,
    task_soft_time_limit=SECONDS,
    task_time_limit=SECONDS + 30,
    worker_prefetch_multiplier=1,
)


@app.task(name="alibi.detect")
def detect(
    detector: str, settings: dict[str, Any], arrays: dict[str, str], state: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The detector's answer; a refusal is one too, and a defect: neither is ever quiet."""
    try:
        return answer(detector, catalogue.look(detector, settings, arrays, state))
    except Refused as error:
        refused = error
    except SoftTimeLimitExceeded:
        refused = Refused("too_slow", f"It took more than {SECONDS} seconds.")
    except Exception as error:  # noqa: BLE001  # whatever it was, who asked must hear of it
        traceback.print_exc()
        refused = Refused("failed", f"{type(error).__name__}: {error}")
    return refusal(detector, refused, state)
