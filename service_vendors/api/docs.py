"""The API's description: for programs (OpenAPI), and as a page for people to try it on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import BasicScheme
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors.api.access import ApiView


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]  # half typed upstream
    """Tells drf-spectacular what our tokens look like."""

    target_class = "service_vendors.api.authentication.TokenAuthentication"
    name = "token"


class PasswordScheme(BasicScheme):  # type: ignore[no-untyped-call]  # half typed upstream
    """Tells drf-spectacular that ours is HTTP Basic."""

    target_class = "service_vendors.api.authentication.PasswordAuthentication"
    name = "password"


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema. It says nothing that the source code does not, so anyone may read it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI, with its script and styles in files of their own: our CSP allows no others."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    url_name = "service_vendors:api_schema"
    template_name = "service_vendors/api_docs.html"


class UnknownView(ApiView):
    """Any other address below /api/, answered in the API's own way."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise NotFound, whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotFound("The API has no such address. /api/docs lists those it has.")

    @extend_schema(exclude=True)
    def get(self, request: Request, unknown: str) -> Response:
        """Never reached; a view without methods would answer 405."""
        raise NotFound
