from __future__ import annotations

from pathlib import Path
from typing import IO

import pytest

from evaluator.container.archive import REPOSITORY, load_archive, read_archive, resolve_image
from evaluator.container.fake_engine import FakeEngine
from evaluator.container.image_user import run_as
from evaluator.container.images import ImageRecord
from evaluator.errors import ImageRefused, InputRefused
from tests.evaluator.container.archive_builder import PASSWD, Image, layer, write

GROUP = b"# groups\nroot:x:0:\nlab:x:77:user\n"


def loaded(tmp_path: Path, image: Image, engine: FakeEngine | None = None) -> ImageRecord:
    path = write(tmp_path / "image.tar.gz", image.oci())
    return load_archive(engine or FakeEngine({}), path, read_archive(path))


def with_user(user: str, *, passwd: bytes = PASSWD) -> Image:
    layers = [layer("etc/passwd", passwd), layer("etc/group", GROUP)]
    return Image(layers=layers, settings={"User": user, "Cmd": ["run"]})


def test_a_loaded_image_is_what_the_archive_said(tmp_path: Path) -> None:
    engine, image = FakeEngine({}), Image()
    image.settings |= {"Volumes": {"/data": {}}, "Env": ["A=b"]}
    record = loaded(tmp_path, image, engine)
    assert record.digest == image.digest
    assert (record.uid, record.gid) == (1234, 1235)
    assert (record.volumes, record.env, record.entrypoint) == (("/data",), ("A=b",), ("/opt/algorithm",))
    assert resolve_image(engine, record.digest) == record


def test_an_image_is_tagged_in_our_namespace_and_under_no_name_of_its_own(tmp_path: Path) -> None:
    engine = FakeEngine({})
    record = loaded(tmp_path, Image(), engine)
    seen = engine.inspect_image(record.digest)
    assert seen is not None
    assert [name.partition(":")[0] for name in seen["RepoTags"]] == [REPOSITORY]


@pytest.mark.parametrize(
    ("user", "uid", "gid"),
    [
        ("user", 1234, 1235),
        ("1234", 1234, 1235),
        ("4000", 4000, 0),
        ("4000:4001", 4000, 4001),
        ("user:lab", 1234, 77),
        ("user:9", 1234, 9),
        ("", 0, 0),
        ("root", 0, 0),
        ("toor", 0, 5),
    ],
)
def test_a_user_resolves_in_the_images_own_files(tmp_path: Path, user: str, uid: int, gid: int) -> None:
    record = loaded(tmp_path, with_user(user, passwd=PASSWD + b"toor:x:0:5::/:/bin/sh\n"))
    assert (record.user, record.uid, record.gid) == (user, uid, gid)


def test_a_name_made_of_digits_is_always_an_id(tmp_path: Path) -> None:
    record = loaded(tmp_path, with_user("4000", passwd=b"4000:x:0:0::/:/bin/sh\n"))
    assert (record.uid, record.gid) == (4000, 0)


@pytest.mark.parametrize("user", ["nobody", "user:absent", "99999999999", "-1", "user:x:y"])
def test_a_user_that_resolves_to_no_number_is_refused(tmp_path: Path, user: str) -> None:
    with pytest.raises(ImageRefused, match=r"USER|group"):
        loaded(tmp_path, with_user(user))


def test_root_is_refused_or_replaced_as_the_contract_says(tmp_path: Path) -> None:
    root, user = loaded(tmp_path, with_user("")), loaded(tmp_path, with_user("user"))
    assert run_as(root, replace_root=True) == "10001:10001"
    assert run_as(user, replace_root=False) == "1234:1235"
    with pytest.raises(ImageRefused, match="runs as root"):
        run_as(root, replace_root=False)


def test_an_engine_that_shows_another_image_is_not_believed(tmp_path: Path) -> None:
    class Swapping(FakeEngine):
        """Reads the layers of the archive, but gives the image another user."""

        def load_image(self, stream: IO[bytes]) -> str:
            digest = super().load_image(stream)
            self.images[digest].config["config"]["User"] = ""
            return digest

    engine = Swapping({})
    with pytest.raises(ImageRefused, match="shows another image"):
        loaded(tmp_path, Image(), engine)
    assert engine.images == {}


def test_an_image_that_is_nowhere_is_the_callers_fault() -> None:
    with pytest.raises(InputRefused, match="neither a file nor an image"):
        resolve_image(FakeEngine({}), "absent:latest")
