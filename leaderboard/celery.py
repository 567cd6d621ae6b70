"""The Celery application. Queues: `platform`, and one `hospital.<slug>` a hospital."""

from __future__ import annotations

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")

TRANSPORT_ALIASES["files"] = "leaderboard.lib.filebroker:Transport"  # BROKER_URL=files://

app = Celery("leaderboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
