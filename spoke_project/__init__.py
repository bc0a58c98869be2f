"""A host project for service_vendors."""

from spoke_project.celery import app as celery_app

__all__ = ["celery_app"]
