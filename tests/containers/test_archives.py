"""What `docker save` writes, through our checks and back into the engine."""

from __future__ import annotations

import io
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator import results
from evaluator.cli import app
from evaluator.container.archive import load_archive, read_archive
from evaluator.container.docker_engine import DockerEngine
from evaluator.errors import ImageRefused
from tests.containers.submissions import FOLDER, Images
from tests.evaluator.container.archive_builder import PASSWD, Image, layer, member, tar_of, write
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = pytest.mark.containers

READ_WEIGHTS = """
path = pathlib.Path("/opt/ml/model/fold/likelihood")
assert path.stat().st_uid == 0 and not os.access(path, os.W_OK)
for case in cases:
    answer(case, float(path.read_text()))
"""


def docker(*words: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["docker", *words], input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def image() -> Iterator[str]:
    """An image of two layers with a user of its own; its content differs in every test."""
    mark = uuid.uuid4().hex
    files = tar_of([(member("etc/passwd", PASSWD), PASSWD), (member("mark", mark.encode()), mark.encode())])
    changes = ["--change", "USER user", "--change", 'ENTRYPOINT ["/run"]', "--change", "VOLUME /data"]
    below = docker("import", *changes, "-", f"archive-test-{mark}", stdin=files)
    container = docker("create", below, "true")
    docker("cp", "-", f"{container}:/", stdin=layer("above"))
    above = docker("commit", container)
    docker("rm", "--volumes", container)
    yield above
    for digest in (above, below):
        subprocess.run(["docker", "rmi", "--force", digest], capture_output=True, check=False)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_what_docker_save_writes_is_accepted_and_loads_as_the_same_image(
    tmp_path: Path, image: str, engine: DockerEngine, suffix: str
) -> None:
    path = tmp_path / f"image{suffix}"
    saved = subprocess.run(["docker", "save", image], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        files = [
            (info, source.read() if (source := archive.extractfile(info)) else b"") for info in archive.getmembers()
        ]
    write(path, files)
    docker("rmi", "--force", image)
    report = read_archive(path)
    assert report.digest == image
    record = load_archive(engine, path, report)
    assert (record.digest, record.user, record.uid, record.gid) == (image, "user", 1234, 1235)
    assert record.volumes == ("/data",)
    assert len(record.diff_ids) == 2


@pytest.mark.parametrize("layout", [Image.old_docker, Image.new_docker, Image.oci])
def test_an_archive_in_a_layout_that_the_engine_may_not_know_is_loaded(
    tmp_path: Path, engine: DockerEngine, layout: object
) -> None:
    assert callable(layout)
    made = Image(layers=[layer("etc/passwd", PASSWD), layer("mark", uuid.uuid4().hex.encode())])
    path = write(tmp_path / "image.tar", layout(made))
    try:
        record = load_archive(engine, path, read_archive(path))
        assert (record.digest, record.uid) == (made.digest, 1234)
    finally:
        subprocess.run(["docker", "rmi", "--force", made.digest], capture_output=True, check=False)


def test_an_archive_that_names_layers_the_engine_has_gets_none_of_them(tmp_path: Path, image: str) -> None:
    theirs = docker("image", "inspect", "--format", '{{join .RootFS.Layers " "}}', image).split()
    thief = Image(layers=[layer("empty") for _ in theirs], diff_ids=theirs)
    with pytest.raises(ImageRefused, match="not the one that the config names"):
        read_archive(write(tmp_path / "image.tar", thief.old_docker()))


def test_weights_apart_from_their_image_lie_in_the_container(
    images: Images, engine: DockerEngine, tmp_path: Path
) -> None:
    """The detector's likelihood is what its weights say, which are not in the image that was saved."""
    image = images.of(FOLDER + READ_WEIGHTS)
    archive, weights, out = tmp_path / "image.tar", tmp_path / "weights.tar.gz", tmp_path / "results.json"
    with archive.open("wb") as file:
        file.writelines(engine.save_image(image))
    write(weights, [(member("./fold/likelihood", b"0.75"), b"0.75")])
    write_tiny_cohort(tmp_path / "tiny", cases=2)
    words = ["run", archive, tmp_path / "tiny", "--out", out, "--state", tmp_path / "state", "--weights", weights]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    written = results.read(out)
    try:
        assert written.submission.image != image
        assert [case.likelihood for case in written.cohorts[0].cases] == [0.75, 0.75]
        assert list((tmp_path / "state").glob("weights-*")) == []
    finally:
        docker("rmi", "--force", written.submission.image)
