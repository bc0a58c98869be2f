"""Bandwidth's part of the Settings page: each value with where it is in the Bandwidth App."""

from __future__ import annotations

from typing import Final

from django import forms

from service_vendors.vendors.bandwidth.vendor import Bandwidth
from service_vendors.web.vendor_forms import SecretInput, VendorConfigForm, shaped_field

MADE_BY_US: Final = "Leave it empty to have auto-configure make one."


def _id(help_text: str) -> forms.Field:
    """A field for an id of Bandwidth's, which becomes part of addresses."""
    words = "An ID has letters, digits and dashes only. Copy it again."
    return shaped_field(r"[A-Za-z0-9_-]{1,100}", words, help_text=help_text)


class ConfigForm(VendorConfigForm):
    """Where each value is found."""

    vendor_class = Bandwidth

    account_id = _id(
        "A number of seven digits or so. Open app.bandwidth.com: it is at the top on the right, "
        "and in the page's address."
    )
    client_id = forms.CharField(
        max_length=300,
        help_text="In the Bandwidth App under Account, API Credentials, “Create”. Give the "
        "credentials the roles for numbers, messaging and account settings.",
    )
    client_secret = forms.CharField(
        max_length=1_000,
        widget=SecretInput,
        help_text="Bandwidth shows it once, right after the credentials are made. You can make "
        "new ones at any time and replace both values here.",
    )
    site_id = _id(
        f"In the Bandwidth App under Account, Sub-accounts: the number beside the name. "
        f"{MADE_BY_US}"
    )
    sip_peer_id = _id(
        f"In the Bandwidth App under Account, Locations. It must be in that sub-account, with "
        f"messaging over HTTP. {MADE_BY_US}"
    )
    application_id = _id(
        f"In the Bandwidth App under Applications: a messaging application (V2). {MADE_BY_US}"
    )
    callback_user = shaped_field(
        r"[\x21-\x39\x3b-\x7e]{1,100}",
        "Use letters, digits and signs, without colons and blanks.",
        help_text="Bandwidth shows this and the password with every call. Auto-configure tells it "
        f"both, and a change of them is told when you save. {MADE_BY_US}",
    )
    callback_password = shaped_field(
        r"[\x21-\x7e]{12,200}",
        "Use 12 letters, digits and signs or more, without blanks.",
        widget=SecretInput,
        help_text="Make it long and random. To replace it, write the new and the old one with a "
        f"comma between them, and a day later the new one alone. {MADE_BY_US}",
    )
    state_code = shaped_field(
        r"[A-Za-z]{2}",
        "Write its two letters, such as NY.",
        help_text="Its two letters, such as NY.",
    )
    zip = shaped_field(r"[0-9]{5}", "Write its five digits.", help_text="Five digits.")
