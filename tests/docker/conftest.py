"""A copy of the scripts in a folder whose path has spaces, so that no test meets this checkout's own state."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class House:
    """A checkout as the scripts see it."""

    root: Path

    def script(self, code: str) -> list[str]:
        return ["bash", "-c", f'source "{self.root}/docker/setup.sh"\n{code}']

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.root), **environment}
        return subprocess.run(self.script(code), capture_output=True, text=True, check=False, env=env)

    def start(self, code: str) -> subprocess.Popen[str]:
        return subprocess.Popen(self.script(code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def log(self, name: str) -> str:
        return (self.root / ".data/logs" / name).read_text()


@pytest.fixture
def house(tmp_path: Path) -> House:
    root = tmp_path / "a place with spaces"
    shutil.copytree(ROOT / "docker", root / "docker", ignore=shutil.ignore_patterns("examples", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return House(root=root)
