"""Twilio's codes are Twilio's, the words about them are ours, and each has one consequence."""

from __future__ import annotations

import json

import pytest

from service_vendors.vendors.twilio import errors
from service_vendors.vendors.twilio.vendor import Twilio
from tests.simulators import openapi

# Codes that are younger than the table we compare with.
YOUNGER = {30044}


def told() -> dict[int, str]:
    """Twilio's own short texts by code, where a copy of its table is at hand."""
    file = openapi.folder() / "twilio" / "error-codes.json"
    codes = json.loads(file.read_text())["codes"] if file.is_file() else ()
    return {one["code"]: one["message"] for one in codes}


def test_every_code_is_one_of_twilios_and_its_words_are_ours() -> None:
    official = told()
    for code, words in errors.DESCRIPTIONS.items():
        assert words.endswith(".") and words[0].isupper()
        if official:
            assert code in official or code in YOUNGER, code
        assert words.strip(".").lower() != official.get(code, "").strip(".").lower(), code


def test_what_has_a_consequence_has_a_description_and_one_consequence_only() -> None:
    never = errors.OPTED_OUT | errors.CONTACT_STATUS.keys()
    for one, other in (
        (errors.TRANSIENT, errors.NOT_CONFIGURED),
        (errors.TRANSIENT, never),
        (errors.NOT_CONFIGURED, never),
        (errors.OPTED_OUT, errors.CONTACT_STATUS.keys()),
    ):
        assert not one & other
    assert errors.TRANSIENT | errors.NOT_CONFIGURED | never <= errors.DESCRIPTIONS.keys()


@pytest.mark.parametrize(
    "code",
    [*range(30001, 30009), 21211, 21408, 21608, 21610, 21612, 21614, 21617, 30022, 30032, 30034],
)
def test_what_senders_meet_is_explained_with_a_link(code: int) -> None:
    said = Twilio.error_description(code)
    assert said.description == errors.DESCRIPTIONS[code]
    assert said.link == f"https://www.twilio.com/docs/api/errors/{code}"


def test_a_code_that_nobody_knows_has_a_sentence_and_a_link_too() -> None:
    said = Twilio.error_description(99_999)
    assert "99999" in said.description and said.description.endswith(".")
    assert said.link.endswith("/99999")
