"""The API's addresses, to be included below ``/api/``; none ends with a slash."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from service_vendors.api.docs import DocsView, SchemaView, UnknownView
from service_vendors.api.messages import MessagesView, MessageView
from service_vendors.api.organizations import OrganizationsView, VendorView
from service_vendors.api.tokens import TokensView, TokenView

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
        "organizations/<int:organization_id>/vendor",
        VendorView.as_view(),
        name="api_vendor",
    ),
    path("<path:unknown>", UnknownView.as_view(), name="api_unknown"),
]
