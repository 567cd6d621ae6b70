"""One suite for every engine: what the runner relies on, on the fake and on real Docker."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from evaluator.container.docker_engine import DockerEngine
from evaluator.container.engine import ContainerEngine, ContainerSpec, OutputSpec
from evaluator.container.fake_engine import FakeBox, FakeEngine
from evaluator.container.limits import MIB, Limits
from evaluator.container.reaper import reap
from evaluator.container.runner import ContainerOutcome, run_container
from evaluator.errors import FailureClass, InputRefused, PlatformFault
from evaluator.worker.housekeeping import Housekeeping
from tests.containers.submissions import Images

LIMITS = Limits(memory_bytes=128 * MIB, output_bytes=16 * MIB, output_inodes=100)


def write(box: FakeBox) -> int:
    box.print("hello")
    (box.output / "a").mkdir()
    (box.output / "a" / "one").write_text((box.input / "given").read_text())
    (box.output / "a" / "two").symlink_to("one")
    (box.output / "b").symlink_to("a")
    (box.output / "a" / "unasked").write_text("x")
    return 0


WRITE = """
import os
print("hello")
os.mkdir("/output/a")
open("/output/a/one", "w").write(open("/input/given").read())
os.symlink("one", "/output/a/two")
os.symlink("a", "/output/b")
open("/output/a/unasked", "w").write("x")
"""


def fail(box: FakeBox) -> int:
    box.print("going to fail")
    return 7


def sleep(box: FakeBox) -> int:
    (box.output / "one").write_text("x")
    box.sleep(9999)
    return 0


PROGRAMS: dict[str, Callable[[FakeBox], int]] = {"write": write, "fail": fail, "sleep": sleep}
SCRIPTS = {
    "write": WRITE,
    "fail": "print('going to fail')\nraise SystemExit(7)\n",
    "sleep": "import time\nopen('/output/one', 'w').write('x')\ntime.sleep(9999)\n",
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """An engine, and its images by what they do."""

    engine: ContainerEngine
    image: Callable[[str], str]
    folder: Path

    def spec(self, program: str, *, seconds: float = 300) -> ContainerSpec:
        name = f"test-{uuid.uuid4().hex}"
        given = self.folder / "given"
        given.mkdir(exist_ok=True)
        (given / "given").write_text("from outside")
        until = time.monotonic() + seconds
        output = OutputSpec(
            name=f"{name}-output", owner="1000:1000", bytes=LIMITS.output_bytes, inodes=100, deadline=until
        )
        return ContainerSpec(
            name=name,
            image=self.image(program),
            user="1000:1000",
            input_dir=given,
            output=output,
            limits=LIMITS,
            deadline=until,
        )

    def run(
        self, spec: ContainerSpec, *, seconds: float = 60, beat: Callable[[int], bool] = lambda _: False
    ) -> ContainerOutcome:
        into = self.folder / spec.name
        into.mkdir()
        asked = {PurePosixPath(path) for path in ("a/one", "a/two", "b/one", "b", "one")}
        self.engine.make_output(spec.output)
        return run_container(
            self.engine,
            spec,
            seconds=seconds,
            marks=[PurePosixPath("one")],
            wanted=lambda path: path in asked,
            into=into,
            beat=beat,
        )

    def lose(self, spec: ContainerSpec) -> None:
        """What a restart of the engine does to a running container and its output."""
        if isinstance(self.engine, FakeEngine):
            self.engine.restart()
        else:
            self.engine.remove(spec.output.name)
            self.engine.kill(spec.name)

    def has(self, name: str) -> bool:
        return any(name in owned.name for owned in self.engine.owned())


@pytest.fixture(scope="module")
def images() -> Iterator[Images]:
    with Images() as images:
        yield images


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.containers)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if request.param == "fake":
        return Bench(engine=FakeEngine(PROGRAMS), image=str, folder=tmp_path)
    images: Images = request.getfixturevalue("images")
    return Bench(engine=DockerEngine(), image=lambda name: images.of(SCRIPTS[name]), folder=tmp_path)


def test_wanted_regular_files_are_copied_and_links_are_named_and_left(bench: Bench) -> None:
    spec = bench.spec("write")

    outcome = bench.run(spec)

    assert (outcome.verdict, outcome.exit_code) == (None, 0)
    assert outcome.log == b"hello\n"
    assert outcome.output.copied == ("a/one",)
    assert (bench.folder / spec.name / "a" / "one").read_text() == "from outside"
    assert set(outcome.output.refused) == {"a/two", "b"}
    assert not bench.has(spec.name)


def test_an_exit_code_is_the_submissions_failure(bench: Bench) -> None:
    spec = bench.spec("fail")

    outcome = bench.run(spec)

    assert outcome.exit_code == 7
    assert outcome.verdict is not None
    assert outcome.verdict.failure is FailureClass.EXIT_CODE
    assert outcome.log == b"going to fail\n"
    assert not bench.has(spec.name)


def test_past_its_limit_a_container_is_killed_and_its_output_still_read(bench: Bench) -> None:
    spec = bench.spec("sleep")

    outcome = bench.run(spec, seconds=3)

    assert outcome.verdict is not None
    assert outcome.verdict.failure is FailureClass.TIME_LIMIT
    assert outcome.output.copied == ("one",)
    assert list(outcome.marked) == ["one"]
    assert not bench.has(spec.name)


def test_progress_is_reported_and_the_answer_can_be_to_stop(bench: Bench) -> None:
    seen = []

    def beat(complete: int) -> bool:
        seen.append(complete)
        return complete == 1

    outcome = bench.run(bench.spec("sleep"), beat=beat)

    assert outcome.verdict is not None
    assert outcome.verdict.failure is FailureClass.CANCELLED
    assert seen[-1] == 1


def test_an_output_lost_with_its_engine_is_the_platforms_fault(bench: Bench) -> None:
    spec = bench.spec("sleep")

    def lose(complete: int) -> bool:
        bench.lose(spec)
        return False

    with pytest.raises(PlatformFault, match="lost before it was read"):
        bench.run(spec, beat=lose)

    assert not bench.has(spec.name)


def test_what_cannot_start_leaves_nothing_behind(bench: Bench) -> None:
    spec = bench.spec("write")
    missing = ContainerSpec(**{**vars(spec), "image": "sha256:" + "0" * 64})

    with pytest.raises(PlatformFault):
        bench.run(missing)

    assert not bench.has(spec.name)


def test_killing_removing_and_discarding_what_is_gone_is_silent(bench: Bench) -> None:
    bench.engine.kill("test-not-there")
    bench.engine.remove("test-not-there")
    bench.engine.discard_output("test-not-there")

    assert bench.engine.look("test-not-there") is None
    assert not bench.engine.output_is_held("test-not-there")
    assert not bench.engine.output_has("test-not-there", PurePosixPath("x"))


def test_the_reaper_removes_what_is_past_its_deadline_and_leaves_the_rest(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late = bench.spec("sleep"), bench.spec("sleep", seconds=9000)
    ours = (early.name, late.name)
    everything = bench.engine.owned  # also other people's: this test's clock is ahead of theirs
    monkeypatch.setattr(
        bench.engine, "owned", lambda: tuple(owned for owned in everything() if owned.name.startswith(ours))
    )
    for spec in (early, late):
        bench.engine.make_output(spec.output)
        bench.engine.start(spec)

    removed = reap(bench.engine, time.monotonic() + 4000)

    assert sorted(owned.name for owned in removed if owned.kind == "volume") == [early.output.name]
    assert early.name in {owned.name for owned in removed}
    assert not bench.has(early.name)
    assert bench.has(late.name)
    bench.engine.remove(late.name)
    bench.engine.discard_output(late.output.name)


def test_a_clock_that_is_set_ahead_makes_nothing_late(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, now = bench.spec("sleep"), time.time()
    bench.engine.make_output(spec.output)
    bench.engine.start(spec)
    monkeypatch.setattr(time, "time", lambda: now + 7200)

    Housekeeping(bench.engine, (), stopping=threading.Event())._look()

    assert bench.has(spec.name)
    bench.engine.remove(spec.name)
    bench.engine.discard_output(spec.output.name)


def test_an_unknown_image_is_none_and_a_known_one_has_its_digest(bench: Bench) -> None:
    assert bench.engine.inspect_image("no-such-image:at-all") is None
    digest = bench.image("write")
    found = bench.engine.inspect_image(digest)
    assert found is not None
    assert found["Id"] == digest


def test_an_image_stays_until_its_last_name_is_removed(bench: Bench) -> None:
    digest, tag = bench.image("write"), uuid.uuid4().hex
    bench.engine.tag_image(digest, repository="cil-test", tag=tag)
    bench.engine.tag_image(digest, repository="cil-test", tag=f"{tag}-kept")

    named = {image.reference: image for image in bench.engine.tagged_images("cil-test")}
    assert {named[name].digest for name in (f"cil-test:{tag}", f"cil-test:{tag}-kept")} == {digest}
    assert abs(named[f"cil-test:{tag}"].tagged - time.time()) < 60
    assert bench.engine.tagged_images("cil-nobodys") == ()
    bench.engine.remove_image(f"cil-test:{tag}")

    assert bench.engine.inspect_image(f"cil-test:{tag}") is None
    kept = bench.engine.inspect_image(f"cil-test:{tag}-kept")
    assert kept is not None
    assert kept["Id"] == digest


def test_following_what_is_gone_gives_nothing(bench: Bench) -> None:
    assert list(bench.engine.follow_memory("cil-that-never-was")) == []
    assert list(bench.engine.follow_log("cil-that-never-was")) == []


def test_an_image_that_no_registry_gives_is_the_platforms_fault(bench: Bench) -> None:
    with pytest.raises(PlatformFault, match="did not fetch"):
        bench.engine.pull_image("127.0.0.1:1/nothing@sha256:" + "0" * 64)


@pytest.mark.parametrize("reference", ["127.0.0.1:1/nothing", "127.0.0.1:1/nothing:latest", "nothing@sha256:12"])
def test_an_image_is_fetched_by_the_digest_of_its_manifest_or_not_at_all(bench: Bench, reference: str) -> None:
    with pytest.raises(InputRefused, match="by digest"):
        bench.engine.pull_image(reference)
