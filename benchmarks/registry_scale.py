"""The registry with 100 and with 100,000 model versions: queries and latency of its lists and of a decision's data.

In one process through Django's test client, so that the figures are the server's own work, less the network. The peer
is ourselves on a small inventory: a figure that grows with the number of rows is a defect.
REGISTRY_BENCH_MODELS=10000 and REGISTRY_BENCH_CALLS=100 are the sizes.
"""

import os
import time
from collections.abc import Callable
from typing import Any

from benchmarks.rig import ready  # noqa: F401

# isort: split
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.rig import inventory, servers, tables, templates
from registry.models import ModelVersion, PromotionRequest, RegisteredModel, Slot, User

MODELS = int(os.environ.get("REGISTRY_BENCH_MODELS", 10_000))
CALLS = int(os.environ.get("REGISTRY_BENCH_CALLS", 100))
SIZES = (10, MODELS)
HEAD = ["versions", "what", "queries", "p50 ms", "p99 ms", "bytes"]


def doors(reader: User) -> dict[str, Callable[[int], Any]]:
    """Each thing that is measured, as a call that takes the number of the call."""
    api, desk = Client(raise_request_exception=True), Client()
    api.force_login(reader, backend="registry.authentication.PasswordBackend")
    desk.force_login(reader, backend="registry.authentication.PasswordBackend")
    promotions = list(PromotionRequest.objects.order_by("id").values_list("pk", flat=True)[:1000])
    families = list(RegisteredModel.objects.order_by("id").values_list("pk", flat=True)[:1000])
    names = list(RegisteredModel.objects.order_by("id").values_list("name", flat=True)[:1000])
    slots = list(Slot.objects.order_by("id").values_list("key", flat=True)[:1000])
    versions = list(ModelVersion.objects.order_by("id").values_list("pk", flat=True)[:1000])
    base = "/api/v1"
    return {
        "models, first page": lambda n: api.get(f"{base}/models"),
        "model by name": lambda n: api.get(f"{base}/models?name={names[n % len(names)]}"),
        "versions, first page": lambda n: api.get(f"{base}/model-versions"),
        "versions of one family": lambda n: api.get(f"{base}/model-versions?model={families[n % len(families)]}"),
        "version": lambda n: api.get(f"{base}/model-versions/{versions[n % len(versions)]}"),
        "what serves in a slot": lambda n: api.get(f"{base}/model-versions?serving={slots[n % len(slots)]}"),
        "decision, its data": lambda n: api.get(f"{base}/promotions/{promotions[n % len(promotions)]}"),
        "decision, its page": lambda n: desk.get(
            f"/admin/registry/promotionrequest/{promotions[n % len(promotions)]}/change/"
        ),
        "requests in the admin": lambda n: desk.get("/admin/registry/promotionrequest/"),
        "versions searched in the admin": lambda n: desk.get(
            f"/admin/registry/modelversion/?q={names[n % len(names)]}"
        ),
    }


def measure(reader: User) -> list[list[str]]:
    """One row for each door."""
    count = f"{ModelVersion.objects.count():,}"
    return [[count, name, *_one(call)] for name, call in doors(reader).items()]


def _one(call: Callable[[int], Any]) -> tuple[str, str, str, str]:
    for n in range(5):
        answer = call(n)
        assert answer.status_code == 200, answer.content[:500]
    with CaptureQueriesContext(connection) as captured:
        call(0)
    queries = len(captured)
    found = []
    for n in range(CALLS):
        started = time.perf_counter()
        answer = call(n)
        found.append(1000 * (time.perf_counter() - started))
    p50, p99 = tables.percentile(found, 50), tables.percentile(found, 99)
    return str(queries), f"{p50:.1f}", f"{p99:.1f}", f"{len(answer.content):,}"


def main() -> None:
    rows: list[list[str]] = []
    for size in SIZES:
        with servers.database(max_wal_size="'8GB'"), servers.connect(servers.SUPERUSER) as superuser:
            print(tables.machine(superuser))
            inventory.unguard(superuser)
            reader, made = templates.make()
            inventory.fill(superuser, made, model_count=size)
            rows += measure(reader)
            connection.close()
    tables.show("The registry at two sizes", HEAD, rows)


if __name__ == "__main__":
    main()
