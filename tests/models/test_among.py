"""One of very many: the same rows as IN finds, with one parameter."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from service_vendors.models import OptOut, Organization
from service_vendors.models.among import Among
from tests.factories import OptOutFactory, a_number

pytestmark = pytest.mark.django_db


def found(*cells: str) -> set[str]:
    return set(OptOut.objects.filter(Among("cell", cells)).values_list("cell", flat=True))


@pytest.fixture
def opted_out(organization: Organization) -> list[str]:
    numbers = [a_number(n) for n in range(3)]
    for number in numbers:
        OptOutFactory(organization=organization, cell=number)
    return numbers


def test_it_finds_what_is_among_them_and_nothing_else(opted_out: list[str]) -> None:
    first, second, _ = opted_out
    assert found(first, second, a_number(77)) == {first, second}
    assert found(first[:-1]) == set()


def test_among_none_nothing_is_found(opted_out: list[str]) -> None:
    assert found() == set()


@pytest.mark.parametrize("odd", ["'", '"', "\\", "{a,b}", "NULL", "%s", "a b", "\N{SNOWMAN}", ""])
def test_no_text_is_anything_but_itself(odd: str, opted_out: list[str]) -> None:
    OptOut.objects.filter(cell=opted_out[0]).update(cell=odd)
    assert found(odd, "another") == {odd}


def test_more_than_sqlite_takes_parameters_are_no_matter(opted_out: list[str]) -> None:
    many = [a_number(n) for n in range(300_000)]
    with CaptureQueriesContext(connection) as asked:
        assert found(*many) == set(opted_out)
    assert len(asked) == 1


def test_it_can_be_turned_round(opted_out: list[str]) -> None:
    left = OptOut.objects.exclude(Among("cell", opted_out[:1])).values_list("cell", flat=True)
    assert set(left) == set(opted_out[1:])
