"""What a container's root is on the host, from what the engine says of itself."""

from __future__ import annotations

from evaluator.container.docker_engine import _first_ids


def test_without_remapping_root_is_root() -> None:
    info = {"SecurityOptions": ["name=seccomp,profile=default"], "DockerRootDir": "/var/lib/docker"}
    assert _first_ids(info) == (0, 0)
    assert _first_ids({"SecurityOptions": None, "DockerRootDir": "/var/lib/docker"}) == (0, 0)


def test_with_it_the_engines_folder_is_named_after_the_first_user_and_group() -> None:
    # `docker info` of engine 20.10 with --userns-remap default
    options = ["name=seccomp,profile=default", "name=userns"]
    assert _first_ids({"SecurityOptions": options, "DockerRootDir": "/data/docker/100000.165536"}) == (100000, 165536)
