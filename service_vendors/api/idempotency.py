"""``Idempotency-Key``: a request that is repeated is answered and not carried out again."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors.api.access import caller

LONGEST_KEY: Final = 200
REPLAYED: Final = "Idempotent-Replayed"


def key_parameter(does: str, what: str, *, required: bool = False) -> OpenApiParameter:
    """The header, described; a repeated request ``does`` this and is answered with ``what``."""
    return OpenApiParameter(
        "Idempotency-Key",
        str,
        OpenApiParameter.HEADER,
        required=required,
        description=f"A text of your choice. A request that is repeated with the same key {does}: "
        f"it is answered with the first one's {what} and the header {REPLAYED}: true.",
    )


def idempotency_key(request: Request) -> str | None:
    """The caller's key, apart from everyone else's. Raises ValidationError."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise ValidationError(
            f"Idempotency-Key must be 1 to {LONGEST_KEY} printable ASCII characters."
        )
    return f"api:{caller(request).pk}:{key}"


def is_repetition(made: QuerySet[Any], key: str | None) -> bool:
    """Whether something of these rows was made with this key before."""
    return key is not None and made.filter(idempotency_key=key).exists()


def made_once(
    data: Any, address: str, *, repeated: bool, status_code: int = status.HTTP_201_CREATED
) -> Response:
    """The answer to a request that made something, which stands at ``address`` now.

    ``status_code`` is of the first request; one that is ``repeated`` is answered with 200.
    """
    headers = {"Location": address} | ({REPLAYED: "true"} if repeated else {})
    return Response(data, status.HTTP_200_OK if repeated else status_code, headers=headers)
