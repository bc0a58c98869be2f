"""What this process counts, for Prometheus. No number, no text, no organization is in a label.

Processes that are not asked themselves (Celery workers, several of a web server's) count into the
folder that PROMETHEUS_MULTIPROC_DIR names, from which the one that is asked adds them up:
https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

# Vendors answer in some 100 ms; what takes longer than the read time limit is no answer.
_LATENCY_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)

_sends: Final = Counter(
    "service_vendors_sends",
    "Attempts to send one message, by how they ended.",
    ("service", "outcome"),
)
_webhooks: Final = Counter(
    "service_vendors_webhooks",
    "Calls of vendors, by what was answered.",
    ("service", "outcome"),
)
_events: Final = Counter(
    "service_vendors_events",
    "Attempts to apply one webhook event, by how they ended.",
    ("service", "outcome"),
)
_openings: Final = Counter(
    "service_vendors_breaker_openings",
    "How often too many failed calls stopped all sending over a vendor's account.",
    ("service",),
)
_vendor_seconds: Final = Histogram(
    "service_vendors_vendor_seconds",
    "How long calls to vendors took, by host and by HTTP status or what went wrong.",
    ("host", "outcome"),
    buckets=_LATENCY_BUCKETS,
)


def count_send(service: str, outcome: str, times: int = 1) -> None:
    """One way in which attempts to send ended."""
    _sends.labels(service, outcome).inc(times)


def count_webhook(service: str, outcome: str) -> None:
    """One call of a vendor."""
    _webhooks.labels(service, outcome).inc()


def count_event(service: str, outcome: str) -> None:
    """One attempt to apply an event."""
    _events.labels(service, outcome).inc()


def count_opening(service: str) -> None:
    """One breaker that opened."""
    _openings.labels(service).inc()


def time_vendor(host: str, outcome: str, elapsed_seconds: float) -> None:
    """One call to a vendor."""
    _vendor_seconds.labels(host, outcome).observe(elapsed_seconds)


def registry_with(collectors: Iterable[Collector]) -> CollectorRegistry:
    """All that was counted, by this process or by all that share the folder, and more."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no annotations
    else:
        registry.register(REGISTRY)
    for collector in collectors:
        registry.register(collector)
    return registry
