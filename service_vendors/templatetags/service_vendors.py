"""How messages, numbers and times look on every page.

``{% status_badge message %}``, ``{% status_reason message %}``, ``{% lookup_badge status_code %}``,
``{{ number|national }}``, ``{% phone_number number %}``, ``{% time_ago moment %}``,
``{% time_ahead moment %}``, ``{% exact_time moment %}``.
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
from service_vendors.models import LookupJob, Message, SendStatus
from service_vendors.phone import national
from service_vendors.types import ErrorDescription, LookupStatus
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
LOOKUP_LOOKS: Final = {
    LookupStatus.TEXTABLE.value: StatusLook("textable", "success", "✓"),
    LookupStatus.LANDLINE.value: StatusLook("landline", "danger", "✕"),
    LookupStatus.INVALID.value: StatusLook("not a working number", "danger", "✕"),
    LookupStatus.FOREIGN.value: StatusLook("outside the country", "warning", "!"),
    LookupStatus.UNSUBSCRIBED.value: StatusLook("unsubscribed", "warning", "!"),
}
NOT_LOOKED_UP: Final = StatusLook("not looked up", "secondary", "?")
JOB_LOOKS: Final = {
    LookupJob.Status.PREPARING: StatusLook("being read", "secondary", "…"),
    LookupJob.Status.READY: StatusLook("waits for your word", "secondary", "…"),
    LookupJob.Status.RUNNING: StatusLook("looking up", "info", "↻"),
    LookupJob.Status.STOPPED: StatusLook("stopped", "warning", "!"),
    LookupJob.Status.CANCELLED: StatusLook("cancelled", "secondary", "–"),
    LookupJob.Status.DONE: StatusLook("done", "success", "✓"),
}
RECEIVED: Final = StatusLook("received", "success", "↓")

_EXACT: Final = "%-d %b %Y, %H:%M:%S"


@register.inclusion_tag("service_vendors/status_badge.html")
def status_badge(message: Message) -> dict[str, Any]:
    """A message's status, in the same word and colour everywhere."""
    look = RECEIVED if message.is_from_contact else STATUS_LOOKS[SendStatus(message.send_status)]
    return {"look": look, "reason": message.status_reason}


@register.inclusion_tag("service_vendors/status_badge.html")
def lookup_badge(status_code: int | None) -> dict[str, Any]:
    """What is known of a contact's number, in the same word and colour everywhere."""
    look = NOT_LOOKED_UP if status_code is None else LOOKUP_LOOKS[status_code]
    return {"look": look, "reason": ""}


@register.inclusion_tag("service_vendors/status_badge.html")
def job_badge(job: LookupJob) -> dict[str, Any]:
    """How far a lookup of many numbers is."""
    return {"look": JOB_LOOKS[LookupJob.Status(job.status)], "reason": job.status_reason}


@register.filter
def thousands(count: int) -> str:
    """A count with commas between its thousands."""
    return f"{count:,}"


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
    return _time(moment, "just now" if ago.startswith("0") else f"{ago} ago", ages=True)


@register.simple_tag
def time_ahead(moment: datetime) -> SafeString:
    """How soon, with the exact time on hover."""
    seconds = max(0.0, (moment - timezone.now()).total_seconds())
    if seconds < 60:
        return _time(moment, "in less than a minute", ages=False)
    minutes = round(seconds / 60)
    return _time(moment, f"in {minutes} minute{'' if minutes == 1 else 's'}", ages=False)


def _time(moment: datetime, words: str, *, ages: bool) -> SafeString:
    """A moment in words; where it ages, app.js keeps them true."""
    exact = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC"{}>{}</time>',
        exact.isoformat(timespec="seconds"),
        exact.strftime(_EXACT),
        SafeString(" data-ago" if ages else ""),
        words,
    )


@register.simple_tag
def exact_time(moment: datetime) -> SafeString:
    """A time to the second; app.js turns it into the viewer's zone."""
    exact = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-exact>{} UTC</time>',
        exact.isoformat(timespec="milliseconds"),
        exact.strftime(_EXACT),
    )
