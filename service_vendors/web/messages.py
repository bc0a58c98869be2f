"""The messages page: every conversation of an organization, newest first."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from service_vendors.models import Organization, Role
from service_vendors.web.access import OrganizationRequest, organization_page, page_context
from service_vendors.web.conversations import STATUSES, Shown, conversation_list, first_of_page
from service_vendors.web.searching import Narrowing, Search, sought


@require_safe
@organization_page(Role.TEXTER)
def messages(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """The list; for htmx the list alone, or 204 while it is what the page already shows."""
    asked = request.GET.get("show", "")
    shown = Shown(asked) if asked in {one.value for one in Shown} else Shown.ALL
    search = sought(organization, request.GET.get("q", ""))
    before = first_of_page(request.GET.get("before", ""))
    found = conversation_list(
        organization, request.membership, shown=shown, search=search, before=before
    )
    address = reverse("service_vendors:messages", args=(organization.pk,))
    context: dict[str, Any] = {
        "found": found,
        "shown": shown,
        "search": search,
        "is_newest": not before,
        "older_url": _with(address, shown, search, before=found.older) if found.older else "",
        "back_url": _with(address, shown, search) if before else "",
        "newest_url": _with(address, shown, search),
        "live_url": _with(address, shown, search, seen=found.seen),
        # Where the list is one of messages: of those that wait, failed or are in doubt.
        "has_timelines": shown in STATUSES and Role(request.membership.role).at_least(Role.ADMIN),
    }
    if request.headers.get("HX-Request"):
        if request.GET.get("seen") == found.seen:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        context["organization"] = organization
        return render(request, "service_vendors/messages/conversations.html", context)
    context["narrowings"] = [
        Narrowing(one.label, _with(address, one, search), current=one is shown) for one in Shown
    ]
    context["sees_everything"] = Role(request.membership.role).at_least(Role.SUPERVOLUNTEER)
    context["latest"] = found.conversations[0].message if found.conversations else None
    return render(
        request,
        "service_vendors/messages/list.html",
        page_context(request, organization, **context),
    )


def _with(address: str, shown: Shown, search: Search, **more: int | str) -> str:
    """The page's address with what it is narrowed to."""
    query = {"show": str(shown), "q": search.typed, **more}
    written = urlencode({name: value for name, value in query.items() if value})
    return f"{address}?{written}" if written else address


urlpatterns: Final = [path("admin/<int:organization_id>/messages", messages, name="messages")]
