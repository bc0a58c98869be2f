"""What has to be known of an account at Bandwidth."""

from __future__ import annotations

from typing import Final

from service_vendors.types import ConfigField

FIELDS: Final = (
    ConfigField(
        "account_id",
        "BANDWIDTH_ACCOUNT_ID",
        "Account ID",
        help="A number of seven digits or so, on the first page of the Bandwidth App, at the top "
        "on the right.",
        destination=True,
    ),
    ConfigField(
        "client_id",
        "BANDWIDTH_CLIENT_ID",
        "Client ID",
        help="Of API credentials, which the Bandwidth App makes under Account, API Credentials.",
        required=False,
    ),
    ConfigField(
        "client_secret",
        "BANDWIDTH_CLIENT_SECRET",
        "Client secret",
        help="Bandwidth shows it once, when the API credentials are made.",
        secret=True,
        required=False,
    ),
    ConfigField(
        "site_id",
        "BANDWIDTH_SITE_ID",
        "Sub-account (site) ID",
        help="In the Bandwidth App under Account, Sub-accounts. Auto-configure creates one.",
        required=False,
    ),
    ConfigField(
        "sip_peer_id",
        "BANDWIDTH_SIP_PEER_ID",
        "Location (SIP peer) ID",
        help="In the Bandwidth App under Account, Locations. Auto-configure creates one.",
        required=False,
    ),
    ConfigField(
        "application_id",
        "BANDWIDTH_APPLICATION_ID",
        "Application ID",
        help="In the Bandwidth App under Applications. Auto-configure creates one.",
        required=False,
    ),
    ConfigField(
        "callback_user",
        "BANDWIDTH_CALLBACK_USER",
        "Callback user",
        help="What Bandwidth shows when it calls us, together with the password. Make both up, or "
        "let auto-configure do it.",
        required=False,
    ),
    ConfigField(
        "callback_password",
        "BANDWIDTH_CALLBACK_PASSWORD",
        "Callback password",
        help="Long and random. While you replace it, the new and the old one, with a comma "
        "between them.",
        secret=True,
        required=False,
    ),
    # What a sub-account is created with.
    ConfigField(
        "house_number",
        "BANDWIDTH_HOUSE_NUMBER",
        "House number",
        help="Of your address, which Bandwidth wants of a sub-account. Only to create one.",
        required=False,
    ),
    ConfigField(
        "street_name",
        "BANDWIDTH_STREET_NAME",
        "Street",
        help="Without the house number.",
        required=False,
    ),
    ConfigField("city", "BANDWIDTH_CITY", "City", help="Of that address.", required=False),
    ConfigField(
        "state_code",
        "BANDWIDTH_STATE_CODE",
        "State",
        help="Its two letters, such as NY.",
        required=False,
    ),
    ConfigField("zip", "BANDWIDTH_ZIP", "ZIP code", help="Five digits.", required=False),
    # Ends on 2026-12-02.
    ConfigField(
        "api_user",
        "BANDWIDTH_API_USER",
        "Legacy API user",
        help="Bandwidth ends these on 2 December 2026; it counts only without API credentials.",
        required=False,
    ),
    ConfigField(
        "api_password",
        "BANDWIDTH_API_PASSWORD",
        "Legacy API password",
        help="Belongs to the legacy API user.",
        secret=True,
        required=False,
    ),
)

TITLES: Final = {field.name: field.title for field in FIELDS}
SECRETS: Final = tuple(field.name for field in FIELDS if field.secret)
ADDRESS: Final = ("house_number", "street_name", "city", "state_code", "zip")
