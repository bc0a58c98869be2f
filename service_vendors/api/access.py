"""Who may use the API, and as what: the same roles as on the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from service_vendors.api import errors
from service_vendors.api.authentication import TokenAuthentication
from service_vendors.models import Membership, Organization, Role

MOST_BYTES: Final = 262_144
LARGEST_ID: Final = 2**63 - 1  # SQLite cannot even look for a larger one


class ApiView(APIView):
    """JSON in, JSON out, for who is logged in or shows a token."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (
        TokenAuthentication,
        SessionAuthentication,
    )
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large before any of it is read."""
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise errors.BodyTooLarge

    def get_exception_handler(self) -> Any:
        """The same shape of error from every view, whatever the host project has set."""
        return errors.handle


class OrganizationView(ApiView):
    """A view of one organization, for its members of a role.

    ``minimum_roles`` holds a method's lowest role; strangers cannot tell the organization exists.
    """

    minimum_roles: ClassVar[dict[str, Role]] = {}
    membership: Membership

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the caller's membership. Raises NotFound for strangers, else PermissionDenied."""
        super().initial(request, *args, **kwargs)
        self.membership = membership_of(caller(request), kwargs["organization_id"])
        minimum = self.minimum_roles.get(request.method or "", Role.OWNER)
        if not self.role.at_least(minimum):
            raise PermissionDenied(
                f"Your role here is {self.role.label}; this takes {minimum.label} or higher. "
                "Ask an owner of the organization."
            )

    @property
    def organization(self) -> Organization:
        """The organization of the address."""
        return self.membership.organization

    @property
    def role(self) -> Role:
        """The caller's role in it."""
        return Role(self.membership.role)


def caller(request: Request) -> AbstractBaseUser:
    """Who calls. Raises NotAuthenticated, where a view's permissions have not done so already."""
    if not isinstance(request.user, AbstractBaseUser):
        raise NotAuthenticated
    return request.user


def membership_of(user: AbstractBaseUser, organization_id: int) -> Membership:
    """A user's membership. Raises NotFound, whether or not there is such an organization."""
    membership = (
        Membership.objects.select_related("organization")
        .filter(user_id=user.pk, organization_id=organization_id)
        .first()
        if organization_id <= LARGEST_ID
        else None
    )
    if membership is None:
        raise NotFound("You belong to no organization with this id. GET /api/organizations.")
    return membership
