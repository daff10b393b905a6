"""The log's addresses under /api/v1/audit/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from audit.api import events

router = SimpleRouter(trailing_slash=False)
router.register("events", events.Events, basename="audit-events")

urlpatterns = [path("checkpoint", events.Head.as_view(), name="audit-checkpoint"), *router.urls]
