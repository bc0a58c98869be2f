"""Vonage's part of the Settings page: each value with where it is in the dashboard."""

from __future__ import annotations

from django import forms

from service_vendors.vendors.nexmo.account import SHAPES
from service_vendors.vendors.nexmo.signatures import MD5HASH
from service_vendors.vendors.nexmo.vendor import Nexmo
from service_vendors.web.vendor_forms import (
    SecretInput,
    SecretTextarea,
    VendorConfigForm,
    shaped_field,
)

METHODS = (
    ("", "Not chosen here"),
    (MD5HASH, "MD5 hash"),
    ("md5", "MD5 HMAC"),
    ("sha1", "SHA-1 HMAC"),
    ("sha256", "SHA-256 HMAC"),
    ("sha512", "SHA-512 HMAC"),
)


class ConfigForm(VendorConfigForm):
    """Where each value is found."""

    vendor_class = Nexmo

    account_id = shaped_field(
        *SHAPES["account_id"],
        help_text="Eight letters and digits. Open dashboard.vonage.com: it is under Settings, API "
        "Settings, at the top.",
    )
    api_secret = shaped_field(
        *SHAPES["api_secret"],
        widget=SecretInput,
        help_text="On the same page of the Vonage dashboard, as API secret 1 or 2.",
    )
    signature_secret = shaped_field(
        *SHAPES["signature_secret"],
        widget=SecretInput,
        help_text="On the same page of the Vonage dashboard, further down. Vonage signs its calls "
        "to us with it, and a call that is not signed is refused. While you replace it, write the "
        "new and the old one with a comma between them.",
    )
    signature_method = forms.ChoiceField(
        choices=METHODS,
        help_text="What the Vonage dashboard shows beside the signature secret. SHA-256 HMAC is "
        "safer than what a new account begins with: set it there and here.",
    )
    application_id = shaped_field(
        *SHAPES["application_id"],
        help_text="Optional: for pictures and lookups. In the Vonage dashboard under Applications: "
        "open yours, or create one with the capability “Messages”.",
    )
    private_key = forms.CharField(
        max_length=8_000,
        widget=SecretTextarea,
        help_text="The whole file private.key that Vonage had your browser save when the "
        "application was made, from “-----BEGIN PRIVATE KEY-----” to “-----END PRIVATE KEY-----”.",
    )
