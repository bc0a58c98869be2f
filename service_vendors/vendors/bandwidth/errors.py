"""Bandwidth's error codes: what they mean, what to do, and what they teach.

Codes and their groups: https://dev.bandwidth.com/docs/messaging/errors/ and
https://dev.bandwidth.com/docs/numbers/errors/. The first digit says whose fault it was: 4 ours or
the contact's (never send it again), 5 Bandwidth's or a carrier's (it may work later), 9 is unclear.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from service_vendors.types import LookupStatus

LINK: Final = "https://dev.bandwidth.com/docs/messaging/errors/"

EXPIRED: Final = 4360
BAD_REQUEST: Final = 400
QUEUE_FULL: Final = 429
UNSUBSCRIBED: Final = frozenset({4475, 4775})

# Bandwidth refuses a request without a code: it names the field, which says as much.
CODE_OF_FIELD: Final = MappingProxyType(
    {
        "applicationId": 4452,
        "expiration": EXPIRED,
        "from": 4403,
        "media": 4412,
        "text": 4751,
        "to": 4303,
    }
)

# What a failure teaches about the contact's number. A phone that is off (4702), a carrier that
# refuses (4750) or takes a text for spam (4770) is about a moment or a text, not about the number.
CONTACT_STATUS: Final = MappingProxyType(
    {
        4303: LookupStatus.INVALID,
        4406: LookupStatus.INVALID,
        4432: LookupStatus.FOREIGN,
        4700: LookupStatus.LANDLINE,
        4720: LookupStatus.INVALID,
        4721: LookupStatus.INVALID,
    }
)

DESCRIPTIONS: Final = MappingProxyType(
    {
        # The contact's number
        4303: "This is not a phone number that can be reached. Correct it.",
        4350: "The message could not be put as the contact's number wants it. Check the number.",
        4404: "The contact's number takes no messages. Check it.",
        4406: "No carrier has the contact's number. Correct it.",
        4408: "Bandwidth does not know the contact's number. Check it.",
        4409: "The contact's number takes no messages in the way it is set up.",
        4432: "The account may not text this country. Ask Bandwidth to allow it.",
        4434: "The contact's number is a toll-free one that takes no texts.",
        4482: "Texts to this contact are blocked. Leave them out.",
        4492: "Nobody texts an emergency number. Correct it.",
        4700: "The contact's phone or carrier takes no texts. It may be a landline.",
        4701: "The contact's phone cannot be reached, or has no texting. Try again another day.",
        4702: "The contact's phone was switched off or out of reach. Try again another day.",
        4720: "The contact's number does not exist, says the carrier. Correct it.",
        4721: "Nobody has the contact's number any more. Correct it.",
        4753: "The contact's phone refused the message.",
        4475: "The contact unsubscribed. Do not text them again unless they reply START.",
        4775: "The contact unsubscribed. Do not text them again unless they reply START.",
        # The number we send from, and the account
        4001: "The account may not do this. Check with Bandwidth what it is allowed.",
        4302: "The number to send from is no phone number. Correct it.",
        4403: "The account cannot send from this number. Use one of its location that takes texts.",
        4405: "The number to send from is not in service.",
        4407: "The number to send from is not the account's.",
        4431: "The account may not send from short codes.",
        4433: "The account may not send from toll-free numbers.",
        4451: "Bandwidth does not know this account. Check the account ID.",
        4452: "The application is not this account's. Check the application ID.",
        4476: "The number we sent from is not registered. Register it with Bandwidth.",
        4481: "Bandwidth has blocked the number we sent from. Ask its support why.",
        4493: "The credentials may not send from this account. Check their roles.",
        4740: "The carrier does not know the number we sent from.",
        4772: "The carrier blocks the number we sent from, or the contact's. Ask Bandwidth.",
        4773: "The 10DLC campaign of the number we sent from is not active.",
        4774: "The number we sent from is not set up completely with the carriers. Ask Bandwidth.",
        4790: "The contact's carrier refuses this short code.",
        4791: "The contact's carrier does not allow this short code's campaign.",
        4792: "The contact's carrier does not know this short code.",
        4793: "The short code has expired with the contact's carrier.",
        4795: "The toll-free number is not verified. Have Bandwidth verify it.",
        # The text and its pictures
        4301: "The text has characters that cannot be sent. Take them out.",
        4410: "Bandwidth could not fetch a picture. Its address must be public.",
        4411: "The pictures are too large. Send smaller ones.",
        4412: "A picture is of a kind that Bandwidth does not send.",
        4435: "The message has too many recipients.",
        4470: "Bandwidth took the text for spam. Reword it, and leave out shortened links.",
        4710: "The carrier could not fetch a picture. Its address must be public.",
        4711: "The pictures are too large for the carrier. Send smaller ones.",
        4712: "A picture is of a kind that the carrier does not take.",
        4735: "The message has too many recipients for the carrier.",
        4751: "The text is too long, or empty. Bandwidth takes 2,048 characters.",
        4752: "The carrier could not read the message.",
        4754: "The contact's phone does not take this kind of message.",
        4770: "The carrier took the text for spam. Reword it, leave out shortened links, and check "
        "that the number is registered.",
        4771: "The carrier refuses shortened links. Use an address of your own.",
        # On its way
        EXPIRED: "Its time ran out before it could be sent.",
        4401: "Bandwidth found no way for it. Check that it is not to the number we send from.",
        4420: "Bandwidth knows no way to the contact's carrier.",
        4421: "The account may not send to where the contact's number is.",
        4730: "There is no way to the contact's carrier at present.",
        4750: "The carrier refused it and did not say why.",
        4780: "T-Mobile's limit for this campaign was reached. Try again tomorrow.",
        4781: "AT&T's limit for this campaign was reached. Slow down.",
        4785: "The carrier's limit was reached. Slow down.",
        4794: "Its time ran out before the carrier could deliver it.",
        5100: "Bandwidth failed inside while it handled this.",
        5101: "Bandwidth was being restarted. Send it again later.",
        5106: "Bandwidth tried several times and could not deliver it.",
        5111: "Bandwidth lost its connection while it handled this.",
        5201: "Bandwidth tried several times and could not deliver it.",
        5211: "Bandwidth was too busy. Send it again later.",
        5220: "Bandwidth could not store the message.",
        5231: "Bandwidth did not get all parts of the message.",
        5500: "The contact's carrier failed while it handled this.",
        5501: "There was nowhere to send it.",
        5600: "The contact's carrier was overloaded. Send it again later.",
        5610: "The carrier failed while it took the message.",
        5620: "The carrier failed inside while it handled this.",
        5630: "The carrier did not answer.",
        5650: "The carrier could not deliver it.",
        5999: "Bandwidth failed and did not say why.",
        9902: "Nobody reported whether it was delivered; it may have been.",
        9999: "The carrier reported a failure that Bandwidth does not know.",
        # Answers of the API itself
        BAD_REQUEST: "Bandwidth could not use a value of this request.",
        403: "The credentials may not do this. Check their roles and the account ID.",
        404: "Bandwidth knows no such thing. It may be deleted, or be another account's.",
        415: "Bandwidth could not read the request.",
        QUEUE_FULL: "Too many messages wait to go out. It is tried again, more slowly.",
    }
)

# The Numbers API has codes of its own, some of them the same numbers as above.
NOTHING_TO_SELL: Final = frozenset({4023, 4024, 5005, 5008, 5017, 5018})
NUMBERS: Final = MappingProxyType(
    {
        4000: "Bandwidth does not know this area code.",
        4010: "Bandwidth could not use this search.",
        4014: "The credentials may not search numbers. Give them the Ordering role.",
        4023: "Bandwidth sells no numbers in this area. Try a nearby one.",
        4024: "The numbers there are of a tier that the account may not buy.",
        5000: "Bandwidth does not know this account. Check the account ID.",
        5006: "Bandwidth could not disconnect the number.",
        5007: "This is more than the account may order.",
        5012: "The account is locked. Its owner must settle that with Bandwidth.",
        5016: "Bandwidth does not know this sub-account. Check its ID.",
        5018: "Bandwidth has no numbers in this area now. Try a nearby one.",
        5020: "The sub-account has no default location. Set one in the Bandwidth App.",
        5023: "Bandwidth does not know this location. Check its ID.",
        5051: "The credentials may not order numbers. Give them the Ordering role.",
        5052: "Bandwidth takes order names of letters, digits, dashes and blanks only, up to 40.",
        5183: "The account may not order numbers. Ask Bandwidth to allow it.",
        13609: "The account has no messaging over HTTP. Ask Bandwidth to switch it on.",
        13629: "There is no such application in this account.",
    }
)


def describe(code: int | None) -> str:
    """What a messaging code means, or "" where it is not in the table."""
    return DESCRIPTIONS.get(code or 0, "")
