"""The list of an organization's numbers: narrowed, sorted, and a page of it at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict

from service_vendors import inventory
from service_vendors.inventory import NumberInUse
from service_vendors.models import Organization, OwnedPhoneNumber
from service_vendors.web.searching import Narrowing, Search, sought

PAGE: Final = 25
LAST_PAGE: Final = 10_000

# What the page calls them, and whether they are available.
USES: Final[Mapping[str, tuple[str, bool | None]]] = {
    "": ("All", None),
    "available": ("Available", True),
    "allocated": ("In use", False),
}
SORTS: Final = {
    "": ("Number", ("area_code", "phone_number")),
    "newest": ("Bought last", ("-created_at", "-id")),
    "oldest": ("Bought first", ("created_at", "id")),
    "dearest": ("Highest price", ("-monthly_price", "phone_number")),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is narrowed to, in the words of the page's address."""

    area_code: str = ""
    use: str = ""
    sort: str = ""
    typed: str = ""
    page: int = 1

    def query(self, **changes: str | int) -> str:
        """This as the query of an address, with some of it changed."""
        new = replace(self, **changes)  # type: ignore[arg-type]  # names of fields
        said = {
            "area": new.area_code,
            "use": new.use,
            "sort": new.sort,
            "q": new.typed,
            "page": str(new.page) if new.page > 1 else "",
        }
        written = urlencode({name: value for name, value in said.items() if value})
        return f"?{written}" if written else ""


@dataclass(frozen=True, slots=True)
class NumberPage:
    """One page of numbers, and how to see others."""

    asked: Asked
    search: Search
    numbers: list[NumberInUse]
    total: int
    uses: list[Narrowing]

    @property
    def first(self) -> int:
        """The place of the page's first number among all, from 1."""
        return (self.asked.page - 1) * PAGE + 1

    @property
    def last(self) -> int:
        """The place of its last one."""
        return self.first + len(self.numbers) - 1

    @property
    def counted(self) -> str:
        """Which of how many numbers the page shows, in words."""
        return f"{self.first:,}–{self.last:,} of {self.total:,}"

    @property
    def earlier_url(self) -> str:
        """The page before; "" for none."""
        return _url(self.asked.query(page=self.asked.page - 1)) if self.asked.page > 1 else ""

    @property
    def later_url(self) -> str:
        """The page after; "" for none."""
        return _url(self.asked.query(page=self.asked.page + 1)) if self.last < self.total else ""


def _url(query: str) -> str:
    """The same page, asked for something else, at its list."""
    return f"{query or '?'}#numbers"


def asked_of(query: QueryDict) -> Asked:
    """What an address asks for; what it says wrongly is left out."""
    page = query.get("page", "")
    area_code, use, sort = (query.get(name, "") for name in ("area", "use", "sort"))
    return Asked(
        area_code=area_code if area_code.isascii() and area_code.isdecimal() else "",
        use=use if use in USES else "",
        sort=sort if sort in SORTS else "",
        typed=query.get("q", "").strip()[:50],
        page=min(LAST_PAGE, max(1, int(page)))
        if page.isascii() and page.isdecimal() and len(page) < 10
        else 1,
    )


def number_page(organization: Organization, service: str, asked: Asked) -> NumberPage:
    """The page that is asked for."""
    search = sought(organization, asked.typed)
    found = _narrowed(organization, service, asked, search)
    total = found.count()
    asked = replace(asked, page=min(asked.page, max(1, -(-total // PAGE))))
    first = (asked.page - 1) * PAGE
    rows = list(
        found.order_by(*SORTS[asked.sort][1]).select_related("bought_by")[first : first + PAGE]
    )
    return NumberPage(
        asked=asked,
        search=search,
        numbers=inventory.in_use(organization, rows),
        total=total,
        uses=[
            Narrowing(title, _url(asked.query(use=use, page=1)), current=use == asked.use)
            for use, (title, _) in USES.items()
        ],
    )


def _narrowed(
    organization: Organization, service: str, asked: Asked, search: Search
) -> QuerySet[OwnedPhoneNumber]:
    numbers = inventory.owned(
        organization, service, area_code=asked.area_code, is_available=USES[asked.use][1]
    )
    return search.narrow(numbers, "phone_number")
