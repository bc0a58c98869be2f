"""A stand-in vendor's handset: a visitor plays the contact beside the conversation, live."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe

from service_vendors.models import Organization, Role
from service_vendors.web.access import (
    OrganizationRequest,
    PlainView,
    organization_page,
    page_context,
)
from service_vendors.web.composer import Composer
from service_vendors.web.conversation import talk_context
from service_vendors.web.conversations import contact_number_or_404, conversation_list, talk
from service_vendors.web.phones import Phone, Phones, phones_of, sample_picture
from service_vendors.web.searching import sought

KEYWORDS: Final = ("STOP", "START", "HELP")


class ReplyForm(forms.Form):
    """What the contact texts: words of their own, a keyword from a button, or a picture."""

    text = forms.CharField(required=False, max_length=1_600)
    say = forms.ChoiceField(required=False, choices=[(word, word) for word in KEYWORDS])
    picture = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any] | None:
        """Something must be texted; a form with another error says that one first."""
        cleaned = super().clean()
        if not self.errors and not self.words and not self.cleaned_data["picture"]:
            self.add_error("text", "Type something first.")
        return cleaned

    @property
    def words(self) -> str:
        """The text to send; a button's word goes out instead of what was being typed."""
        data = self.cleaned_data
        return "" if data["picture"] else str(data["say"] or data["text"])

    @property
    def is_button(self) -> bool:
        """Whether a button was pressed: what was being typed stays where it is."""
        return bool(self.cleaned_data.get("say") or self.cleaned_data.get("picture"))

    @property
    def first_error(self) -> str:
        """What is wrong with it."""
        return str(next(iter(self.errors.values()))[0])


def handset_page(view: Callable[..., HttpResponse]) -> PlainView:
    """A page about the phones of a stand-in vendor's contacts, for admins.

    The view is given those phones; where the organization's vendor has none, the answer is 404.
    """

    def page(
        request: OrganizationRequest, organization: Organization, /, **from_address: Any
    ) -> HttpResponse:
        phones = phones_of(organization)
        if phones is None:
            return _no_handset(request, organization)
        return view(request, phones, **from_address)

    return organization_page(Role.ADMIN)(update_wrapper(page, view))


@require_safe
@handset_page
def handset(request: OrganizationRequest, phones: Phones) -> HttpResponse:
    """On to a contact's phone: the one asked for, or whoever was texted last."""
    organization = phones.organization
    wanted = sought(organization, request.GET.get("number", ""))
    contacts = phones.contacts()
    if not wanted.typed:
        recent = conversation_list(organization, request.membership).conversations
        first = recent[0].message.contact_number if recent else contacts[0].cell if contacts else ""
        if first:
            return redirect("service_vendors:handset_phone", organization.pk, first)
    if wanted.number:
        return redirect("service_vendors:handset_phone", organization.pk, wanted.number)
    context = page_context(request, organization, contacts=contacts, wanted=wanted, number="")
    return render(request, "service_vendors/handset/pick.html", context)


@require_safe
@handset_page
def handset_phone(
    request: OrganizationRequest, phones: Phones, contact_number: str
) -> HttpResponse:
    """The phone of one contact, and the organization's conversation with them."""
    number = contact_number_or_404(phones.organization, contact_number)
    if number != contact_number:
        return redirect("service_vendors:handset_phone", phones.organization.pk, number)
    return _page(request, phones, phones.phone(request, number))


@require_safe
@handset_page
def handset_updates(
    request: OrganizationRequest, phones: Phones, contact_number: str
) -> HttpResponse:
    """What is on the phone, for htmx: 204 while it is what the page already shows."""
    number = contact_number_or_404(phones.organization, contact_number)
    phone = phones.phone(request, number)
    seen = request.GET.get("seen", "")
    if seen == phone.seen:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {"organization": phones.organization, "phone": phone, "news": phone.news(seen)}
    return render(request, "service_vendors/handset/updates.html", context)


@handset_page
def handset_reply(
    request: OrganizationRequest, phones: Phones, contact_number: str
) -> HttpResponse:
    """Text as the contact."""
    number = contact_number_or_404(phones.organization, contact_number)
    if request.method != "POST":
        return redirect("service_vendors:handset_phone", phones.organization.pk, number)
    phone = phones.phone(request, number)
    form = ReplyForm(request.POST)
    if form.is_valid():
        picture = sample_picture(request) if form.cleaned_data["picture"] else ""
        error = phones.reply(phone, form.words, picture)
    else:
        error = form.first_error
    typed = request.POST.get("text", "") if error or form.is_button else ""
    if request.headers.get("HX-Request"):
        context = {
            "organization": phones.organization,
            "phone": phone if error else phones.phone(request, number),
            "typed": typed,
            "reply_error": error,
            "keywords": KEYWORDS,
            "was_sent": not error,
        }
        return render(request, "service_vendors/handset/replied.html", context)
    if error:
        return _page(request, phones, phone, typed=typed, error=error)
    return redirect("service_vendors:handset_phone", phones.organization.pk, number)


def _page(
    request: OrganizationRequest,
    phones: Phones,
    phone: Phone,
    *,
    typed: str = "",
    error: str = "",
) -> HttpResponse:
    organization = phones.organization
    now = talk(request, organization, request.membership, phone.number)
    context = {
        **talk_context(now),
        "composer": Composer(organization),
        "back": "handset",
        "phone": phone,
        "typed": typed,
        "reply_error": error,
        "keywords": KEYWORDS,
        "contacts": phones.contacts(),
        "number": phone.number,
    }
    return render(
        request,
        "service_vendors/handset/page.html",
        page_context(request, organization, **context),
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
    )


def _no_handset(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    context = page_context(request, organization)
    return render(
        request, "service_vendors/handset/none.html", context, status=HTTPStatus.NOT_FOUND
    )


_ADDRESS: Final = "admin/<int:organization_id>/handset"
urlpatterns = [
    path(_ADDRESS, handset, name="handset"),
    path(f"{_ADDRESS}/<str:contact_number>", handset_phone, name="handset_phone"),
    path(f"{_ADDRESS}/<str:contact_number>/updates", handset_updates, name="handset_updates"),
    path(f"{_ADDRESS}/<str:contact_number>/reply", handset_reply, name="handset_reply"),
]
