"""The demonstration as a visitor has it: started, visited, started again, stopped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")


def demo(root: Path, *arguments: str) -> str:
    command = ["bash", str(root / "docker/demo.sh"), *arguments]
    # Its own folder decides where everything lies, whatever the test command has set for itself.
    own = {"LEADERBOARD_DATA", "DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    env = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout
    return str(done.stdout)


def visit(url: str) -> str:
    visitor = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    with visitor.open(url) as page:
        return str(page.read().decode())


@pytest.mark.long("demo")
@pytest.mark.containers
def test_the_demonstration_starts_keeps_its_data_and_leaves_nothing_running(tmp_path: Path) -> None:
    root = tmp_path / "a place with spaces"
    shutil.copytree(ROOT, root, ignore=LEFT_OUT)
    try:
        first = demo(root)
        address = re.search(r"The leaderboard: (\S+)", first)
        assert address
        assert len(re.findall(r"^  (?:team|organiser|funder) +http\S+$", first, flags=re.MULTILINE)) == 3
        board = visit(address[1])
        assert "Blobs" in board
        link = re.search(r"^  organiser +(\S+)$", first, flags=re.MULTILINE)
        assert link
        assert "Olga Organiser" in visit(link[1])
        assert "Tess Team" in visit(demo(root, "link", "team").strip())
        assert f"The leaderboard: {address[1]}\n" in demo(root)
        demo(root, "stop")
        second = demo(root)
        assert "handed in" not in second
    finally:
        demo(root, "reset")
    assert not (root / ".data/demo").exists()
    assert list((root / ".data/run").glob("*.pid")) == []
