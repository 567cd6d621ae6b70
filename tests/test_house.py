"""The house itself: what lies at the top, what it depends on, and that the engine stands without Django."""

from __future__ import annotations

import importlib.metadata
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import evaluator

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MADE_HERE = re.compile(r"__pycache__|build|dist|.*\.egg-info")


def sources() -> Iterator[Path]:
    for top in ROOT.iterdir():
        if top.is_file():
            yield top
        elif top.name in {".ci", "evaluator", "leaderboard", "templates", "docker", "tests"}:
            yield from (path for path in top.rglob("*") if path.is_file() and path.suffix != ".pyc")


def base_distributions() -> dict[str, importlib.metadata.Distribution]:
    """The distributions that come with the engine when no extra is asked for, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    wanted = [Requirement(line) for line in PROJECT["dependencies"]]
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        environments = [{"extra": extra} for extra in requirement.extras or {""}]
        if name in found or not (requirement.marker is None or any(map(requirement.marker.evaluate, environments))):
            continue
        found[name] = importlib.metadata.distribution(name)
        wanted += [Requirement(line) for line in found[name].requires or () if "extra ==" not in line]
    return found


@pytest.fixture(scope="module")
def engine_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the engine and its base dependencies, and nothing else that is installed here."""
    place = tmp_path_factory.mktemp("engine")
    (place / "evaluator").symlink_to(ROOT / "evaluator")
    for distribution in base_distributions().values():
        tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}}
        for top in tops:
            (place / top).symlink_to(Path(str(distribution.locate_file(top))))
    return place


def run_engine(place: Path, code: str) -> subprocess.CompletedProcess[str]:
    start = f"import sys; sys.path.insert(0, {str(place)!r}); sys.argv = ['evaluator', '--version']; {code}"
    return subprocess.run([sys.executable, "-I", "-S", "-c", start], capture_output=True, text=True, check=False)


def test_nothing_lies_at_the_top_that_the_architecture_does_not_name() -> None:
    tops = {
        path.name for path in ROOT.iterdir() if not path.name.startswith(".") and not MADE_HERE.fullmatch(path.name)
    }
    named = {"manage.py", "pyproject.toml", "leaderboard", "evaluator", "templates", "docker", "tests", "README.md"}
    assert tops == named | {"LICENSE"}


def test_no_file_names_a_path_of_one_machine() -> None:
    machine = re.compile(rb"/(home|Users)/[a-z]\w*/|" + re.escape(str(ROOT)).encode() + rb"(?=[/'\"\s])")
    naming = [str(path.relative_to(ROOT)) for path in sources() if machine.search(path.read_bytes())]
    assert naming == []


def test_no_file_is_longer_than_a_room() -> None:
    written = [path for path in sources() if path.suffix in {".py", ".sh"} and "migrations" not in path.parts]
    assert [str(path) for path in written if len(path.read_text().splitlines()) > 500] == []


def test_every_dependency_of_every_extra_but_torch_is_pinned() -> None:
    lines = (ROOT / "docker/constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines if "==" in line}
    wanted = [
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    ]
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= pinned


def test_the_engine_alone_needs_nothing_of_the_web() -> None:
    assert not {"django", "celery", "kombu", "psycopg", "gunicorn", "plotly"} & set(base_distributions())


def test_every_room_of_the_engine_is_imported_where_only_its_base_dependencies_are(engine_only: Path) -> None:
    names = [module.name for module in pkgutil.walk_packages(evaluator.__path__, "evaluator.")]
    others = ("evaluator.worker", "evaluator.scoring.torch_device", "evaluator.__main__")  # of the extras
    rooms = [name for name in names if not name.startswith(others)]
    done = run_engine(engine_only, f"import importlib; [importlib.import_module(name) for name in {rooms!r}]")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_line_runs_where_only_the_base_dependencies_are(engine_only: Path) -> None:
    done = run_engine(engine_only, "from evaluator.cli import main; main()")
    assert (done.returncode, done.stdout.strip()) == (0, evaluator.__version__)


# Each is read by one thread of a process of its own.
OF_ONE_THREAD = {"evaluator/cli/score.py", "evaluator/contract/reading.py", "evaluator/contract/reading_process.py"}


def test_types_that_json_is_read_into_are_learnt_before_there_are_threads() -> None:
    """See `evaluator.learnt`."""
    reads = re.compile(r"msgspec\.json\.decode\((?:[^()]|\([^()]*\))*, type=(?!dict\[)|msgspec\.convert\(")
    reading = {
        str(path.relative_to(ROOT)): path.read_text()
        for path in sources()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in {"evaluator", "leaderboard"}
    }
    found = {name for name, text in reading.items() if reads.search(text)} - OF_ONE_THREAD
    assert found
    assert [name for name in sorted(found) if not re.search(r"^learn\(", reading[name], re.MULTILINE)] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = "bash docker/test.sh"
    assert f"exec {command}" in (ROOT / ".ci/run").read_text()
    assert command in (ROOT / "README.md").read_text()
