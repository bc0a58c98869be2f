"""What the API answers when it cannot do what was asked: one shape, and words to act on.

``{"code": ..., "detail": ...}``, and ``"fields": {name: [sentence]}`` where fields are wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from service_vendors.exceptions import (
    ContactNotTextable,
    ContactOptedOut,
    IdempotencyConflict,
    InventoryOff,
    LookupInDoubt,
    LookupRefused,
    LookupTooDear,
    LookupUnderWay,
    MessageRefused,
    NumbersConflict,
    NumbersRefused,
    PermanentVendorError,
    TransientVendorError,
    UnknownVendor,
    UnsupportedFeature,
    VendorNotConfigured,
)
from service_vendors.phone import InvalidPhoneNumber

GENERAL: Final = "non_field_errors"

# Our exceptions by the first class that matches: status, code.
_ANSWERS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (InvalidPhoneNumber, status.HTTP_400_BAD_REQUEST, "invalid_phone_number"),
    (ContactOptedOut, status.HTTP_422_UNPROCESSABLE_ENTITY, "contact_opted_out"),
    (ContactNotTextable, status.HTTP_422_UNPROCESSABLE_ENTITY, "contact_not_textable"),
    (IdempotencyConflict, status.HTTP_422_UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
    (MessageRefused, status.HTTP_422_UNPROCESSABLE_ENTITY, "message_refused"),
    (InventoryOff, status.HTTP_409_CONFLICT, "phone_numbers_off"),
    (NumbersConflict, status.HTTP_422_UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
    (NumbersRefused, status.HTTP_422_UNPROCESSABLE_ENTITY, "phone_numbers_refused"),
    (UnknownVendor, status.HTTP_409_CONFLICT, "no_vendor"),
    (VendorNotConfigured, status.HTTP_409_CONFLICT, "vendor_not_ready"),
    (UnsupportedFeature, status.HTTP_422_UNPROCESSABLE_ENTITY, "not_offered"),
    (LookupTooDear, status.HTTP_422_UNPROCESSABLE_ENTITY, "cost_not_agreed"),
    (LookupRefused, status.HTTP_422_UNPROCESSABLE_ENTITY, "lookup_refused"),
    (LookupUnderWay, status.HTTP_409_CONFLICT, "lookup_under_way"),
    (LookupInDoubt, status.HTTP_502_BAD_GATEWAY, "lookup_in_doubt"),
    (TransientVendorError, status.HTTP_503_SERVICE_UNAVAILABLE, "vendor_unavailable"),
    (PermanentVendorError, status.HTTP_422_UNPROCESSABLE_ENTITY, "vendor_refused"),
)


class BodyTooLarge(APIException):
    """The request's body was not read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = "This request is too large. Send messages one at a time."


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: None lets an unexpected error become a 500."""
    response = exception_handler(_translated(error), context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = _of_validation(error)
    elif isinstance(response.data, dict) and "detail" in response.data:
        detail = response.data["detail"]
        code = detail.code if isinstance(detail, ErrorDetail) else "error"
        response.data = {"code": code, "detail": str(detail)}
    return response


def _translated(error: Exception) -> Exception:
    for kind, status_code, code in _ANSWERS:
        if isinstance(error, kind):
            answer = APIException(str(error), code)
            answer.status_code = status_code
            return answer
    return error


def _of_validation(error: ValidationError) -> dict[str, Any]:
    fields: dict[str, list[str]] = {}
    for name, sentence in _flat(error.detail, ""):
        fields.setdefault(name or GENERAL, []).append(sentence)
    general = fields.pop(GENERAL, [])
    named = ", ".join(fields)
    detail = " ".join(general) or f"Correct these fields and send the request again: {named}."
    body: dict[str, Any] = {"code": "invalid", "detail": detail}
    if fields:
        body["fields"] = fields
    return body


def _flat(detail: Any, name: str) -> Iterator[tuple[str, str]]:
    """DRF's nested errors as (dotted field name, sentence)."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(detail, list):
        for value in detail:
            yield from _flat(value, name)
    else:
        yield name, str(detail)
