"""The examples' base image with Python alone: a fifth of its size, so that it is soon in a registry and out of it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker

from evaluator.container.docker_calls import ByteStream
from tests.containers.submissions import BASE

LEFT_OUT = ("opt/", "usr/share/", "usr/lib/x86_64-linux-gnu/gconv/", "usr/lib/x86_64-linux-gnu/perl-base/", "var/")


@contextmanager
def plain_base(name: str) -> Iterator[str]:
    """In the machine's engine, under this name, as long as the context lasts."""
    api: Any = docker.from_env().api
    container = api.create_container(BASE, command=["true"])["Id"]
    try:
        kept = _without(ByteStream(api.export(container)))
    finally:
        api.remove_container(container, v=True, force=True)
    repository, _, tag = name.partition(":")
    api.import_image_from_data(kept, repository=repository, tag=tag)
    try:
        yield name
    finally:
        api.remove_image(name, force=True)
        api.close()


def _without(exported: ByteStream) -> bytes:
    kept = io.BytesIO()
    with (
        tarfile.open(fileobj=exported, mode="r|") as whole,
        tarfile.open(fileobj=kept, mode="w", format=tarfile.PAX_FORMAT) as part,
    ):
        for member in whole:
            if not member.name.startswith(LEFT_OUT):
                part.addfile(member, whole.extractfile(member) if member.isreg() else None)
    return kept.getvalue()
