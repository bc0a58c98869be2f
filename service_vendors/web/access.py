"""Who may open a page, and what every page shows around its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh

from service_vendors import inventory
from service_vendors.configuration import VendorStatus, vendor_status
from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Membership, Organization, Role
from service_vendors.sending import breaker
from service_vendors.types import Feature
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

if TYPE_CHECKING:
    from django.contrib.auth.models import User

P = ParamSpec("P")


class OrganizationRequest(HttpRequest):
    """A request of a logged-in member. Only a type: ``organization_page`` sets the attribute."""

    user: User
    membership: Membership


OrganizationView = Callable[Concatenate[OrganizationRequest, Organization, P], HttpResponseBase]
PlainView = Callable[..., HttpResponseBase]  # with ``organization_id`` from the URL


@dataclass(frozen=True, slots=True)
class VendorBadge:
    """What the header says about the vendor. ``url`` leads to the remedy, "" for who may not."""

    title: str
    ready: bool
    in_trouble: bool
    reason: str
    url: str = ""

    @property
    def state(self) -> str:
        """Ready or not, in words."""
        if not self.ready:
            return "not ready"
        return "trouble" if self.in_trouble else "ready"


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One link of the navigation."""

    title: str
    url: str
    icon_template: str
    current: bool


@dataclass(frozen=True, slots=True)
class OtherOrganization:
    """Another organization of the same person, and where they begin there."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that the navigation may show; some need a vendor with a feature, or a switch on."""

    title: str
    name: str
    minimum: Role
    feature: Feature | None = None
    switch: Callable[[Organization], bool] = lambda organization: True


_PAGES: Final = (
    _Page("Messages", "messages", Role.TEXTER),
    _Page("Contacts", "contacts", Role.ADMIN),
    _Page("Phone numbers", "phone_numbers", Role.ADMIN, Feature.NUMBERS, inventory.is_on),
    _Page("Handset", "handset", Role.ADMIN, Feature.HANDSET),
    _Page("Set aside", "set_aside", Role.ADMIN),
    _Page("Settings", "settings", Role.OWNER),
)


def organization_page(
    minimum: Role,
) -> Callable[[OrganizationView[P]], PlainView]:
    """Decorate ``view(request, organization, ...)``: for members of at least this role.

    Nobody logged in: the log-in page (htmx is told to reload, which leads there). Strangers: 404,
    whether or not there is such an organization. A lower role, or a suspended member: 403.
    The URL gives ``organization_id``; the view finds ``request.membership``.
    """

    def decorate(view: OrganizationView[P]) -> PlainView:
        @never_cache
        @wraps(view)
        def page(
            request: HttpRequest, organization_id: int, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request)
            membership = membership_of(request.user, organization_id)
            role = Role(membership.role)
            if role is Role.SUSPENDED:
                raise PermissionDenied(
                    f"Your membership of {membership.organization} is suspended. "
                    "Ask an owner to lift that."
                )
            if not role.at_least(minimum):
                raise PermissionDenied(
                    f"You are {_with_article(role)} of {membership.organization}; this page is for "
                    f"{minimum.label.lower()}s"
                    f"{'' if minimum is Role.OWNER else ' and above'}. Ask an owner if you need it."
                )
            ours = cast(OrganizationRequest, request)
            ours.membership = membership
            return view(ours, membership.organization, *args, **kwargs)

        return page

    return decorate


def membership_of(user: AbstractBaseUser, organization_id: int) -> Membership:
    """A user's membership. Raises Http404, whether or not there is such an organization."""
    membership = None
    if organization_id <= BigIntegerField.MAX_BIGINT:  # a larger one would break SQLite's driver
        membership = (
            Membership.objects.select_related("organization")
            .filter(user_id=user.pk, organization_id=organization_id)
            .first()
        )
    if membership is None:
        raise Http404("You belong to no organization with this number.")
    return membership


def page_context(
    request: OrganizationRequest, organization: Organization, **extra: Any
) -> dict[str, Any]:
    """What the layout needs, with a page's own ``extra``: pass it to ``render``."""
    role = Role(request.membership.role)
    status: VendorStatus = extra.pop("status", None) or vendor_status(organization)
    return {
        "organization": organization,
        "membership": request.membership,
        "role": role,
        "is_owner": role.at_least(Role.OWNER),
        "is_admin": role.at_least(Role.ADMIN),
        "vendor_badge": vendor_badge(organization, role, status),
        "vendor_status": status,
        "navigation": navigation(request, organization, role, status),
        "other_organizations": [
            OtherOrganization(other.organization.name, first_page(other))
            for other in active_memberships(request.user).exclude(organization=organization)
        ],
        **extra,
    }


def active_memberships(user: AbstractBaseUser) -> QuerySet[Membership]:
    """A user's memberships that are not suspended, by the organization's name."""
    return (
        Membership.objects.filter(user_id=user.pk)
        .exclude(role=Role.SUSPENDED)
        .select_related("organization")
        .order_by("organization__name", "organization_id")
    )


def first_page(membership: Membership) -> str:
    """The address where a member begins: owners at the settings, everyone else at the messages."""
    owns = Role(membership.role).at_least(Role.OWNER)
    name = "settings" if owns else "messages"
    return reverse(f"service_vendors:{name}", args=(membership.organization_id,))


def vendor_badge(organization: Organization, role: Role, status: VendorStatus) -> VendorBadge:
    """The badge of the header, as much of it as a role may know."""
    standing = breaker.standing(status.account) if status.ready else None
    in_trouble = standing is not None and not standing.is_closed
    if not role.at_least(Role.OWNER):
        url = ""
        reason = "" if status.ready else "Texts wait until an owner has completed the settings."
        if role.at_least(Role.ADMIN) and status.reason:
            reason = f"{reason} {status.reason}"
    else:
        url = reverse("service_vendors:settings", args=(organization.pk,)) + "#ready"
        reason = status.reason
    if standing is not None and in_trouble:
        reason = (
            "Too many calls failed: texts wait or go through another vendor until it works again."
        )
        if role.at_least(Role.ADMIN) and standing.last_error:
            reason = f"{reason} The last error was: {standing.last_error}"
    return VendorBadge(vendor_title(status), status.ready, in_trouble, reason, url)


def vendor_title(status: VendorStatus) -> str:
    """The name of the vendor that sends, as people know it."""
    return registry.vendor_class(status.active.name).title if status.active else "No vendor"


def vendor_or_404(service: str) -> type[ServiceVendor]:
    """The active vendor that an address names. Raises Http404."""
    try:
        return registry.vendor_class(service)
    except UnknownVendor as error:
        raise Http404("There is no active vendor of this name.") from error


def navigation(
    request: HttpRequest, organization: Organization, role: Role, status: VendorStatus
) -> list[NavigationItem]:
    """The pages there are for this role and this vendor; the one that is open is marked."""
    features: frozenset[Feature] = frozenset()
    if status.active:
        features = registry.vendor_class(status.active.name).supports
    pages = [
        (page, reverse(f"service_vendors:{page.name}", args=(organization.pk,)))
        for page in _PAGES
        if role.at_least(page.minimum)
        and (page.feature is None or page.feature in features)
        and page.switch(organization)
    ]
    # One page's address may begin with another's; the longest that fits is the one that is open.
    fitting = [url for _, url in pages if f"{request.path}/".startswith(f"{url}/")]
    here = max(fitting, key=len, default="")
    return [
        NavigationItem(
            page.title, url, f"service_vendors/icons/{page.name}.svg", current=url == here
        )
        for page, url in pages
    ]


def _to_login(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponseClientRefresh()
    return redirect_to_login(request.get_full_path())


def _with_article(role: Role) -> str:
    return f"{'an' if role.label[0] in 'AEIOU' else 'a'} {role.label.lower()}"
