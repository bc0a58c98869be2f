"""The ASGI entry point: vendors' callbacks are answered before Django, all else by it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spoke_project.settings")

django = get_asgi_application()

from service_vendors.webhooks.asgi import WebhookApplication  # noqa: E402 - not before the models

application = WebhookApplication(django)
