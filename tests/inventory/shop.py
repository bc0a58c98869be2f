"""Both sides of the counter: what the company sold, and what we wrote down of it."""

from __future__ import annotations

from service_vendors import configuration, inventory
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber
from service_vendors.types import PurchasedNumber
from service_vendors.vendors import loop


def finish(job: NumberJob) -> NumberJob:
    """Work on a job to its end."""
    inventory.follow(job, tell=lambda job: None)
    return job


def there(organization: Organization) -> set[tuple[str, str]]:
    """What the company says is ours: numbers with its ids of them."""
    return {(one.phone_number, one.service_id) for one in listed(organization)}


def listed(organization: Organization) -> list[PurchasedNumber]:
    """Every number of the organization's account at the company."""
    vendor = configuration.vendor_of(organization)

    async def every() -> list[PurchasedNumber]:
        return [one async for one in vendor.list_owned_numbers()]

    return loop.run(every())


def here(organization: Organization | None = None) -> set[tuple[str, str]]:
    """What we wrote down; of all organizations, without one."""
    rows = OwnedPhoneNumber.objects.all()
    if organization is not None:
        rows = rows.filter(organization=organization)
    return set(rows.values_list("phone_number", "service_id"))


def buy(organization: Organization, count: int, area_code: str = "212") -> NumberJob:
    """Buy so many numbers."""
    job = finish(inventory.order_purchase(organization, area_code, count, actor=None))
    assert job.done == count
    return job


def pool(organization: Organization) -> str:
    """A new messaging service at the company."""
    vendor = configuration.vendor_of(organization)
    return loop.run(vendor.create_messaging_service("Volunteers"))
