"""Phone numbers: bought, given back, allocated, and compared with the vendor's own list.

Every request is a job (``orders``) that workers take in turns under a lease (``jobs``); whatever
is asked of a vendor is written down before it is asked (``NumberIntent``) and settled afterwards.
Only this package writes numbers and their jobs.
"""

from service_vendors.inventory.allocation import (
    allocate_to_campaign,
    empty_pool,
    put_into_pool,
    take_from_campaign,
)
from service_vendors.inventory.buying import bought_by
from service_vendors.inventory.census import USE_DAYS, AreaCount, NumberInUse, Use, counts, in_use
from service_vendors.inventory.jobs import follow, sweep, work
from service_vendors.inventory.limits import is_on, left_this_month, most_a_job, service_of
from service_vendors.inventory.offers import Offer, offer
from service_vendors.inventory.orders import (
    cancel,
    checked_area_code,
    order_comparison,
    order_purchase,
    order_release,
    order_sync,
)
from service_vendors.inventory.releasing import available, owned
from service_vendors.inventory.uses import NumberUse, take_out_of_use, use_of, uses

__all__ = [
    # orders
    "order_purchase",
    "order_release",
    "order_comparison",
    "order_sync",
    "cancel",
    "checked_area_code",
    # what is for sale, and how much of it may be bought
    "Offer",
    "offer",
    "is_on",
    "service_of",
    "most_a_job",
    "left_this_month",
    # work
    "work",
    "follow",
    "sweep",
    # reading
    "bought_by",
    "USE_DAYS",
    "AreaCount",
    "NumberInUse",
    "Use",
    "counts",
    "in_use",
    # numbers and what they serve
    "available",
    "owned",
    "allocate_to_campaign",
    "take_from_campaign",
    "put_into_pool",
    "empty_pool",
    "NumberUse",
    "uses",
    "use_of",
    "take_out_of_use",
]
