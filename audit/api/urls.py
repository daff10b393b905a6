"""The log's addresses under /api/v1/audit/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from audit.api import events, exports, heads, histories

router = SimpleRouter(trailing_slash=False)
router.register("events", events.Events, basename="audit-events")

urlpatterns = [
    path("checkpoint", heads.Head.as_view(), name="audit-checkpoint"),
    path("consistency", heads.Consistency.as_view(), name="audit-consistency"),
    path("export", exports.Export.as_view(), name="audit-export"),
    path(
        "histories/<str:subject_type>/<path:subject_id>/pack",
        histories.HistoryPack.as_view(),
        name="audit-history-pack",
    ),
    path("ranges", histories.Range.as_view(), name="audit-ranges"),
    *router.urls,
]
