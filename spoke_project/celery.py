"""The Celery application. Tasks carry ids; what is to be done stands in the database."""

import os

from celery import Celery

from spoke_project import lost_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spoke_project.settings")

lost_connections.install()
app = Celery("spoke_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
