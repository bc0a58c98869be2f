"""The one view for every vendor's callbacks.

Size first, then proof of origin over the raw bytes, then one row in the inbox, then the answer.
Nothing is parsed here, and nothing that failed a step reaches the next one.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from service_vendors import conf, receiving
from service_vendors.exceptions import VendorError, WebhookRejected
from service_vendors.models import Organization
from service_vendors.types import WebhookRequest
from service_vendors.vendors import registry

logger = logging.getLogger(__name__)


@csrf_exempt
def receive(request: HttpRequest, address: str, organization_id: str | None = None) -> HttpResponse:
    """Store one call of a vendor: 200 once it is committed, 403 unproven, 413 too large."""
    found = registry.webhook_at(address)
    if found is None or (organization_id is None and found[1].organization_required):
        raise Http404
    service, webhook = found
    if request.method not in webhook.methods:
        return HttpResponseNotAllowed(webhook.methods)
    body = _body(request, conf.whole("WEBHOOK_MAX_BYTES"))
    if body is None:
        return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    organization = None
    if organization_id is not None:
        organization = Organization.objects.filter(pk=organization_id).first()
        if organization is None:  # nobody can sign for an organization that is not there
            return _refusal(HTTPStatus.FORBIDDEN)
    call = WebhookRequest(
        address=address,
        method=request.method,
        url=_public_url(request),
        query=request.META.get("QUERY_STRING", ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        organization_id=organization.pk if organization else None,
    )
    try:
        vendor = registry.get_vendor(organization, service)
        vendor.verify(call)
    except VendorError as error:
        reason = str(error) if isinstance(error, WebhookRejected) else type(error).__name__
        logger.warning("A webhook at /%s was refused: %s", address, reason)
        return _refusal(HTTPStatus.FORBIDDEN)
    receiving.accept(service, call, organization)
    answer = vendor.webhook_answer(call)
    return HttpResponse(answer.body, content_type=answer.content_type, status=answer.status)


def _body(request: HttpRequest, most_bytes: int) -> bytes | None:
    """The raw body, or None when it is too large; of a too large one no more is read than that."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > most_bytes:
        return None
    body = request.read(most_bytes + 1)
    return None if len(body) > most_bytes else body


def _public_url(request: HttpRequest) -> str:
    """The address the vendor called: behind a proxy only BASE_URL knows how it begins."""
    base = conf.text("BASE_URL").rstrip("/")
    return base + request.get_full_path() if base else request.build_absolute_uri()


def _refusal(status: HTTPStatus) -> HttpResponse:
    return HttpResponse(status.phrase, status=status, content_type="text/plain")


# The addresses that stand in vendors' consoles, with or without a tenant.
# A trailing slash is served, not redirected: a redirected POST would lose its body.
urlpatterns = [
    re_path(r"^(?P<address>[a-z0-9_-]+)/?$", receive, name="webhook"),
    re_path(
        r"^(?P<address>[a-z0-9_-]+)/(?P<organization_id>[0-9]{1,18})/?$",
        receive,
        name="organization_webhook",
    ),
]
