"""Twilio's part of the Settings page: each value with where it is in Twilio's console."""

from __future__ import annotations

from service_vendors.vendors.twilio.account import SHAPES
from service_vendors.vendors.twilio.vendor import Twilio
from service_vendors.web.vendor_forms import SecretInput, VendorConfigForm, shaped_field


class ConfigForm(VendorConfigForm):
    """Where each value is found."""

    vendor_class = Twilio

    account_sid = shaped_field(
        *SHAPES["account_sid"],
        help_text="Begins with AC. Open console.twilio.com: it is on the first page, under "
        "“Account Info”. A subaccount has one of its own, under Admin, Account management, "
        "Subaccounts.",
    )
    auth_token = shaped_field(
        *SHAPES["auth_token"],
        widget=SecretInput,
        help_text="On the first page of console.twilio.com, beside the Account SID; “Show” "
        "uncovers it. It is needed beside an API key as well: Twilio signs its webhooks with it. "
        "While you replace it (Admin, Account management, API keys & tokens), write the new and "
        "the old one with a comma between them.",
    )
    message_service_sid = shaped_field(
        *SHAPES["message_service_sid"],
        help_text="Begins with MG. In the console under Messaging, Services: open the service, and "
        "copy the SID from its first page. Messages are sent from the numbers in its sender pool.",
    )
    api_key_sid = shaped_field(
        *SHAPES["api_key_sid"],
        help_text="Begins with SK. In the console under Admin, Account management, API "
        "keys & tokens, “Create API key”, of the type Standard. We then use the key to call "
        "Twilio, and you can withdraw it without touching the Auth Token.",
    )
    api_key_secret = shaped_field(
        *SHAPES["api_key_secret"],
        widget=SecretInput,
        help_text="Twilio shows it once, on the page that makes the key.",
    )
