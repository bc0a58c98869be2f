"""The one view for every vendor's callbacks; serves them under any server."""

from __future__ import annotations

from http import HTTPStatus

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from service_vendors import conf, metrics, receiving
from service_vendors.exceptions import VendorError
from service_vendors.types import WebhookAnswer, WebhookRequest
from service_vendors.vendors import registry
from service_vendors.webhooks import reception


@csrf_exempt
def receive(request: HttpRequest, address: str, organization_id: str | None = None) -> HttpResponse:
    """Store one call of a vendor: 200 once it is safe, 403 unproven, 413 too large, 503 when it
    can be kept nowhere and the vendor is to call again.
    """
    found = registry.webhook_at(address)
    if found is None or (organization_id is None and found[1].organization_required):
        raise Http404
    service, webhook = found
    if request.method not in webhook.methods:
        return HttpResponseNotAllowed(webhook.methods)
    body = _body(request, conf.whole("WEBHOOK_MAX_BYTES"))
    if body is None:
        answer = reception.refusal(service, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    else:
        answer = _answer(request, service, address, organization_id, body)
    return HttpResponse(answer.body, content_type=answer.content_type, status=answer.status)


def _answer(
    request: HttpRequest, service: str, address: str, organization_id: str | None, body: bytes
) -> WebhookAnswer:
    call = WebhookRequest(
        address=address,
        method=request.method or "",
        url=_public_url(request, registry.vendor_class(service).callback_base()),
        query=request.META.get("QUERY_STRING", ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        organization_id=None if organization_id is None else int(organization_id),
        seen_url=request.build_absolute_uri(),
    )
    try:
        account = reception.read_account(service, call.organization_id)
        if (greeting := reception.check(account, call)) is not None:
            return greeting
        event = receiving.accept(service, call, account.organization)
    except reception.NobodyThere:
        return reception.refusal(service, HTTPStatus.FORBIDDEN)
    except VendorError as error:
        return reception.refused(service, address, error)
    except (DatabaseError, receiving.NowhereToKeep):
        return reception.refusal(service, HTTPStatus.SERVICE_UNAVAILABLE)
    metrics.count_webhook(service, "repeated" if event is None else "accepted")
    return account.vendor.webhook_answer(call)


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


def _public_url(request: HttpRequest, base: str) -> str:
    """The address the vendor called: behind a proxy only the settings know how it begins."""
    return base + request.get_full_path() if base else request.build_absolute_uri()


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
