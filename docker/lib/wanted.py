"""What an extra of pyproject.toml asks for, with the base, one requirement a line: wanted.py PYPROJECT EXTRA…"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[1]).read_text())["project"]
wanted = set(project["dependencies"])
for extra in sys.argv[2:]:
    wanted |= set(project["optional-dependencies"][extra])
sys.stdout.write("".join(f"{requirement}\n" for requirement in sorted(wanted)))
