"""Which address of Bandwidth's is answered where."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tests.simulators.bandwidth import accounts, applications, lookups, messages, numbers
from tests.simulators.bandwidth.company import TOKEN_PATH, give_token

MESSAGING: Final = "/api/v2/users/{account}"
ACCOUNT: Final = "/api/v1/accounts/{account}"
SITE: Final = f"{ACCOUNT}/sites/{{site}}"
PEER: Final = f"{SITE}/sippeers/{{peer}}"
FEATURE: Final = f"{PEER}/products/messaging/features/{{feature:sms|mms}}"
ASSOCIATION: Final = f"{PEER}/products/messaging/applicationSettings"
APPLICATION: Final = f"{ACCOUNT}/applications/{{application}}"

ROUTES: Final[list[web.RouteDef]] = [
    web.post(TOKEN_PATH, give_token),
    web.post(f"{MESSAGING}/messages", messages.create),
    web.get(f"{MESSAGING}/messages", messages.listed),
    web.post("/v2/accounts/{account}/phoneNumberLookup", lookups.look_up),
    web.get(ACCOUNT, accounts.fetch),
    web.get(f"{ACCOUNT}/sites", accounts.list_sites),
    web.post(f"{ACCOUNT}/sites", accounts.create_site),
    web.get(SITE, accounts.fetch_site),
    web.get(f"{SITE}/sippeers", accounts.list_peers),
    web.post(f"{SITE}/sippeers", accounts.create_peer),
    web.get(PEER, accounts.fetch_peer),
    web.get(f"{PEER}/tns", numbers.list_numbers),
    web.get(FEATURE, accounts.fetch_feature),
    web.post(FEATURE, accounts.create_feature),
    web.get(ASSOCIATION, accounts.fetch_association),
    web.put(ASSOCIATION, accounts.associate),
    web.get(f"{ACCOUNT}/applications", applications.list_all),
    web.post(f"{ACCOUNT}/applications", applications.create),
    web.get(APPLICATION, applications.fetch),
    web.patch(APPLICATION, applications.change),
    web.delete(APPLICATION, applications.delete),
    web.get(f"{ACCOUNT}/availableNumbers", numbers.search),
    web.get(f"{ACCOUNT}/orders", numbers.list_orders),
    web.post(f"{ACCOUNT}/orders", numbers.place),
    web.get(f"{ACCOUNT}/orders/{{order}}", numbers.fetch_order),
    web.put(f"{ACCOUNT}/orders/{{order}}", numbers.change_order),
    web.get(f"{ACCOUNT}/inserviceNumbers/{{number}}", numbers.is_in_service),
    web.post(f"{ACCOUNT}/disconnects", numbers.disconnect),
    web.get(f"{ACCOUNT}/disconnects/{{order}}", numbers.fetch_disconnect),
]
