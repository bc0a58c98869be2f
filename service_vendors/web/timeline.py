"""What happened to one message, step by step; live until it has come to an end."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID
from zlib import crc32

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path, register_converter
from django.urls.converters import UUIDConverter
from django.views.decorators.http import require_safe

from service_vendors.models import FINAL_STATUSES, Message, Organization, Role
from service_vendors.sending import timeline
from service_vendors.web.access import OrganizationRequest, organization_page, page_context
from service_vendors.web.attachments import attachments, stored_media
from service_vendors.web.conversations import names


class ReferenceConverter(UUIDConverter):
    """A message's reference: with dashes as the API writes it, or without as the log does."""

    regex = "[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"


register_converter(ReferenceConverter, "message_reference")


@require_safe
@organization_page(Role.ADMIN)
def message_timeline(
    request: OrganizationRequest, organization: Organization, reference: UUID
) -> HttpResponse:
    """The page; for htmx the steps alone, or 204 while there are no new ones."""
    known = Message.objects.filter(organization=organization).select_related("sender")
    message = known.filter(reference=reference).first()
    if message is None:
        raise Http404("The organization has no message with this reference.")
    context: dict[str, Any] = {
        "message": message,
        "organization": organization,
        "entries": timeline.timeline(message),
        "is_complete": timeline.is_complete(message),
        "is_live": not message.is_from_contact and message.send_status not in FINAL_STATUSES,
        "seen": f"{message.send_status}-{crc32(message.history.encode()):x}",
    }
    if request.headers.get("HX-Request"):
        if request.GET.get("seen") == context["seen"]:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        return render(request, "service_vendors/messages/timeline_steps.html", context)
    number = message.contact_number
    return render(
        request,
        "service_vendors/messages/timeline.html",
        page_context(
            request,
            organization,
            **{name: value for name, value in context.items() if name != "organization"},
            name=names(organization, [number]).get(number, ""),
            attachments=attachments(request, stored_media(message.media)),
        ),
    )


_ADDRESS: Final = "admin/<int:organization_id>/messages/<message_reference:reference>"
urlpatterns = [path(_ADDRESS, message_timeline, name="message_timeline")]
