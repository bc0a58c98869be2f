"""Handing work to Celery. The database stays the only place where work stands.

A broker that is away loses nothing: what was not handed over is found by the sweeper.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from celery import Task
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from service_vendors.absence import Absence

logger = logging.getLogger(__name__)


away: Final = Absence(seconds=5.0)


def hand_over(task_name: str, ids: Sequence[Any], *, batch_size: int) -> bool:
    """Ask workers to run a task of ``service_vendors.tasks`` on ids, ``batch_size`` at a time.

    Returns whether the broker took all of it. Tasks stand above this floor, hence the name.
    """
    if away:
        return False
    task: Task[..., None] = import_string(f"service_vendors.tasks.{task_name}")
    try:
        for start in range(0, len(ids), batch_size):
            task.delay(list(ids[start : start + batch_size]))
    except (OperationalError, OSError) as error:
        away.begin()
        logger.warning("The broker did not take %s: %s", task_name, type(error).__name__)
        return False
    return True
