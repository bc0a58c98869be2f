"""The pages. Each module lists its own addresses."""

from __future__ import annotations

from service_vendors.web import health, home, settings

urlpatterns = [*home.urlpatterns, *health.urlpatterns, *settings.urlpatterns]
