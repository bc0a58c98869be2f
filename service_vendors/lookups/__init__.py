"""What is known of contacts' numbers: whether one can be texted, whose network it is on.

``offers`` says what the vendor tells and for how much, ``single`` looks one number up, ``jobs`` and
``running`` many; ``claims`` keep everybody from paying twice, ``knowledge`` is written down, and
``refusals`` keep numbers from being texted that take no texts.
"""

from service_vendors.lookups.jobs import (
    Estimate,
    cancel,
    estimate,
    of_key,
    prepare,
    prepare_campaign,
    prepare_contacts,
    prepare_file,
    resume,
    start,
    stop,
)
from service_vendors.lookups.knowledge import NumberError, learn_from_errors
from service_vendors.lookups.money import in_words, least_role, money
from service_vendors.lookups.numbers_file import BadNumbersFile
from service_vendors.lookups.offers import Offer, offer_for, offers
from service_vendors.lookups.refusals import refusals
from service_vendors.lookups.results import csv_lines
from service_vendors.lookups.running import turn, work
from service_vendors.lookups.single import look_up
from service_vendors.lookups.sweeping import sweep

__all__ = [
    "BadNumbersFile",
    "Estimate",
    "NumberError",
    "Offer",
    "cancel",
    "csv_lines",
    "estimate",
    "in_words",
    "learn_from_errors",
    "least_role",
    "look_up",
    "money",
    "of_key",
    "offer_for",
    "offers",
    "prepare",
    "prepare_campaign",
    "prepare_contacts",
    "prepare_file",
    "refusals",
    "resume",
    "start",
    "stop",
    "sweep",
    "turn",
    "work",
]
