"""What operations ask: is it alive, is it ready, what are its figures."""

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Database and broker answer too; an outage raises and is a 500, which is what a balancer needs to see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    cache.get("ready")
    return JsonResponse({"status": "ready"})


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("django_prometheus.urls")),
]
