"""The API's addresses, to be included below ``/api/``; none ends with a slash."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from service_vendors.api.contacts import ContactLookupView, ContactView
from service_vendors.api.docs import DocsView, SchemaView, UnknownView
from service_vendors.api.lookups import LookupsView, LookupView
from service_vendors.api.messages import MessagesView, MessageView
from service_vendors.api.number_uses import NumberUsesView
from service_vendors.api.organizations import OrganizationsView, VendorView
from service_vendors.api.phone_numbers import (
    AreaCountsView,
    NumberJobCancelView,
    NumberJobsView,
    NumberJobView,
    OfferView,
    PhoneNumbersView,
)
from service_vendors.api.tokens import TokensView, TokenView

_NUMBERS = "organizations/<int:organization_id>/phone-numbers"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="service_vendors:api_docs"), name="api"),
    path("schema", SchemaView.as_view(), name="api_schema"),
    path("docs", DocsView.as_view(), name="api_docs"),
    path("tokens", TokensView.as_view(), name="api_tokens"),
    path("tokens/<str:token_id>", TokenView.as_view(), name="api_token"),
    path("organizations", OrganizationsView.as_view(), name="api_organizations"),
    path(
        "organizations/<int:organization_id>/messages",
        MessagesView.as_view(),
        name="api_messages",
    ),
    path(
        "organizations/<int:organization_id>/messages/<uuid:reference>",
        MessageView.as_view(),
        name="api_message",
    ),
    path(
        "organizations/<int:organization_id>/contacts/<str:contact_number>",
        ContactView.as_view(),
        name="api_contact",
    ),
    path(
        "organizations/<int:organization_id>/contacts/<str:contact_number>/lookup",
        ContactLookupView.as_view(),
        name="api_contact_lookup",
    ),
    path(
        "organizations/<int:organization_id>/lookups",
        LookupsView.as_view(),
        name="api_lookups",
    ),
    path(
        "organizations/<int:organization_id>/lookups/<int:job_id>",
        LookupView.as_view(),
        name="api_lookup",
    ),
    path(
        "organizations/<int:organization_id>/vendor",
        VendorView.as_view(),
        name="api_vendor",
    ),
    path(_NUMBERS, PhoneNumbersView.as_view(), name="api_phone_numbers"),
    path(f"{_NUMBERS}/area-codes", AreaCountsView.as_view(), name="api_area_codes"),
    path(f"{_NUMBERS}/uses", NumberUsesView.as_view(), name="api_number_uses"),
    path(f"{_NUMBERS}/offer", OfferView.as_view(), name="api_number_offer"),
    path(f"{_NUMBERS}/jobs", NumberJobsView.as_view(), name="api_number_jobs"),
    path(f"{_NUMBERS}/jobs/<uuid:reference>", NumberJobView.as_view(), name="api_number_job"),
    path(
        f"{_NUMBERS}/jobs/<uuid:reference>/cancel",
        NumberJobCancelView.as_view(),
        name="api_number_job_cancel",
    ),
    path("<path:unknown>", UnknownView.as_view(), name="api_unknown"),
]
