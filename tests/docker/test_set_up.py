"""What the set-up asks of a machine, and the one sentence when it is not there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.docker.conftest import House


def test_too_little_room_is_a_sentence(house: House) -> None:
    done = house.run('need_room "$DATA/not made yet" 1000000 "the test"')
    assert done.returncode == 1
    assert done.stderr.startswith("Only ")
    assert f"GB are free under {house.root}" in done.stderr
    assert "and the test needs 1000000 GB: free some space and start again." in done.stderr


def test_a_missing_package_is_a_sentence_to_who_is_not_root(house: House) -> None:
    done = house.run('as_root() { false; }; need_program "postgresql" no-such-program; install_missing')
    assert done.returncode == 1
    assert done.stderr == (
        "Missing: postgresql. Install with: sudo apt-get install --no-install-recommends postgresql\n"
    )


def test_one_of_several_programs_is_enough(house: House) -> None:
    assert house.run('need_program "chromium" no-such-program bash; install_missing').returncode == 0


def test_a_machine_without_a_python_we_run_on_is_told_so(house: House) -> None:
    done = house.run("find_python() { :; }; check_python")
    assert done.stderr == "No Python 3.11, 3.12 or 3.13 is on the PATH: install one, or name it in PYTHON=.\n"


def test_an_engine_that_nobody_may_start_is_a_sentence(house: House) -> None:
    done = house.run("as_root() { false; }; engine_answers() { false; }; docker() { :; }; need_engine_programs")
    assert done.returncode == 1
    assert "sudo usermod -aG docker" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_docker_host_that_does_not_answer_is_not_replaced_by_an_engine_of_our_own(house: House) -> None:
    done = house.run("begin test; need_engine", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.stderr == (
        "DOCKER_HOST is unix:///nowhere/docker.sock, and no engine answers there: start it, or unset DOCKER_HOST.\n"
    )


def test_services_are_kept_from_starting_only_while_packages_are_installed(house: House) -> None:
    done = house.run('POLICY=$ROOT/policy; deny_services; "$POLICY" || echo $?; allow_services; [[ ! -e $POLICY ]]')
    assert (done.returncode, done.stdout) == (0, "101\n")


def test_a_policy_that_was_there_stays(house: House) -> None:
    (house.root / "policy").write_text("#!/bin/sh\nexit 101\n")
    house.run("POLICY=$ROOT/policy; deny_services; allow_services")
    assert (house.root / "policy").read_text() == "#!/bin/sh\nexit 101\n"


@pytest.mark.parametrize(
    ("had", "wanted", "covered"),
    [
        ("web,worker,test", "web,worker", True),
        ("web,worker", "web,worker,test", False),
        ("", "web", False),
        ("webs", "web", False),
    ],
)
def test_a_venv_is_used_again_if_it_has_every_extra(house: House, had: str, wanted: str, covered: bool) -> None:
    assert (house.run(f'covers "{had}" "{wanted}"').returncode == 0) is covered


def test_a_venv_is_made_from_its_constraints(house: House) -> None:
    made = 'make_venv() { mkdir -p "$VENV"; printf \'inputs %s\\nextras %s\\n\' "$2" "$1" >"$VENV/made-from"; }'
    need = f"begin test; PYTHON_FOUND=$(find_python); {made}; need_venv web"
    assert "Python packages [web]" in house.run(need).stdout
    assert house.run(need).stdout == ""
    with (house.root / "docker/constraints.txt").open("a") as constraints:
        constraints.write("another==1.0\n")
    assert "Python packages [web]" in house.run(need).stdout


def test_a_taken_port_is_another_one_unless_it_was_asked_for(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        demo = house.root / ".data/demo"
        demo.mkdir(parents=True)
        (demo / "address").write_text(address + "\n")
        assert house.run('choose_address ""').returncode == 0
        assert (demo / "address").read_text().startswith("127.0.0.1:")
        assert (demo / "address").read_text().strip() != address
        done = house.run(f'choose_address "{address}"')
        assert done.stderr == f"{address} is taken or not an address of this machine: give another one to --bind.\n"


def test_an_address_without_a_port_is_a_sentence(house: House) -> None:
    done = house.run('exec bash "$ROOT/docker/demo.sh" --bind localhost')
    assert done.returncode == 1
    assert done.stderr == "--bind needs ADDRESS:PORT, such as 127.0.0.1:8000.\n"


def test_free_ports_are_different(house: House) -> None:
    assert len(set(house.run("free_ports 5").stdout.split())) == 5


def test_loopback_never_goes_through_a_proxy(house: House) -> None:
    done = house.run('echo "$no_proxy $NO_PROXY"', no_proxy="example.org")
    assert done.stdout == "example.org,127.0.0.1,localhost,::1 example.org,127.0.0.1,localhost,::1\n"


def test_the_mirror_is_the_machines_own(house: House, tmp_path: Path) -> None:
    apt = tmp_path / "bin/apt-get"
    apt.parent.mkdir()
    apt.write_text(
        "#!/bin/sh\necho 'Example/Tools http://tools.example'\necho 'Debian/Debian-Security http://mirror.example/security'\n"
        "echo 'Debian/Debian http://mirror.example/debian'\n"
    )
    apt.chmod(0o755)
    done = house.run("debian_mirror", PATH=f"{apt.parent}:/usr/bin:/bin")
    assert done.stdout == "http://mirror.example/debian\n"
