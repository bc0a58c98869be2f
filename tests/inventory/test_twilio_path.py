"""Numbers at Twilio's stand-in, all the way: bought into the messaging service and given back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from service_vendors import inventory
from service_vendors.exceptions import VendorError
from service_vendors.inventory import NumberUse
from service_vendors.models import AuditEntry, Organization, OwnedPhoneNumber
from service_vendors.vendors import registry
from service_vendors.vendors.twilio import services
from tests.inventory import counters
from tests.inventory.counters import Counter, ours
from tests.inventory.shop import finish
from tests.simulators.twilio.company import Refusal
from tests.vendors.twilio_account import AtTwilio, at_twilio

pytestmark = pytest.mark.django_db(transaction=True)

BOUGHT = 5
THERE_BEFORE = 2


@pytest.fixture
def there() -> Iterator[AtTwilio]:
    """The company, with two numbers in the account's messaging service."""
    with at_twilio() as there:
        registry.reset()
        yield there
    registry.reset()


@pytest.fixture
def organization(there: AtTwilio, settings: Any) -> Organization:
    """Whoever texts from there."""
    opened = Counter("twilio", there.config, lambda: counters.twilio_numbers(there))
    return opened.open_for(settings)


def release(organization: Organization) -> str:
    """Order the release of all numbers; how that ended."""
    return finish(inventory.order_release(organization, "212", 100, actor=None)).outcome


def the_use(organization: Organization) -> NumberUse:
    (use,) = inventory.uses(organization, "twilio")
    return use


def test_numbers_go_into_the_service_out_of_it_and_back_to_twilio(
    there: AtTwilio, organization: Organization
) -> None:
    job = finish(inventory.order_purchase(organization, "212", BOUGHT, actor=None))
    assert (job.state, job.done) == ("DONE", BOUGHT)
    (service,) = there.company.services.values()
    assert len(service["numbers"]) == THERE_BEFORE + BOUGHT
    assert ours() == counters.twilio_numbers(there)
    assert inventory.available(organization, "twilio").count() == 0

    assert "no more of them are free" in release(organization)
    assert len(there.company.numbers) == THERE_BEFORE + BOUGHT

    use = the_use(organization)
    assert (use.kind, use.id, use.count) == ("messaging_service", service["sid"], 7)
    assert inventory.take_out_of_use(organization, "twilio", use, actor=None) == 7
    assert service["numbers"] == []
    assert inventory.available(organization, "twilio").count() == 7

    release(organization)
    assert there.company.numbers == {} and ours() == set()


def test_nothing_is_free_when_twilio_fails_in_the_middle_and_trying_again_ends_it(
    there: AtTwilio, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "FIRST_PAUSE_SECONDS", 0.01)
    finish(inventory.order_purchase(organization, "212", BOUGHT, actor=None))
    (service,) = there.company.services.values()
    taken_out = 0

    async def tired(request: web.Request) -> web.StreamResponse:
        nonlocal taken_out
        if request.method == "DELETE":
            if taken_out == 3:
                raise Refusal(503, 20503)
            taken_out += 1
        answer: web.StreamResponse = await request.match_info.handler(request)
        return answer

    there.company.disturbance = tired
    with pytest.raises(VendorError):
        inventory.take_out_of_use(organization, "twilio", the_use(organization), actor=None)
    assert len(service["numbers"]) == THERE_BEFORE + BOUGHT - 3
    assert inventory.available(organization, "twilio").count() == 0
    assert the_use(organization).count == 7, "it still says what it knows"
    (entry,) = AuditEntry.objects.filter(action="numbers taken out of use")
    assert entry.summary.startswith("Tried to take the numbers out of")

    there.company.disturbance = None
    assert "no more of them are free" in release(organization)
    assert inventory.take_out_of_use(organization, "twilio", the_use(organization), actor=None) == 7
    assert service["numbers"] == []
    assert not OwnedPhoneNumber.objects.exclude(messageservice_sid="").exists()
    release(organization)
    assert there.company.numbers == {} and ours() == set()
