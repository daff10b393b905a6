"""Every address of monitoring under /api/v1/; a noun's file says what it does."""

from rest_framework.routers import SimpleRouter

from monitoring.api import alerts, monitors, rules

router = SimpleRouter(trailing_slash=False)
router.register("monitors", monitors.Monitors, basename="monitors")
router.register("monitor-runs", monitors.MonitorRuns, basename="monitor-runs")
router.register("alerts", alerts.Alerts, basename="alerts")
router.register("alert-rules", rules.AlertRules, basename="alert-rules")

urlpatterns = router.urls
