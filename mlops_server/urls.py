"""Every door to the outside."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from mlops_server import factor, passwords

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    # Before the admin's own, which saves the row behind the services' back.
    path("admin/password_change/", admin.site.admin_view(passwords.PasswordChange.as_view(), cacheable=True)),
    path("admin/signing-factor/", admin.site.admin_view(factor.page), name="signing-factor"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("registry.api.urls")),
    path("api/v1/", include("monitoring.api.urls")),
    path("api/v1/audit/", include("audit.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("log/", include("audit.api.log_urls")),
    path("", include("mlops_server.health")),
]
handler400 = "mlops_server.rest.problems.bad_request"
handler403 = "mlops_server.rest.problems.forbidden"
handler404 = "mlops_server.rest.problems.not_found"
handler500 = "mlops_server.rest.problems.server_error"
