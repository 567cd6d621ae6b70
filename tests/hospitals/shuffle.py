"""A broker that delivers what passes by an exchange late, in another order, and some of it twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kombu
import numpy as np

from tests.hospitals.services import Services

AGAIN = "again"


@contextmanager
def shuffled(services: Services, name: str, *, rng: np.random.Generator) -> Iterator[None]:
    """What comes by the exchange ``name`` meanwhile reaches its queue afterwards, shuffled, each one to three times."""
    aside = f"aside.{name}"
    with kombu.Connection(services.broker_url) as connection:
        channel: Any = connection.default_channel
        channel.queue_declare(aside, durable=True, auto_delete=False)
        channel.queue_bind(name, name, routing_key=AGAIN)  # so that it comes by the exchange that it should come by
        channel.queue_bind(aside, name, routing_key=name)
        channel.queue_unbind(name, name, routing_key=name)
    try:
        yield
    finally:
        with kombu.Connection(services.broker_url, transport_options={"confirm_publish": True}) as connection:
            channel = connection.default_channel
            channel.queue_bind(name, name, routing_key=name)
            channel.queue_unbind(aside, name, routing_key=name)
            kept = []
            while message := channel.basic_get(aside, no_ack=True):
                kept += [message] * int(rng.integers(1, 4))
            for position in rng.permutation(len(kept)):
                channel.basic_publish(kept[position], exchange=name, routing_key=AGAIN)
            channel.queue_delete(aside)
