"""A vendor from outside whose every answer a test decides; for the engine's own rules.

It is found the way any outside vendor is: through an entry point.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import ClassVar

from django.db import connections

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import (
    ConfigField,
    CostData,
    DeliveryReport,
    Feature,
    InboundMessage,
    InboundPart,
    OutboundMessage,
    ReportStatus,
    SendReceipt,
    Webhook,
    WebhookKind,
    WebhookRequest,
)
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.registry import ENTRY_POINT_GROUP

ENTRY_POINT = EntryPoint("scripted", "tests.scripted_vendor:ScriptedVendor", ENTRY_POINT_GROUP)

Answer = SendReceipt | Exception


@dataclass
class Script:
    """What the vendor says, and what it was asked."""

    answer: Callable[[OutboundMessage], Answer] = lambda message: SendReceipt(
        service_id=f"id-{message.reference}", user_number="+12125550100"
    )
    found: Callable[[OutboundMessage], SendReceipt | None] = lambda message: None
    before_answer: Callable[[OutboundMessage], None] = lambda message: None
    sent: list[OutboundMessage] = field(default_factory=list)
    most_at_once: int = 0
    at_once: int = 0


def _happen(event: Callable[[OutboundMessage], None], message: OutboundMessage) -> None:
    """Let something happen in a thread, which gives back the connection that it took."""
    try:
        event(message)
    finally:
        connections.close_all()


class ScriptedVendor(ServiceVendor):
    """Says what ``script`` says. Signs webhooks with a plain shared word."""

    name = "scripted"
    title = "Scripted"
    config_fields = (
        ConfigField("account", "SCRIPTED_ACCOUNT", "Account", default="test"),
        ConfigField("token", "SCRIPTED_TOKEN", "Token", secret=True),
    )
    config_form = "tests.scripted_vendor:none"
    supports = frozenset({Feature.MMS, Feature.FIND_MESSAGE})
    webhooks = (Webhook("scripted", WebhookKind.ANY, "All callbacks.", ("POST", "GET")),)
    error_descriptions: ClassVar = {42: "The answer was not what you hoped for."}
    script: ClassVar[Script] = Script()

    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Record the call, then answer as scripted."""
        script = self.script
        script.sent.append(message)
        script.at_once += 1
        script.most_at_once = max(script.most_at_once, script.at_once)
        await asyncio.sleep(0.01)
        await asyncio.to_thread(_happen, script.before_answer, message)
        script.at_once -= 1
        answer = script.answer(message)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def find_message(self, message: OutboundMessage) -> SendReceipt | None:
        """What the script found."""
        return self.script.found(message)

    def verify(self, request: WebhookRequest) -> None:
        """The shared word must be there."""
        if request.header("x-word") != (self.config("token") or None):
            raise WebhookRejected("The word is wrong.")

    def handle_incoming(
        self, request: WebhookRequest
    ) -> Sequence[InboundMessage | InboundPart | DeliveryReport]:
        """JSON, in our own words already."""
        said: list[InboundMessage | InboundPart | DeliveryReport] = []
        for item in json.loads(request.body):
            kind = item.pop("kind")
            if kind == "report":
                item["status"] = ReportStatus(item["status"])
                said.append(DeliveryReport(**item))
            elif kind == "part":
                said.append(InboundPart(**item))
            else:
                said.append(InboundMessage(**item))
        return said

    async def check_connection(self) -> str:
        """Always well."""
        return "Connected."

    @classmethod
    def cost_data(cls, user_number: str) -> CostData:
        """Nothing is charged."""
        return CostData("USD", Decimal(0), Decimal(0), "tests", date(2026, 11, 1))
