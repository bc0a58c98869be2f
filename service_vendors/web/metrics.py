"""Figures for Prometheus, for whoever shows the METRICS_TOKEN."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from service_vendors import backlog, conf, metrics
from service_vendors.receiving import spool
from service_vendors.sending import breaker
from service_vendors.sending.circuit import State
from service_vendors.vendors import registry


class BacklogCollector(Collector):
    """What waits, in the database and on this machine's disk, read when somebody asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge a figure."""
        now = backlog.read()
        figures = {
            "messages_due": ("Messages to be sent now.", now.messages.count),
            "messages_due_seconds": (
                "For how long the first of them has been due.",
                now.messages.oldest_seconds,
            ),
            "messages_sending": ("Messages that are with a vendor.", now.sending),
            "messages_unknown": ("Messages that may have been sent.", now.unknown),
            "messages_in_doubt": ("Those of them that wait for an admin.", now.in_doubt),
            "events_due": ("Webhook events to be applied now.", now.events.count),
            "events_due_seconds": (
                "For how long the first of them has been due.",
                now.events.oldest_seconds,
            ),
            "events_set_aside": ("Webhook events that wait for an admin.", now.set_aside),
            "spool_bytes": ("Webhooks on this machine's disk.", spool.size()),
        }
        for name, (help_text, value) in figures.items():
            yield GaugeMetricFamily(f"service_vendors_{name}", help_text, value=value)


class BreakerCollector(Collector):
    """The vendor accounts over which nothing is sent, or only a few messages that try."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge, by vendor and state."""
        gauge = GaugeMetricFamily(
            "service_vendors_breakers",
            "Vendor accounts whose circuit breaker is not closed.",
            labels=("service", "state"),
        )
        counts = breaker.census()
        for service in registry.available():
            for state in (State.OPEN, State.HALF_OPEN):
                gauge.add_metric((service, state.value), counts[service, state])
        yield gauge


@never_cache
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """All figures in Prometheus' format; 404 without the right token, and while none is set."""
    token = conf.text("METRICS_TOKEN")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise Http404
    figures = generate_latest(metrics.registry_with([BacklogCollector(), BreakerCollector()]))
    return HttpResponse(figures, content_type=CONTENT_TYPE_LATEST)


urlpatterns = [path("metrics", show, name="metrics")]
