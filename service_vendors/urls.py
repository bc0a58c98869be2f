"""Every address of the app; a host project includes this at its root."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import include, path, re_path

app_name = "service_vendors"


def without_slash(request: HttpRequest, address: str) -> HttpResponsePermanentRedirect:
    """Our addresses end without a slash; one that was typed with it is led on, POST or not."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(
        f"/{address}{'?' if query else ''}{query}", preserve_request=True
    )


urlpatterns = [
    re_path(r"^(?P<address>(?:admin|api)/.*[^/]|healthz)/+$", without_slash),
    path("", include("service_vendors.web.urls")),
    path("api/", include("service_vendors.api.urls")),
    # Last, for it takes every word: the addresses in vendors' consoles.
    path("", include("service_vendors.webhooks.view")),
]
