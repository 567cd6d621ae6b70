"""Whether a supervisor is surely dead."""

from __future__ import annotations

import subprocess
import sys

from evaluator.container.labels import supervisor, supervisor_is_dead


def test_this_process_is_alive() -> None:
    assert not supervisor_is_dead(supervisor())


def test_a_process_that_ended_is_dead_even_if_its_number_is_taken_again() -> None:
    script = "from evaluator.container.labels import supervisor; print(supervisor())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert supervisor_is_dead(ended)

    boot, namespace, pid, _ = supervisor().split("/")
    assert supervisor_is_dead(f"{boot}/{namespace}/{pid}/1")


def test_after_a_reboot_all_are_dead() -> None:
    _, namespace, pid, tick = supervisor().split("/")
    assert supervisor_is_dead(f"another-boot/{namespace}/{pid}/{tick}")


def test_of_another_container_or_an_unreadable_name_nothing_is_known() -> None:
    boot, _, pid, _ = supervisor().split("/")
    assert not supervisor_is_dead(f"{boot}/pid:[1]/{pid}/1")
    assert not supervisor_is_dead("")
    assert not supervisor_is_dead("nonsense")
