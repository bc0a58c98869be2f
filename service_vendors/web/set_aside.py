"""What waits for a person: events that could not be applied, and texts in doubt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe

from service_vendors import receiving
from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Organization, Role, WebhookEvent
from service_vendors.vendors import registry
from service_vendors.web.access import OrganizationRequest, organization_page, page_context
from service_vendors.web.conversations import first_of_page
from service_vendors.web.doubts import doubts_context

PAGE: Final = 20
MOST_CHARACTERS: Final = 2_000
MOST_VALUE_CHARACTERS: Final = 200
# The only headers that are shown, whatever else may once have been stored with an event.
SHOWN_HEADERS: Final = ("content-type", "content-encoding", "user-agent")
# Values under such names prove a call's origin. They are not for eyes.
_PROOF: Final = re.compile(
    r"""(?ix) (?<![\w-])
    ( (?: [\w-]*(?:token|secret|password|signature|apikey) | (?:[\w-]*[-_])?(?:sig|key|auth|nonce) )
      (?: = | "\s*:\s*"? ) )
    [^"&\s,}]+ """
)


@dataclass(frozen=True, slots=True)
class Preview:
    """An event as the page shows it: bounded, and without anything that proves its origin."""

    event: WebhookEvent
    vendor: str
    headers: list[tuple[str, str]]
    query: str
    body: str
    left_out: int


@require_safe
@organization_page(Role.ADMIN)
def set_aside(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """The texts in doubt, the events that were given up, and those that are being tried again."""
    before = first_of_page(request.GET.get("before", ""))
    waiting = _given_up(organization)
    if before:
        waiting = waiting.filter(pk__lt=before)
    found = list(waiting.order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    count, doubts = _given_up(organization).count(), doubts_context(organization)
    context = page_context(
        request,
        organization,
        previews=[preview(event) for event in shown],
        count=count,
        waiting_count=count + doubts["doubt_count"],
        **doubts,
        retried=_retried(organization)[:PAGE],
        older_url=f"?before={shown[-1].pk}" if len(found) > PAGE else "",
        back_url=request.path if before and shown else "",
        is_newest=not before,
    )
    return render(request, "service_vendors/set_aside/page.html", context)


@organization_page(Role.ADMIN)
def set_aside_replay(
    request: OrganizationRequest, organization: Organization, event_id: int
) -> HttpResponse:
    """Try one event again."""
    if request.method == "POST":
        event = None
        if event_id <= first_of_page("9" * 18):
            event = WebhookEvent.objects.filter(organization=organization, pk=event_id).first()
        if event is None:
            raise Http404("The organization has no such event.")
        if event.status == WebhookEvent.Status.SET_ASIDE:
            receiving.replay(event)
            messages.success(request, f"Event {event.pk} is being tried again.")
        else:
            messages.info(request, f"Event {event.pk} is not set aside any more.")
    return redirect("service_vendors:set_aside", organization.pk)


@organization_page(Role.ADMIN)
def set_aside_replay_all(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Try a page of events again, the oldest first: they came in this order."""
    if request.method == "POST":
        events = list(_given_up(organization).order_by("pk")[:500])
        for event in events:
            receiving.replay(event)
        if events:
            messages.success(request, f"Being tried again: {len(events)}.")
    return redirect("service_vendors:set_aside", organization.pk)


def preview(event: WebhookEvent) -> Preview:
    """What a person may see of an event."""
    body = bytes(event.body)
    # No character takes more than four bytes: what is cut off later need not be decoded.
    text = body[: MOST_CHARACTERS * 4].decode("utf-8", "replace")[:MOST_CHARACTERS]
    headers = event.headers if isinstance(event.headers, dict) else {}
    try:
        vendor = registry.vendor_class(event.service).title
    except UnknownVendor:
        vendor = event.service
    return Preview(
        event=event,
        vendor=vendor,
        headers=[
            (name, str(headers[name])[:MOST_VALUE_CHARACTERS])
            for name in SHOWN_HEADERS
            if name in headers
        ],
        query=without_proof(event.query[:MOST_CHARACTERS]),
        body=without_proof(text),
        left_out=max(0, len(body) - len(text.encode())),
    )


def without_proof(text: str) -> str:
    """A query, a form or JSON, without the values that proved where it came from."""
    return _PROOF.sub(r"\1(hidden)", text)


def _given_up(organization: Organization) -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.filter(
        organization=organization, status=WebhookEvent.Status.SET_ASIDE
    )


def _retried(organization: Organization) -> QuerySet[WebhookEvent]:
    """Events that failed before and will be tried again."""
    return (
        WebhookEvent.objects.filter(organization=organization, status=WebhookEvent.Status.PENDING)
        .exclude(last_error="")
        .order_by("due_at")
    )


_ADDRESS: Final = "admin/<int:organization_id>/messages/set-aside"
urlpatterns = [
    path(_ADDRESS, set_aside, name="set_aside"),
    path(f"{_ADDRESS}/replay", set_aside_replay_all, name="set_aside_replay_all"),
    path(f"{_ADDRESS}/<int:event_id>/replay", set_aside_replay, name="set_aside_replay"),
]
