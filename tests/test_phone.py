"""Phone numbers as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors import phone
from service_vendors.phone import InvalidPhoneNumber, SenderKind


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("(212) 555-0123", "US", "+12125550123"),
        ("212.555.0123", "US", "+12125550123"),
        ("1 212 555 0123", "US", "+12125550123"),
        ("+1 212-555-0123", "GB", "+12125550123"),
        ("  2125550123  ", "us", "+12125550123"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("0044 20 7946 0018", "GB", "+442079460018"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
        ("tel:+1-212-555-0123", "US", "+12125550123"),
    ],
)
def test_what_a_person_types_is_understood(typed: str, country: str, e164: str) -> None:
    assert phone.to_e164(typed, country) == e164


@pytest.mark.parametrize(
    "typed", ["", "hello", "12", "555-0123", "+", "+1212555012345678", "9" * 200, "+999123", "٣"]
)
def test_what_is_no_number_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidPhoneNumber, match=r"\(212\) 555-0123") as caught:
        phone.to_e164(typed)
    assert len(str(caught.value)) < 300


def test_an_extension_is_not_silently_dropped() -> None:
    with pytest.raises(InvalidPhoneNumber):
        phone.to_e164("212 555 0123 ext. 5")


@given(st.text(max_size=60), st.sampled_from(["US", "GB", "DE", ""]))
def test_whatever_is_typed_becomes_e164_or_is_refused(typed: str, country: str) -> None:
    try:
        number = phone.to_e164(typed, country)
    except InvalidPhoneNumber:
        return
    assert phone.is_e164(number)
    assert phone.to_e164(number, "FR") == number


@given(st.integers(min_value=200_000_0000, max_value=999_999_9999))
def test_formatting_and_reading_again_gives_the_same_number(digits: int) -> None:
    number = f"+1{digits}"
    assert phone.to_e164(phone.national(number), "US") == number


def test_numbers_are_shown_the_way_their_country_writes_them() -> None:
    assert phone.national("+12125550123") == "(212) 555-0123"
    assert phone.national("+442079460018") == "+44 20 7946 0018"
    assert phone.national("12345") == "12345"
    assert phone.national("ACME") == "ACME"


def test_area_codes_are_those_of_north_america() -> None:
    assert phone.area_code("+12125550123") == "212"
    assert phone.area_code("+442079460018") == ""
    assert phone.area_code("12345") == ""


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+12125550123", "US"),
        ("+14165550123", "CA"),
        ("+442079460018", "GB"),
        ("+18005550123", "US"),
        ("+870773111632", ""),
        ("12345", ""),
    ],
)
def test_the_country_of_a_number(number: str, country: str) -> None:
    assert phone.country_of(number) == country


def test_a_masked_number_cannot_be_called() -> None:
    assert phone.mask("+12125550123") == "+1212•••23"
    assert phone.mask("+442079460018") == "+44•••18"
    assert phone.mask("12345") == "•••"


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+12125550123", SenderKind.LONG_CODE),
        ("+18885550123", SenderKind.TOLL_FREE),
        ("12345", SenderKind.SHORT_CODE),
        ("ACME Votes", SenderKind.ALPHANUMERIC),
    ],
)
def test_every_kind_of_sender_is_told_apart_and_kept(sender: str, kind: SenderKind) -> None:
    assert phone.sender_kind(sender) is kind
    assert phone.normalize_sender(sender) == sender


@pytest.mark.parametrize("sender", ["", "  ", "<script>", "a name far too long"])
def test_what_cannot_send_is_refused(sender: str) -> None:
    with pytest.raises(InvalidPhoneNumber):
        phone.normalize_sender(sender)
    with pytest.raises(InvalidPhoneNumber):
        phone.sender_kind(sender)
