"""The task queue."""

import os

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("serai")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["common.jobs", "common.mail", "common.relay"])
app.steps["worker"].add(DjangoStructLogInitStep)  # request ids reach the logs of tasks


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery would install its own; Django's settings have done it."""
