"""gunicorn's settings in a container: two processes, four threads each, and its lines among the site's own."""

from __future__ import annotations

import os
from typing import Any

from django.urls import get_resolver

from leaderboard.settings import LOGGING

wsgi_app = "leaderboard.wsgi"
bind = "0.0.0.0:8000"
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = 4
preload_app = True  # read once, not by each process
timeout = 300  # uploads of gigabytes
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a sign of life needs no disk
control_socket_disable = True
logconfig_dict = LOGGING | {
    "loggers": {**LOGGING["loggers"], "gunicorn.error": {"level": "INFO"}, "gunicorn.access": {"level": "WARNING"}}
}


def when_ready(server: Any) -> None:
    """Read what pages need before the first one is asked for."""
    _ = get_resolver().url_patterns
