"""What lookups cost, in words, and whose word it takes to spend that."""

from __future__ import annotations

from decimal import Decimal

from service_vendors.models import Role


def money(amount: Decimal) -> str:
    """An amount with two decimals, or with as many as it needs."""
    exact = amount.normalize()
    needed = -int(exact.as_tuple().exponent)
    return f"{exact:,f}" if needed > 2 else f"{amount:,.2f}"


def in_words(amount: Decimal | None, currency: str) -> str:
    """A cost: "free", "12.50 USD", or that nobody can say."""
    if amount is None:
        return "at a price that the vendor does not list"
    return f"{money(amount)} {currency}" if amount else "free"


def least_role(*, is_free: bool) -> Role:
    """The lowest role that may begin such a lookup: only owners spend money."""
    return Role.ADMIN if is_free else Role.OWNER
