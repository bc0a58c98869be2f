"""The vendor's part of the Settings page: one field for each of its ``config_fields``.

The base class adds what all vendors need: a blank secret keeps the stored one, no secret is ever
shown, and nothing is saved before the company agreed.
"""

from __future__ import annotations

from django import forms
from django.core.validators import URLValidator

from service_vendors.vendors.fakeservice.vendor import FakeService
from service_vendors.web.vendor_forms import SecretInput, VendorConfigForm, shaped_field


class ConfigForm(VendorConfigForm):
    """Where each value is found, in the words of the company's own pages."""

    vendor_class = FakeService

    api_url = forms.URLField(
        assume_scheme="http",
        max_length=500,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Where the fake company listens. “manage.py fakeservice” prints this address "
        "when it starts; the demo starts one of its own.",
    )
    account_sid = shaped_field(
        r"[\w.-]{1,100}",
        "Use up to 100 letters, digits, dots, hyphens and underscores.",
        help_text="Any name of letters, digits, dots, hyphens and underscores: the fake company "
        "opens an account for it.",
    )
    api_key = forms.CharField(
        max_length=200,
        widget=SecretInput,
        help_text="Any key will do. One that contains “wrong” is refused, for you to see what "
        "happens then.",
    )
    signing_secret = forms.CharField(
        max_length=500,
        widget=SecretInput,
        help_text="What the fake company signs its calls with; it is told when you save. While "
        "you replace it, write the new and the old one with a comma between them. Leave it empty "
        "to have calls signed with the API key.",
    )
