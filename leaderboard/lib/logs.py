"""What a log line is about: the ids that were bound where its task or request began; and lines of JSON."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_ids: ContextVar[dict[str, str]] = ContextVar("ids", default={})  # noqa: B039 - never changed in place


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Every line logged inside, by whatever room, carries these ids."""
    token = _ids.set(_ids.get() | {name: str(value) for name, value in ids.items()})
    try:
        yield
    finally:
        _ids.reset(token)


class JsonLines(JsonFormatter):
    """One JSON object a line: time in UTC, level, logger, message, the ids; an error's traceback as a string."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(process)d %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data.update(_ids.get())
