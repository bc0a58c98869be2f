"""A host project for service_vendors."""

import gc

from spoke_project.celery import app as celery_app

__all__ = ["celery_app"]

# What is made here lives for one batch, or as long as the process. By default Python looks for
# unreachable objects after every 700 new ones, and through all of them every so often: that was
# 40 % of the time it takes to accept a bulk.
gc.set_threshold(50_000, 20, 20)
