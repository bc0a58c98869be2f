"""The pages. Each module lists its own addresses."""

from __future__ import annotations

from service_vendors.web import conversation, handset, health, home, messages, set_aside, settings

urlpatterns = [
    *home.urlpatterns,
    *health.urlpatterns,
    *settings.urlpatterns,
    *messages.urlpatterns,
    *set_aside.urlpatterns,  # before conversation: "set-aside" is no contact's number
    *conversation.urlpatterns,
    *handset.urlpatterns,
]
