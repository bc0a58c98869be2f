"""A stand-in vendor's handset: a visitor plays the contact beside the conversation, live."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from http import HTTPStatus
from typing import Any, Final, TypeVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import path
from django.views.decorators.http import require_safe

from service_vendors import conf
from service_vendors.configuration import vendor_of
from service_vendors.exceptions import UnknownVendor, VendorError
from service_vendors.models import Contact, Organization, OwnedPhoneNumber, Role
from service_vendors.types import Feature, HandsetMessage, Media
from service_vendors.vendors import loop
from service_vendors.vendors.base import ServiceVendor
from service_vendors.web.access import (
    OrganizationRequest,
    PlainView,
    organization_page,
    page_context,
)
from service_vendors.web.attachments import Attachment, attachments
from service_vendors.web.composer import Composer
from service_vendors.web.conversation import talk_context
from service_vendors.web.conversations import (
    contact_number_or_404,
    conversation_list,
    names,
    talk,
)
from service_vendors.web.searching import sought

T = TypeVar("T")

# The company is asked while a page waits: it is near, or it is away.
ASK_SECONDS: Final = 5.0
MOST_BUBBLES: Final = 50
MOST_CONTACTS: Final = 8
SAMPLE_PICTURE: Final = "service_vendors/sample-picture.png"
KEYWORDS: Final = ("STOP", "START", "HELP")


@dataclass(frozen=True, slots=True)
class PhoneBubble:
    """One text on the phone."""

    message: HandsetMessage
    attachments: list[Attachment]


@dataclass(frozen=True, slots=True)
class Phone:
    """A contact's phone as it stands; ``trouble`` says why it cannot be read."""

    number: str
    name: str
    bubbles: list[PhoneBubble]
    partner: str
    seen: str
    trouble: str = ""


class ReplyForm(forms.Form):
    """What the contact texts: words of their own, a keyword from a button, or a picture."""

    text = forms.CharField(required=False, max_length=1_600)
    say = forms.ChoiceField(required=False, choices=[(word, word) for word in KEYWORDS])
    picture = forms.BooleanField(required=False)

    @property
    def words(self) -> str:
        """The text to send; a button's word goes out instead of what was being typed."""
        return str(self.cleaned_data["say"] or self.cleaned_data["text"])

    @property
    def is_button(self) -> bool:
        """Whether a button was pressed: what was being typed stays where it is."""
        return bool(self.cleaned_data["say"] or self.cleaned_data["picture"])


def handset_page(view: Callable[..., HttpResponse]) -> PlainView:
    """A page about the phones of a stand-in vendor's contacts, for admins.

    The view is given that vendor; where the organization's vendor is none, the answer is 404.
    """

    def page(
        request: OrganizationRequest, organization: Organization, /, **from_address: Any
    ) -> HttpResponse:
        vendor = _stand_in(organization)
        if vendor is None:
            return _no_handset(request, organization)
        return view(request, organization, vendor, **from_address)

    return organization_page(Role.ADMIN)(update_wrapper(page, view))


@require_safe
@handset_page
def handset(
    request: OrganizationRequest, organization: Organization, vendor: ServiceVendor
) -> HttpResponse:
    """On to a contact's phone: the one asked for, or whoever was texted last."""
    wanted = sought(organization, request.GET.get("number", ""))
    if not wanted.typed:
        recent = conversation_list(organization, request.membership).conversations
        known = _contacts(organization)
        first = recent[0].message.contact_number if recent else known[0].cell if known else ""
        if first:
            return redirect("service_vendors:handset_phone", organization.pk, first)
    if wanted.number:
        return redirect("service_vendors:handset_phone", organization.pk, wanted.number)
    context = page_context(
        request, organization, contacts=_contacts(organization), wanted=wanted, number=""
    )
    return render(request, "service_vendors/handset/pick.html", context)


@require_safe
@handset_page
def handset_phone(
    request: OrganizationRequest,
    organization: Organization,
    vendor: ServiceVendor,
    contact_number: str,
) -> HttpResponse:
    """The phone of one contact, and the organization's conversation with them."""
    number = contact_number_or_404(organization, contact_number)
    if number != contact_number:
        return redirect("service_vendors:handset_phone", organization.pk, number)
    return _page(request, organization, phone_of(request, organization, vendor, number))


@require_safe
@handset_page
def handset_updates(
    request: OrganizationRequest,
    organization: Organization,
    vendor: ServiceVendor,
    contact_number: str,
) -> HttpResponse:
    """What is on the phone, for htmx: 204 while it is what the page already shows."""
    number = contact_number_or_404(organization, contact_number)
    phone = phone_of(request, organization, vendor, number)
    seen = request.GET.get("seen", "")
    if seen == phone.seen:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {"organization": organization, "phone": phone, "news": _news(phone, seen)}
    return render(request, "service_vendors/handset/updates.html", context)


@handset_page
def handset_reply(
    request: OrganizationRequest,
    organization: Organization,
    vendor: ServiceVendor,
    contact_number: str,
) -> HttpResponse:
    """Text as the contact."""
    number = contact_number_or_404(organization, contact_number)
    if request.method != "POST":
        return redirect("service_vendors:handset_phone", organization.pk, number)
    phone = phone_of(request, organization, vendor, number)
    form = ReplyForm(request.POST)
    error = _reply(request, organization, vendor, phone, form)
    typed = request.POST.get("text", "") if error or form.is_button else ""
    if request.headers.get("HX-Request"):
        context = {
            "organization": organization,
            "phone": phone if error else phone_of(request, organization, vendor, number),
            "typed": typed,
            "reply_error": error,
            "keywords": KEYWORDS,
            "was_sent": not error,
        }
        return render(request, "service_vendors/handset/replied.html", context)
    if error:
        return _page(request, organization, phone, typed=typed, error=error)
    return redirect("service_vendors:handset_phone", organization.pk, number)


def phone_of(
    request: HttpRequest, organization: Organization, vendor: ServiceVendor, number: str
) -> Phone:
    """What the vendor says is on a contact's phone."""
    name = names(organization, [number]).get(number, "")
    try:
        messages = _ask(vendor, vendor.handset_messages(number))[-MOST_BUBBLES:]
    except VendorError as error:
        return Phone(number, name, [], "", seen="away", trouble=str(error))
    partner = messages[-1].user_number if messages else _own_number(organization, vendor)
    return Phone(
        number,
        name,
        [PhoneBubble(message, attachments(request, message.media)) for message in messages],
        partner,
        seen=_digest(messages),
    )


def _reply(
    request: HttpRequest,
    organization: Organization,
    vendor: ServiceVendor,
    phone: Phone,
    form: ReplyForm,
) -> str:
    """Text as the contact; "" when it went out, else what to do."""
    if not form.is_valid():
        return str(next(iter(form.errors.values()))[0])
    picture = form.cleaned_data["picture"]
    words = "" if picture else form.words
    if not words and not picture:
        return "Type something first."
    if phone.trouble:
        return phone.trouble
    if not phone.partner:
        return f"{organization} has no number to text to yet. Send this phone a text first."
    media = [Media(_sample_picture(request), "image/png")] if picture else []
    try:
        _ask(vendor, vendor.handset_reply(phone.number, phone.partner, words, media))
    except VendorError as error:
        return str(error)
    return ""


def _page(
    request: OrganizationRequest,
    organization: Organization,
    phone: Phone,
    *,
    typed: str = "",
    error: str = "",
) -> HttpResponse:
    now = talk(request, organization, request.membership, phone.number)
    context = {
        **talk_context(now),
        "composer": Composer(organization),
        "back": "handset",
        "phone": phone,
        "typed": typed,
        "reply_error": error,
        "keywords": KEYWORDS,
        "contacts": _contacts(organization),
        "number": phone.number,
    }
    return render(
        request,
        "service_vendors/handset/page.html",
        page_context(request, organization, **context),
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
    )


def _stand_in(organization: Organization) -> ServiceVendor | None:
    """The organization's vendor, if it comes with a handset."""
    try:
        vendor = vendor_of(organization)
    except UnknownVendor:
        return None
    return vendor if Feature.HANDSET in vendor.supports else None


def _no_handset(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    context = page_context(request, organization)
    return render(
        request, "service_vendors/handset/none.html", context, status=HTTPStatus.NOT_FOUND
    )


def _contacts(organization: Organization) -> list[Contact]:
    """People to play, one of each number."""
    found = Contact.objects.filter(
        campaign__organization=organization, campaign__is_archived=False
    ).order_by("pk")
    by_number = {contact.cell: contact for contact in found[: MOST_CONTACTS * 4]}
    return list(by_number.values())[:MOST_CONTACTS]


def _own_number(organization: Organization, vendor: ServiceVendor) -> str:
    """A number of ours that a phone without any text can text to, or ""."""
    owned = OwnedPhoneNumber.objects.filter(organization=organization, service=vendor.name)
    return owned.order_by("pk").values_list("phone_number", flat=True).first() or ""


def _ask(vendor: ServiceVendor, coroutine: Coroutine[Any, Any, T]) -> T:
    """Await the vendor's answer. Raises VendorError, also when it takes too long."""
    try:
        return loop.run(coroutine, ASK_SECONDS)
    except TimeoutError as error:
        raise VendorError(f"{vendor.title} did not answer within {ASK_SECONDS:.0f} s.") from error


def _sample_picture(request: HttpRequest) -> str:
    """Where the vendor finds our sample picture."""
    address = static(SAMPLE_PICTURE)
    base = conf.text("BASE_URL").rstrip("/")
    return (
        base + address if base and address.startswith("/") else request.build_absolute_uri(address)
    )


def _news(phone: Phone, seen: str) -> str:
    """What a person who cannot see the phone is told."""
    last = phone.bubbles[-1].message if phone.bubbles else None
    if phone.trouble or last is None or last.outgoing:
        return phone.trouble
    return f"The phone received: {last.text[:200] or 'a picture'}" if seen else ""


def _digest(messages: Sequence[HandsetMessage]) -> str:
    looks = [(m.at.isoformat(), m.text, m.outgoing, m.media) for m in messages]
    return hashlib.blake2b(repr(looks).encode(), digest_size=8).hexdigest()


_ADDRESS: Final = "admin/<int:organization_id>/handset"
urlpatterns = [
    path(_ADDRESS, handset, name="handset"),
    path(f"{_ADDRESS}/<str:contact_number>", handset_phone, name="handset_phone"),
    path(f"{_ADDRESS}/<str:contact_number>/updates", handset_updates, name="handset_updates"),
    path(f"{_ADDRESS}/<str:contact_number>/reply", handset_reply, name="handset_reply"),
]
