"""Auto-configure on the Settings page: a button, and how far it is. Owners only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from zlib import crc32

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from service_vendors import setups
from service_vendors.exceptions import VendorError
from service_vendors.models import AccountSetup, Organization, Role
from service_vendors.types import Feature
from service_vendors.vendors.base import ServiceVendor
from service_vendors.web.access import OrganizationRequest, organization_page, vendor_or_404

PANEL: Final = "service_vendors/settings/auto_configure_panel.html"
# How often the page asks: eagerly at first, then less.
_PACES: Final = ((timedelta(seconds=60), 1), (timedelta(minutes=5), 3))
_LAST_PACE: Final = 15


@dataclass(frozen=True, slots=True)
class SetupPanel:
    """The newest auto-configuration of one vendor as it stands now; ``setup`` is None before any.

    ``is_answer``: it comes as htmx's answer, into a page that was made before.
    """

    service: str
    title: str
    setup: AccountSetup | None
    is_answer: bool = False
    begins: bool = False

    @property
    def is_open(self) -> bool:
        """Whether one is under way."""
        return self.setup is not None and self.setup.is_open

    @property
    def failed(self) -> bool:
        """Whether it stopped."""
        return self.setup is not None and self.setup.state == AccountSetup.State.FAILED

    @property
    def is_done(self) -> bool:
        """Whether it came to its end."""
        return self.setup is not None and self.setup.state == AccountSetup.State.DONE

    @property
    def button(self) -> str:
        """What the button says."""
        if self.failed:
            return "Try again"
        return "Auto-configure again" if self.is_done else "Auto-configure"

    @property
    def steps_left(self) -> list[str]:
        """The step at work, unless it was done before and is only looked at again."""
        setup = self.setup
        return [setup.step] if setup and setup.step and setup.step not in setup.steps_done else []

    @property
    def sentence(self) -> str:
        """How it stands, in a sentence for those who hear the page."""
        setup = self.setup
        if setup is None:
            return ""
        done = len(setup.steps_done)
        count = f"{done} of {setup.steps_total}" if setup.steps_total else f"{done}"
        steps = f"{count} {'step' if count == '1' else 'steps'} done"
        at = f"“{setup.step}”" if setup.step else "the beginning"
        match AccountSetup.State(setup.state):
            case AccountSetup.State.WAITING:
                return "Waiting for a worker to begin."
            case AccountSetup.State.RUNNING:
                return f"{steps}. Now: {setup.step}." if setup.step else f"{steps}."
            case AccountSetup.State.FAILED:
                return f"Stopped at {at}, {steps}."
            case AccountSetup.State.DONE:
                return f"The account is set up: {steps}."

    @property
    def sentence_id(self) -> str:
        """The id of that sentence on the page."""
        return f"{self.service}-setup-sentence"

    @property
    def poll_seconds(self) -> int | None:
        """How long to wait before asking again; None when asking is over."""
        if self.setup is None or not self.setup.is_open:
            return None
        age = timezone.now() - self.setup.created_at
        return next((pace for limit, pace in _PACES if age < limit), _LAST_PACE)

    @property
    def seen(self) -> str:
        """What the page shows, in one word: as long as it is the same, nothing needs saying."""
        state = self.setup.state if self.setup else ""
        return f"{state}-{crc32(self.sentence.encode()):x}-{self.poll_seconds}"


def setup_panel(organization: Organization, vendor: type[ServiceVendor]) -> SetupPanel | None:
    """What the Settings page shows of a vendor's auto-configure; None where there is none."""
    if Feature.AUTO_CONFIGURE not in vendor.supports or not vendor.supports_org_config():
        return None
    return SetupPanel(vendor.name, vendor.title, setups.latest(organization, vendor.name))


@organization_page(Role.OWNER)
def auto_configure(
    request: OrganizationRequest, organization: Organization, service: str
) -> HttpResponse:
    """Begin, or go on where it failed; one that is under way is shown."""
    vendor = _vendor_or_404(service)
    address = reverse("service_vendors:settings", args=(organization.pk,))
    back = redirect(f"{address}#{vendor.name}-setup")
    if request.method != "POST":
        return back
    try:
        setup = setups.start(organization, vendor.name, actor=request.user)
    except VendorError as error:
        messages.error(request, str(error))
        return back
    if not request.headers.get("HX-Request"):
        return back
    panel = SetupPanel(vendor.name, vendor.title, setup, is_answer=True, begins=True)
    return render(request, PANEL, {"organization": organization, "panel": panel})


@require_safe
@organization_page(Role.OWNER)
def auto_configure_status(
    request: OrganizationRequest, organization: Organization, service: str
) -> HttpResponse:
    """How far it is, for htmx: 204 while that is what the page already shows."""
    vendor = _vendor_or_404(service)
    setup = setups.latest(organization, vendor.name)
    panel = SetupPanel(vendor.name, vendor.title, setup, is_answer=True)
    if request.GET.get("seen") == panel.seen:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, PANEL, {"organization": organization, "panel": panel})


def _vendor_or_404(service: str) -> type[ServiceVendor]:
    """The vendor, if it sets up accounts of organizations."""
    vendor = vendor_or_404(service)
    if Feature.AUTO_CONFIGURE not in vendor.supports or not vendor.supports_org_config():
        raise Http404("This vendor sets no organization's account up by itself.")
    return vendor


_ADDRESS: Final = "admin/<int:organization_id>/settings/<slug:service>/auto-configure"
urlpatterns = [
    path(_ADDRESS, auto_configure, name="settings_auto_configure"),
    path(f"{_ADDRESS}/status", auto_configure_status, name="settings_auto_configure_status"),
]
