"""Every address of monitoring under /api/v1/; a noun's file says what it does."""

from rest_framework.routers import SimpleRouter

from monitoring.api import alerts, monitors

router = SimpleRouter(trailing_slash=False)
router.register("monitors", monitors.Monitors, basename="monitors")
router.register("monitor-runs", monitors.MonitorRuns, basename="monitor-runs")
router.register("alerts", alerts.Alerts, basename="alerts")

urlpatterns = router.urls
