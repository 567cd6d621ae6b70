"""Steps, the lock and services: what every command is made of."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.docker.conftest import House


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_step_says_what_it_does_and_how_long_it_took(house: House) -> None:
    done = house.run('begin test; step "Counting to one" echo 1')
    assert re.fullmatch(r"Counting to one \.\.\. \d+ s\n", done.stdout)
    assert house.log("test-counting-to-one.log") == "1\n"


def test_a_failing_step_shows_its_last_sixty_lines_names_its_log_and_ends_the_script(house: House) -> None:
    done = house.run(
        'fails() { seq 70; false; echo not reached; }; begin test; step "Counting" fails; echo not reached'
    )
    assert done.returncode == 1
    assert [line.strip() for line in done.stderr.splitlines()[:-1]] == [str(n) for n in range(11, 71)]
    assert done.stderr.splitlines()[-1] == f"The whole log: {house.root}/.data/logs/test-counting.log"
    assert "not reached" not in done.stdout + done.stderr + house.log("test-counting.log")


def test_the_exit_code_of_a_failing_step_is_the_scripts(house: House) -> None:
    assert house.run('begin test; step "Failing" bash -c "exit 7"').returncode == 7


def test_a_watched_step_shows_its_output_and_keeps_it(house: House) -> None:
    done = house.run('begin test; watched "Tests" bash -c "echo 3 passed; exit 4"; echo "code $CODE"')
    assert done.stdout == "3 passed\ncode 4\n"
    assert house.log("test-tests.log") == "3 passed\n"


def test_an_interruption_ends_everything_the_step_started_and_cleans_up(house: House) -> None:
    pid_file = house.root / "pid"
    code = f'''at_end() {{ echo cleaned; }}
        begin test; step "Sleeping" bash -c 'sleep 1000 & echo $! >"{pid_file}"; wait' '''
    running = house.start(code)
    wait_until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate()
    assert running.returncode == 143
    assert out.endswith("cleaned\n")
    assert not alive(int(pid_file.read_text()))


def test_a_second_command_says_that_it_waits_and_then_goes_on(house: House) -> None:
    go = house.root / "go"
    first = house.start(f'begin demo; echo ready; while ! [ -e "{go}" ]; do sleep 0.05; done')
    assert first.stdout is not None
    first.stdout.readline()
    second = house.start("begin test; echo mine")
    assert second.stdout is not None
    assert second.stdout.readline() == f"another demo.sh (pid {first.pid}) is running; waiting for it to end\n"
    go.touch()
    first.communicate()
    assert second.communicate()[0] == "mine\n"


def test_a_service_outlives_its_command_without_holding_the_lock(house: House) -> None:
    house.run("begin demo; spawn sleeper sleep 1000")
    done = house.run('begin test; lives sleeper && echo lives; stop sleeper; lives sleeper || echo "lives no more"')
    assert done.stdout == "lives\nlives no more\n"


def test_a_process_number_used_again_is_not_taken_for_our_service(house: House) -> None:
    stranger = subprocess.Popen(["sleep", "1000"])
    done = house.run(f'begin test; echo "{stranger.pid} 1" >"$PIDS/ours.pid"; lives ours || echo stranger; stop ours')
    assert done.stdout == "stranger\n"
    assert alive(stranger.pid)
    stranger.kill()
    stranger.wait()


def test_waiting_for_a_service_that_has_ended_shows_the_end_of_its_log(house: House) -> None:
    done = house.run(
        'begin test; spawn broken bash -c "echo no such table; exit 1"; step "Waiting" wait_for 60 broken false'
    )
    assert done.returncode == 1
    assert "no such table" in done.stderr
    assert "broken has ended before it was ready." in done.stderr


def test_a_kept_process_is_started_again_when_it_dies_and_ends_for_good_when_told(house: House) -> None:
    pids = house.root / "pids"
    keep = subprocess.Popen(
        ["bash", house.root / "docker/lib/keep.sh", "bash", "-c", f'echo $$ >>"{pids}"; exec sleep 1000'],
        stdout=subprocess.PIPE,
    )
    wait_until(lambda: pids.exists() and pids.read_text().count("\n") == 1)
    os.kill(int(pids.read_text()), signal.SIGKILL)
    wait_until(lambda: pids.read_text().count("\n") == 2)
    again = int(pids.read_text().split()[1])
    keep.terminate()
    out, _ = keep.communicate()
    assert out == b"bash ended with 137; starting it again\n"
    assert not alive(again)
