"""How messages, numbers and times look on every page.

``{% status_badge message %}``, ``{% status_reason message %}``, ``{{ number|national }}``,
``{% phone_number number %}``, ``{% time_ago moment %}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django import template
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import Message as Notice
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Message, SendStatus
from service_vendors.phone import national
from service_vendors.types import ErrorDescription
from service_vendors.vendors import registry

register = template.Library()


@dataclass(frozen=True, slots=True)
class StatusLook:
    """A status as it looks everywhere: a word, a colour of Bootstrap's, a sign for each."""

    word: str
    colour: str
    sign: str


STATUS_LOOKS: Final = {
    SendStatus.QUEUED: StatusLook("queued", "secondary", "…"),
    SendStatus.SENDING: StatusLook("sending", "info", "↑"),
    SendStatus.SENT: StatusLook("sent", "primary", "✓"),
    SendStatus.DELIVERED: StatusLook("delivered", "success", "✓✓"),
    SendStatus.ERROR: StatusLook("failed", "danger", "✕"),
    SendStatus.UNKNOWN: StatusLook("unknown", "warning", "?"),
    SendStatus.PAUSED: StatusLook("paused", "secondary", "‖"),
    SendStatus.NOT_ATTEMPTED: StatusLook("not attempted", "secondary", "–"),
}
RECEIVED: Final = StatusLook("received", "success", "↓")


@register.inclusion_tag("service_vendors/status_badge.html")
def status_badge(message: Message) -> dict[str, Any]:
    """A message's status, in the same word and colour everywhere."""
    look = RECEIVED if message.is_from_contact else STATUS_LOOKS[SendStatus(message.send_status)]
    return {"look": look, "reason": message.status_reason}


@register.inclusion_tag("service_vendors/status_reason.html")
def status_reason(message: Message) -> dict[str, Any]:
    """Why a message is where it is: our words, and the vendor's code with what it means."""
    error = error_of(message)
    reason = message.status_reason
    if error:  # which may be all that our words say
        reason = reason.removesuffix(error.description).strip()
    return {"reason": reason, "error": error}


def error_of(message: Message) -> ErrorDescription | None:
    """A failed message's error in words; None when the vendor gave no code."""
    if message.error_code is None:
        return None
    try:
        vendor_class = registry.vendor_class(message.service)
    except UnknownVendor:
        return ErrorDescription(
            message.error_code, f"Error {message.error_code}; its vendor is no longer in use."
        )
    return vendor_class.error_description(message.error_code)


register.filter("national", national)


@register.simple_tag
def phone_number(number: str) -> SafeString:
    """A number in national form; what a person copies from it is E.164."""
    return format_html(
        '<span class="sv-number" data-copy-as="{}">{}</span>', number, national(number)
    )


@register.simple_tag(takes_context=True)
def notices(context: template.Context) -> list[Notice]:
    """What the last page wanted said on this one, whatever a view calls its own ``messages``."""
    request = context.get("request")
    return list(get_messages(request)) if request else []


@register.simple_tag
def time_ago(moment: datetime | None) -> SafeString:
    """How long ago, with the exact time on hover; app.js turns that into the viewer's zone."""
    if moment is None:
        return SafeString("")
    ago = timesince(moment, timezone.now(), depth=1)
    exact = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago>{}</time>',
        exact.isoformat(timespec="seconds"),
        exact.strftime("%-d %b %Y, %H:%M:%S"),
        "just now" if ago.startswith("0") else f"{ago} ago",
    )
