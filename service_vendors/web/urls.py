"""The pages. Each module lists its own addresses."""

from __future__ import annotations

from service_vendors.web import (
    account_setup,
    contacts,
    conversation,
    doubts,
    handset,
    health,
    home,
    lookup_jobs,
    manager_offer,
    messages,
    metrics,
    number_orders,
    number_uses,
    phone_numbers,
    set_aside,
    settings,
    settings_cards,
    settings_webhooks,
    timeline,
    vendor_trouble,
)

urlpatterns = [
    *home.urlpatterns,
    *health.urlpatterns,
    *metrics.urlpatterns,
    *settings_cards.urlpatterns,  # before settings: "texting-hours" is no vendor's name
    *settings.urlpatterns,
    *settings_webhooks.urlpatterns,
    *vendor_trouble.urlpatterns,
    *manager_offer.urlpatterns,
    *account_setup.urlpatterns,
    *messages.urlpatterns,
    *set_aside.urlpatterns,  # before conversation: "set-aside" is no contact's number
    *doubts.urlpatterns,
    *timeline.urlpatterns,  # before conversation: a reference is no contact's number
    *conversation.urlpatterns,
    *handset.urlpatterns,
    *lookup_jobs.urlpatterns,  # before contacts: "lookups" is no contact's number
    *contacts.urlpatterns,
    *phone_numbers.urlpatterns,
    *number_orders.urlpatterns,
    *number_uses.urlpatterns,
]
