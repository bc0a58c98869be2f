"""What can go wrong between us and a service vendor, and what each failure promises.

The three send failures answer one question: *may the contact have received it?* Everything the
engine does afterwards (repeat, give up, or wait for news) follows from the class alone, so a
vendor never needs to know about retries and the engine never needs to know about status codes.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation

from service_vendors.types import LookupStatus


class ServiceVendorsError(Exception):
    """Base of every error this app raises on purpose; its text may be shown to a person."""


class VendorError(ServiceVendorsError):
    """A vendor refused, failed or could not be reached.

    ``code`` is the vendor's own error code, or None when it gave none.
    """

    def __init__(self, message: str = "", *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class TransientVendorError(VendorError):
    """Surely not sent, and may work later (connection refused, 429, a documented 5xx).

    ``retry_after_seconds`` is what the vendor asked for, or None.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


class PermanentVendorError(VendorError):
    """Surely not sent, and it never will be (bad number, unsubscribed, too long).

    ``opted_out`` is true when the vendor refused because the contact unsubscribed there;
    ``contact_status`` is what the refusal teaches about the contact's number, if anything.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        opted_out: bool = False,
        contact_status: LookupStatus | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.opted_out = opted_out
        self.contact_status = contact_status


class SendUncertain(VendorError):
    """May have been sent: the request went out and no clear answer came back. Never repeat it."""


class VendorNotConfigured(VendorError, ImproperlyConfigured):
    """The organization's vendor lacks something it needs; the text says what."""


class UnsupportedFeature(VendorError):
    """The vendor does not declare this feature in ``supports``."""


class UnknownVendor(VendorError, LookupError):
    """No active vendor has this name."""


class WebhookRejected(VendorError, SuspiciousOperation):
    """A webhook could not be proven to come from the vendor. Nothing of it was read."""


class ConfigurationRejected(VendorError):
    """The vendor refused new settings.

    ``field_errors`` maps a config field's name to a sentence for the person who typed it.
    """

    def __init__(self, message: str, *, field_errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.field_errors = dict(field_errors or {})


class MessageRefused(ServiceVendorsError):
    """A message was not accepted for sending; nothing was stored and nothing will be sent."""


class MediaRefused(MessageRefused):
    """A picture's address is none that a vendor could fetch."""


class ContactOptedOut(MessageRefused):
    """The contact asked this organization to stop texting them."""


class ContactNotTextable(MessageRefused):
    """A lookup or an earlier text showed that the number takes no texts."""


class IdempotencyConflict(MessageRefused):
    """The idempotency key was already used for a different message."""


class LookupRefused(ServiceVendorsError):
    """A lookup was not begun, and nothing was paid for; the text says why, and what to do."""


class LookupTooDear(LookupRefused):
    """A lookup would cost more than was agreed to, or an owner has to agree to its cost."""


class LookupUnderWay(ServiceVendorsError):
    """Somebody else is asking about this number now; the answer will be there soon."""


class LookupInDoubt(VendorError):
    """A paid lookup's answer was lost: it may have been charged. It is not asked again at once."""


class NumbersRefused(ServiceVendorsError):
    """A request about phone numbers was not accepted; nothing was bought, released or changed."""


class InventoryOff(NumbersRefused):
    """The organization may not manage phone numbers here, or its vendor sells none."""


class NumbersConflict(NumbersRefused):
    """The idempotency key was already used for a different request about phone numbers."""
