"""Celery tasks: ids in, one call of the floor below, nothing else."""

from __future__ import annotations

from celery import shared_task

from service_vendors import inventory, lookups, receiving, sending, setups


@shared_task
def send_replies(message_ids: list[int]) -> None:
    """Send queued messages that somebody waits for."""
    sending.dispatch(message_ids)


@shared_task
def send_bulks(tickets: list[list[int]]) -> None:
    """Send a batch of the bulks of the organizations whose turn it is."""
    sending.send_bulks(tickets)


@shared_task
def hand_over_due() -> None:
    """Hand over the messages whose time has come."""
    sending.hand_over_due()


@shared_task
def apply_events(event_ids: list[int]) -> None:
    """Apply webhook events."""
    receiving.apply(event_ids)


@shared_task
def set_up_accounts(setup_ids: list[int]) -> None:
    """Go on with auto-configurations."""
    setups.run(setup_ids)


@shared_task
def look_up_numbers(job_ids: list[int]) -> None:
    """Take a turn at lookup jobs."""
    for job_id in job_ids:
        lookups.work(job_id)


@shared_task
def work_on_numbers(job_ids: list[int]) -> None:
    """Buy, release and compare phone numbers, for one turn."""
    inventory.work(job_ids)


@shared_task
def sweep() -> None:
    """Find what fell through: on the way out, on the way in, and of every kind of job."""
    sending.sweep()
    receiving.sweep()
    setups.sweep()
    lookups.sweep()
    inventory.sweep()
