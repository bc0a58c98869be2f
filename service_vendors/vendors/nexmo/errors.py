"""Vonage's error codes: what they mean, what to do, and what each says about a message.

Vonage has several tables whose numbers overlap; here they are one, without a clash:

======================  =============  ========================================================
our code                Vonage's       where it comes from
======================  =============  ========================================================
1 to 99                 the same       ``status`` of a part, when the SMS API answers a request
420                     the same       ``error-code`` of the Numbers API
1000 to 1999            the same       the Messages API, in answers and in reports
10000 and above         less 10000     ``err-code`` of a delivery receipt of the SMS API
======================  =============  ========================================================

The numbers are Vonage's, the words are ours. A code that is not here gets a general sentence and
the link.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from service_vendors.types import LookupStatus

# What Vonage's number of a delivery receipt is moved by.
RECEIPT: Final = 10_000
RECEIPT_UNEXPLAINED: Final = RECEIPT + 1

THROTTLED: Final = 1
INVALID_CREDENTIALS: Final = 4
INTERNAL: Final = 5
REFUSED_NUMBER: Final = 420

_LINKS: Final = (
    (RECEIPT, "https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts"),
    (1_000, "https://developer.vonage.com/en/api-errors/messages"),
    (REFUSED_NUMBER, "https://developer.vonage.com/en/api/numbers"),
    (0, "https://developer.vonage.com/en/api-errors/sms"),
)


def link(code: int) -> str:
    """Vonage's own page about a code."""
    return next((url for least, url in _LINKS if code >= least), _LINKS[-1][1])


# Refused for the moment, and surely not sent: the same request will do later.
TRANSIENT: Final = frozenset({THROTTLED, 10, 1000, 1241})

# Something failed inside, and nobody says whether before or after the message was passed on.
DOUBTFUL: Final = frozenset({INTERNAL, 1030, 1100, 1320, 1331})

# The account is not in a state to send anything: the message waits, and the owner learns why.
NOT_CONFIGURED: Final = frozenset(
    {INVALID_CREDENTIALS, 8, 9, 11, 14, 23, 32, 1060, 1070, 1080, 1140}
)

# The contact told Vonage, or their carrier, to stop.
OPTED_OUT: Final = frozenset({1240, RECEIPT + 9})

# What a failure teaches about the contact's number. Phones that are switched off, and texts that
# were filtered, are about a moment or a text and change nothing.
CONTACT_STATUS: Final = MappingProxyType(
    {
        33: LookupStatus.INVALID,
        1170: LookupStatus.INVALID,
        1190: LookupStatus.INVALID,
        RECEIPT + 3: LookupStatus.INVALID,
    }
)

_RECEIPTS: Final = {
    1: "It was not delivered, and the carrier did not say why.",
    2: "The phone was switched off or out of reach. Try again another day.",
    3: "Nobody uses this number any more. Correct it or leave it out.",
    4: "The contact's carrier bars texts to this number. Only the contact can have that changed.",
    5: "The number moved to another carrier, and the text did not find it. Try again later.",
    6: "A carrier took the text for spam. Reword it, leave out shortened links, and check that the "
    "number is registered.",
    7: "The phone was busy. Try again later.",
    8: "A carrier's network failed. Try again later.",
    9: "The contact unsubscribed from this number. Do not text them again.",
    10: "Something in the message was not in order, its alphabet for example.",
    11: "Vonage has no way to this number now. Ask Vonage's support.",
    12: "The number cannot be reached. Check it.",
    13: "The carrier does not deliver texts like this to people of the contact's age.",
    14: "The contact's plan takes no texts.",
    15: "The contact's prepaid credit did not suffice to receive the text.",
    16: "The carrier's limit was reached. Try again later.",
    50: "The country wants the sender's registered entity id, and it was missing or wrong.",
    51: "The country wants a registered sender, and this one is not.",
    52: "The country wants the text's registered content id, and it was missing or wrong.",
    53: "The contact's consent is not on record where the country wants it.",
    54: "A rule of the contact's country stopped it. Ask Vonage's support.",
    99: "It failed on its way, and the carrier gave only a general error.",
}

DESCRIPTIONS: Final = MappingProxyType(
    {
        **{RECEIPT + code: words for code, words in _RECEIPTS.items()},
        # The SMS API's answers
        1: "Too many messages at once. It is tried again, more slowly.",
        2: "Something that Vonage needs was missing from the request.",
        3: "Vonage could not use a value of this message. Check both numbers.",
        4: "Vonage refused these credentials. Check the API key and the API secret in your Vonage "
        "dashboard.",
        5: "Vonage failed inside while it handled this.",
        6: "Vonage could not handle this message. Check the contact's number.",
        7: "Vonage sends nothing to this number: it is on its list of barred ones.",
        8: "The Vonage account is suspended. Its owner must settle that with Vonage.",
        9: "The Vonage account has no credit left. Top it up in the dashboard.",
        10: "Too many connections at once. It is tried again, more slowly.",
        11: "The Vonage account may not use the SMS API. Ask Vonage's support.",
        12: "The text is too long. Shorten it.",
        14: "Vonage wants requests to be signed, and this one was not. Switch that off in the "
        "dashboard under API settings.",
        15: "Vonage does not send from this sender to this country. Send from a number of the "
        "account.",
        22: "Vonage does not know the network that was asked for.",
        23: "Vonage cannot call our address for reports. Set BASE_URL to the public one.",
        29: "The Vonage account is in demo mode and texts only its test numbers. Top it up, or add "
        "this number to them.",
        32: "A signed request may carry no API secret.",
        33: "This number was given up by its owner. Correct it or leave it out.",
        # The Numbers API
        420: "Vonage did not do this with the number. It may be sold already, want an address of "
        "ours, or call our address in vain. Look at it in the dashboard.",
        # The Messages API
        1000: "Too many messages at once. It is tried again, more slowly.",
        1010: "Something that Vonage needs was missing from the request.",
        1020: "Vonage could not use a value of this message. Check both numbers.",
        1030: "Vonage failed inside while it handled this.",
        1040: "Vonage could not handle this message. Check the contact's number.",
        1050: "Vonage sends nothing to this number: it is on its list of barred ones.",
        1060: "The Vonage account is suspended. Its owner must settle that with Vonage.",
        1070: "The Vonage account has no credit left. Top it up in the dashboard.",
        1080: "The Vonage account may not use this API. Ask Vonage's support.",
        1090: "The message is too long. Shorten it.",
        1100: "Vonage lost touch with the carrier while it handled this.",
        1120: "Vonage does not send from this sender to this country. Send from a number of the "
        "account.",
        1130: "The time until which to try was out of Vonage's range.",
        1140: "The Vonage account may not send pictures. Ask Vonage's support.",
        1150: "The class of the message was out of range.",
        1160: "The Vonage account is in demo mode and texts only its test numbers. Top it up, or "
        "add this number to them.",
        1170: "This is not a phone number. Correct it.",
        1180: "The phone was switched off or out of reach. Try again another day.",
        1190: "Nobody uses this number any more. Correct it or leave it out.",
        1200: "The number moved to another carrier, and the message did not find it.",
        1210: "A carrier took the message for spam. Reword it, and check that the number is "
        "registered.",
        1220: "The phone was busy. Try again later.",
        1230: "A carrier's network failed. Try again later.",
        1240: "The contact unsubscribed from this number. Do not text them again.",
        1241: "Too many messages at once. It is tried again, more slowly.",
        1250: "Vonage has no way to this number now. Ask Vonage's support.",
        1260: "The number cannot be reached. Check it.",
        1270: "The carrier does not deliver messages like this to people of the contact's age.",
        1280: "The contact's carrier blocked it: their plan may take no messages.",
        1290: "The contact's prepaid credit did not suffice to receive the message.",
        1300: "The number is not on this network.",
        1310: "The contact's phone takes no pictures. Send a text only.",
        1320: "Vonage says that this message was sent already.",
        1330: "The carrier gave an error that Vonage does not know. Check the contact's number.",
        1331: "The carrier does not answer. Try again later.",
        1340: "It was outside the time in which the carrier allows it.",
        1360: "Its time ran out before it could be delivered.",
        1380: "Vonage could not fetch the picture. Its address must be public.",
        1381: "The picture is too large. Send a smaller one.",
        1382: "The picture is of a kind that Vonage does not send.",
        1400: "Vonage does not send pictures this way. Ask Vonage's support.",
        1410: "Vonage could not use a value of this message. Check both numbers.",
        1420: "This number cannot send pictures. Link it to the application in the dashboard, or "
        "use one that can.",
        1430: "The contact's number cannot receive pictures. Check it.",
        1440: "Vonage does not send this kind of message by MMS.",
        1450: "Our reference was longer than Vonage takes.",
    }
)


def of_receipt(code: str) -> int:
    """Our code for the ``err-code`` of a delivery receipt that tells of a failure.

    A receipt that gives none, or nothing that is a number, or the 0 that means success, is one
    without an explanation.
    """
    known = code.isascii() and code.isdigit() and len(code) <= 4 and int(code) > 0
    return RECEIPT + int(code) if known else RECEIPT_UNEXPLAINED
