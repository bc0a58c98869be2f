"""Celery tasks: ids in, one call of the floor below, nothing else."""

from __future__ import annotations

from celery import shared_task

from service_vendors import receiving, sending


@shared_task
def send_batch(message_ids: list[int]) -> None:
    """Send queued messages."""
    sending.dispatch(message_ids)


@shared_task
def apply_events(event_ids: list[int]) -> None:
    """Apply webhook events."""
    receiving.apply(event_ids)


@shared_task
def sweep() -> None:
    """Find what fell through, on the way out and on the way in."""
    sending.sweep()
    receiving.sweep()
