"""Twilio's error codes: what they mean, what to do, and what each says about a message.

The numbers are Twilio's (https://www.twilio.com/docs/api/errors); the words are ours. A code that
is not here gets a general sentence and the link.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from service_vendors.types import LookupStatus

AUTHENTICATE: Final = 20003
ACCOUNT_NOT_ACTIVE: Final = 20005
NOT_FOUND: Final = 20404
TOO_MANY_REQUESTS: Final = 20429
NOT_A_NUMBER_TO_BUY: Final = 21421
NUMBER_NOT_AVAILABLE: Final = 21422
UNSUBSCRIBED: Final = 21610
ALREADY_IN_SERVICE: Final = 21710
NOT_IN_SERVICE: Final = 21711
IN_ANOTHER_SERVICE: Final = 21712
POOL_FULL: Final = 21714


# Lower ones are about who asks, and how.
FIRST_OF_A_MESSAGE: Final = 21_000


def link(code: int) -> str:
    """Twilio's own page about a code."""
    return f"https://www.twilio.com/docs/api/errors/{code}"


# Refused for the moment: the same request will do later.
TRANSIENT: Final = frozenset({14107, 20162, TOO_MANY_REQUESTS, 21611, 63038})

# The account is not in a state to send anything: the message waits, and the owner learns why.
NOT_CONFIGURED: Final = frozenset(
    {
        AUTHENTICATE,
        ACCOUNT_NOT_ACTIVE,
        20006,
        20008,
        20010,
        20403,
        21603,
        21622,
        21701,
        21702,
        21703,
        21704,
        21705,
        30002,
        30037,
    }
)

OPTED_OUT: Final = frozenset({UNSUBSCRIBED, 30630})

# What a failure teaches about the contact's number. 30003 (switched off), 30004 (blocked), 30007
# (filtered) and 30008 (unknown) are about a moment or a text, not about the number: they are kept
# as its last error, and change nothing else.
CONTACT_STATUS: Final = MappingProxyType(
    {
        21211: LookupStatus.INVALID,
        21217: LookupStatus.INVALID,
        21614: LookupStatus.LANDLINE,
        21635: LookupStatus.LANDLINE,
        30005: LookupStatus.INVALID,
        30006: LookupStatus.LANDLINE,
    }
)

DESCRIPTIONS: Final = MappingProxyType(
    {
        # The account
        14107: "Too many messages at once. It is tried again, more slowly.",
        20003: "Twilio refused these credentials. Check the Account SID and the Auth Token, or the "
        "API key, in your Twilio console.",
        20005: "The Twilio account is suspended or closed. Its owner must settle that with Twilio.",
        20006: "These credentials may not do this. Use the Auth Token or an API key with full "
        "access.",
        20008: "These are test credentials, which send nothing. Use the live ones.",
        20010: "Twilio has switched this off for the account. Ask Twilio's support.",
        20162: "Something else was changing this at Twilio just then. It is tried again.",
        20403: "Twilio does not let this account do this. Ask Twilio's support.",
        20404: "Twilio knows no such thing. It may be deleted, or belong to another account.",
        20422: "Twilio could not use a value of this request.",
        20429: "Twilio was asked too often. It is tried again, more slowly.",
        20500: "Twilio failed inside while it handled this.",
        20503: "Twilio was out of service for a moment.",
        20504: "Twilio failed inside while it handled this.",
        63038: "The account has sent all it may on one day. It is tried again later; ask Twilio "
        "for a higher limit.",
        # The contact's number
        21211: "This is not a phone number. Correct it.",
        21214: "This number cannot be reached. Check it.",
        21217: "This does not look like a phone number. Correct it.",
        21265: "The message was meant for a short code, which receives none. Correct the number.",
        21266: "The contact's number is the one we send from. Correct it.",
        21267: "A trial account cannot send under a name. Send from a number.",
        21268: "Twilio texts no premium-rate or information numbers. Leave this one out.",
        21408: "The account may not text this country. Allow it in the Twilio console under "
        "Messaging, Geo permissions.",
        21601: "This number cannot receive texts.",
        21604: "There was no number to text.",
        21608: "A trial account texts only numbers that its owner verified. Verify this one or "
        "upgrade the account.",
        21610: "The contact replied STOP to this number. Do not text them again unless they reply "
        "START.",
        21612: "Twilio has no way from this number to the contact's. Send from another number.",
        21614: "This is not a mobile number, so it receives no texts.",
        21635: "This is a landline, which receives no texts.",
        # The sender
        21212: "The number to send from is not a phone number. Correct it.",
        21603: "Twilio was told no number and no messaging service to send from. Set one of them.",
        21606: "The account cannot send from this number to this contact. Send from a number of "
        "the account that can.",
        21607: "A trial account sends only from the number Twilio gave it.",
        21609: "Twilio cannot call our address for reports. Set BASE_URL to the public one.",
        21611: "Too many messages wait to go out from this number. It is tried again; more numbers "
        "in the messaging service help.",
        21616: "The number to send from is ambiguous. Write it with its country code.",
        21621: "The number to send from cannot send pictures. Use one that can.",
        21622: "The account cannot send pictures. Ask Twilio's support.",
        21657: "The sender is not one that Twilio accepts. Correct it.",
        21659: "The number to send from is not Twilio's, or a short code of another country.",
        21660: "The number to send from belongs to another account.",
        21661: "The number to send from cannot send texts. Use one that can.",
        21701: "There is no such messaging service in this account. Check its SID.",
        21702: "The messaging service takes no messages now. Look at it in the Twilio console.",
        21703: "The messaging service has no number that can send this. Add numbers to it.",
        21704: "The messaging service has no numbers. Add some to it.",
        21705: "This is not a messaging service's SID. It begins with MG.",
        21708: "The messaging service wants a sender name, which was not given.",
        21709: "The messaging service may not send under this name.",
        21710: "The number is in the messaging service already.",
        21711: "The number is not in this messaging service.",
        21712: "The number is in another messaging service. Take it out of that one first.",
        21714: "The messaging service is full: it takes 400 numbers.",
        21715: "The number takes neither texts nor pictures, so a messaging service has no use for "
        "it.",
        # The text
        21602: "The message was empty.",
        21617: "The text is too long: Twilio takes 1,600 characters. Shorten it.",
        21618: "Twilio does not send this text. Reword it.",
        21619: "The message had neither text nor picture.",
        21620: "Twilio could not use the address of a picture. It must be public.",
        21623: "There were too many pictures: Twilio takes 10.",
        21624: "The time until which to try was out of Twilio's range.",
        21658: "Something in the message was longer than Twilio takes. Shorten it.",
        11200: "Twilio could not fetch a picture. Its address must be public.",
        11205: "Twilio could not fetch a picture. Its address must be public.",
        11210: "Twilio could not find the host of a picture. Check its address.",
        11751: "The pictures were too large. Send smaller ones.",
        12300: "The picture is of a kind that Twilio does not send.",
        # Delivery
        30001: "Too many messages waited to go out, and this one was dropped. Send it again later, "
        "or from more numbers.",
        30002: "The Twilio account was suspended while this waited to go out.",
        30003: "The phone was switched off or out of reach. Try again another day.",
        30004: "The contact, or their carrier, blocks texts from us. Do not try again.",
        30005: "Nobody has this number, or it cannot be reached any more. Correct it.",
        30006: "This is a landline, or its carrier takes no texts. Use another number.",
        30007: "The carrier took the text for spam. Reword it, leave out shortened links, and "
        "check that the number is registered.",
        30008: "It was not delivered, and the carrier did not say why.",
        30009: "A part of the text was lost on its way.",
        30010: "It would have cost more than was allowed.",
        30011: "The contact's phone takes no pictures. Send a text only.",
        30012: "The time until which to try was too short.",
        30013: "The time until which to try was too long.",
        30017: "The carrier was overloaded. Try again later.",
        30018: "The contact's country wants senders to be registered. Register ours with Twilio.",
        30019: "The pictures were too large for the carrier. Send smaller ones.",
        30020: "Twilio failed inside while it handled this.",
        30021: "Twilio failed inside while it handled this.",
        30022: "It went faster than the 10DLC registration allows. Slow down, or raise the limits "
        "by registering the campaign.",
        30023: "The day's limit of the 10DLC registration was reached. Try again tomorrow.",
        30024: "The carrier does not know the number we sent from yet.",
        30027: "T-Mobile's daily limit for this sender was reached. Try again tomorrow.",
        30032: "The toll-free number is not verified. Verify it in the Twilio console.",
        30033: "The 10DLC campaign is suspended. See why in the Twilio console.",
        30034: "The number we sent from belongs to no registered 10DLC campaign. Register it.",
        30035: "The number we sent from is still being set up. Try again later.",
        30036: "Its time ran out before it could be delivered.",
        30037: "Twilio has switched sending off for the account. Ask Twilio's support.",
        30038: "A text with a one-time code was held back.",
        30039: "It was held back because messages seemed to go round in a loop.",
        30040: "The contact's carrier wants senders to be registered. Register ours with Twilio.",
        30041: "British carriers want senders to be registered. Register ours with Twilio.",
        30042: "The name it was sent under is too general, or has special characters.",
        30043: "It came from abroad, over a way for texts within the country.",
        30044: "The text was too long for a trial account.",
        30410: "The carrier did not answer in time.",
        30450: "Twilio held the message back. See its page about this.",
        30453: "It could not be delivered.",
        30454: "The account has sent all that it may for now.",
        30485: "It could not be delivered for the moment. Try again later.",
        30500: "Twilio failed inside while it handled this.",
        30610: "It could not be delivered for the moment. Try again later.",
        30615: "It could not be delivered for the moment. Try again later.",
        30620: "It could not be delivered: it looked like misuse. Reword it.",
        30630: "The contact opted out of texts from us. Do not text them again unless they reply "
        "START.",
        63019: "Twilio could not fetch a picture. Its address must be public.",
        # Numbers
        21404: "A trial account may not buy this number. Upgrade the account.",
        21421: "This is not a phone number that could be bought.",
        21422: "Somebody else bought this number first.",
        21451: "There is no such area code.",
        21452: "Twilio has no numbers in this area code now. Try a nearby one.",
        21613: "Numbers there need an address of ours in that place, kept with Twilio.",
        21615: "Numbers there need an address of ours in that place, kept with Twilio.",
        21631: "Numbers there need an address of ours, kept with Twilio.",
        21649: "Numbers there need papers that Twilio has approved.",
        22300: "Twilio lets this account buy no more numbers for now. Ask Twilio's support.",
    }
)
