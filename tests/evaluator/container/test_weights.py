"""Weights that come apart from their image: its last layer, or a clear refusal."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from evaluator.container.archive import ArchiveReport, load_archive, read_archive
from evaluator.container.archive_checks import ArchiveLimits
from evaluator.container.fake_engine import FakeEngine
from evaluator.container.weights import join_weights, read_weights
from evaluator.errors import ImageRefused, InputRefused
from tests.evaluator.container.archive_builder import Image, layer, member, sha256, tar_of, write

Files = list[tuple[tarfile.TarInfo, bytes]]
TWO: Files = [
    (member("./", kind=tarfile.DIRTYPE), b""),
    (member("./model.pt", b"weights"), b"weights"),
    (member("./fold/1/model.pt", b"more"), b"more"),
]


def joined(tmp_path: Path, image: Image, files: Files, *, name: str = "weights.tar.gz") -> tuple[Path, ArchiveReport]:
    archive, weights = write(tmp_path / "image.tar.gz", image.new_docker()), write(tmp_path / name, files)
    out = tmp_path / "joined.tar"
    (check,) = join_weights(archive, weights, out=out)
    assert (check.check, check.ok) == ("weights", True)
    return out, read_archive(out)


def last_layer(path: Path, report: ArchiveReport) -> dict[str, tuple[bytes, tarfile.TarInfo]]:
    with tarfile.open(path) as archive:
        found = archive.extractfile(report.layers[-1].name)
        assert found is not None
        with tarfile.open(fileobj=io.BytesIO(found.read())) as inner:
            return {
                info.name: ((inner.extractfile(info) or io.BytesIO()).read() if info.isreg() else b"", info)
                for info in inner
            }


@pytest.mark.parametrize("layout", [Image.old_docker, Image.new_docker, Image.oci])
def test_they_are_the_images_last_layer(tmp_path: Path, layout: Callable[[Image], Files]) -> None:
    image = Image()
    archive, weights = write(tmp_path / "image.tar.gz", layout(image)), write(tmp_path / "weights.tar.gz", TWO)
    join_weights(archive, weights, out=tmp_path / "joined.tar")
    report = read_archive(tmp_path / "joined.tar")
    assert report.config.diff_ids[:-1] == tuple(f"sha256:{sha256(data)}" for data in image.layers)
    assert (report.config.user, report.config.entrypoint) == ("user", ("/opt/algorithm",))
    assert report.digest != image.digest
    found = last_layer(tmp_path / "joined.tar", report)
    assert {name: content for name, (content, info) in found.items() if info.isreg()} == {
        "opt/ml/model/model.pt": b"weights",
        "opt/ml/model/fold/1/model.pt": b"more",
    }
    infos = [info for _, info in found.values()]
    assert {(info.uid, info.gid, info.mtime) for info in infos} == {(0, 0, 0)}
    assert {info.mode for info in infos if info.isreg()} == {0o444}
    assert list(found)[:3] == ["opt", "opt/ml", "opt/ml/model"]


def test_an_engine_takes_the_joined_image(tmp_path: Path) -> None:
    out, report = joined(tmp_path, Image(), TWO)
    record = load_archive(FakeEngine({}), out, report)
    assert record.digest == report.digest
    assert len(record.diff_ids) == 3


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_however_they_are_packed_it_is_one_image(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    _, report = joined(tmp_path, Image(), TWO)
    (tmp_path / "other").write_bytes(pack(tar_of(TWO)))
    join_weights(tmp_path / "image.tar.gz", tmp_path / "other", out=tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == (tmp_path / "joined.tar").read_bytes()
    assert read_archive(tmp_path / "again.tar").digest == report.digest


def test_other_weights_are_another_image(tmp_path: Path) -> None:
    _, one = joined(tmp_path, Image(), TWO)
    _, other = joined(tmp_path, Image(), [(member("model.pt", b"Weights"), b"Weights")])
    assert one.digest != other.digest


def test_what_was_joined_before_stays_as_it_is(tmp_path: Path) -> None:
    out, report = joined(tmp_path, Image(), TWO)
    join_weights(out, tmp_path / "weights.tar.gz", out=tmp_path / "twice.tar")
    assert read_archive(tmp_path / "twice.tar").digest == report.digest


def test_the_layers_are_as_many_as_the_history_says(tmp_path: Path) -> None:
    image = Image(config={"history": [{"created_by": "a"}, {"created_by": "b"}]})
    _, report = joined(tmp_path, image, TWO)
    assert report.config_member.text is not None
    assert [line["created_by"] for line in json.loads(report.config_member.text)["history"]][:2] == ["a", "b"]
    assert len(json.loads(report.config_member.text)["history"]) == 3


def test_keys_in_another_case_are_the_same_keys(tmp_path: Path) -> None:
    image = Image()
    text = image.config_bytes.replace(b'"rootfs"', b'"RootFS"').replace(b'"diff_ids"', b'"Diff_IDs"')
    _, report = joined(tmp_path, Image(config_text=text), TWO)
    assert len(report.config.diff_ids) == 3


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([], "holds no file"),
        ([(member("a", kind=tarfile.DIRTYPE), b"")], "holds no file"),
        ([(member("../../etc/passwd", b"x"), b"x")], "leaves the archive"),
        ([(member("/etc/passwd", b"x"), b"x")], "leaves the archive"),
        ([(member("a", kind=tarfile.SYMTYPE, target="/etc/passwd"), b"")], "symbolic link"),
        ([(member("a", b"x"), b"x"), (member("b", kind=tarfile.LNKTYPE, target="a"), b"")], "hard link"),
        ([(member("a", kind=tarfile.CHRTYPE), b"")], "character device"),
        ([(member("a", kind=tarfile.FIFOTYPE), b"")], "pipe"),
        ([(member("a", b"x"), b"x"), (member("./a", b"y"), b"y")], "twice"),
        ([(member("a", b"x"), b"x"), (member("a/b", b"y"), b"y")], "as a folder and as a file"),
        ([(member("a/b", b"y"), b"y"), (member("a", b"x"), b"x")], "twice"),
        ([(member(".wh.algorithm", b"x"), b"x")], "'.wh.algorithm'"),
        ([(member("fold/.wh..wh..opq", b"x"), b"x")], "fold/.wh..wh..opq"),
    ],
)
def test_what_is_not_weights_is_refused(tmp_path: Path, files: Files, why: str) -> None:
    path = write(tmp_path / "weights.tar", files)
    with pytest.raises(ImageRefused, match=why) as refused:
        read_weights(path)
    assert refused.value.next_step
    assert not refused.value.checks[-1].ok


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"PK\x03\x04" + bytes(600), "zip"), (b"no tar" * 200, "not a tar"), (b"\x1f\x8b" + bytes(99), "gzip")],
)
def test_a_file_that_is_no_tar_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "weights").write_bytes(content)
    with pytest.raises(ImageRefused, match="cannot be read") as refused:
        read_weights(tmp_path / "weights")
    assert why in refused.value.why


def test_a_gzip_bomb_ends_at_the_bound(tmp_path: Path) -> None:
    path = write(tmp_path / "weights.tar.gz", [(member("zeros", bytes(10**7)), bytes(10**7))])
    with pytest.raises(ImageRefused, match="cannot be read") as refused:
        read_weights(path, limits=ArchiveLimits(unpacked_bytes=10**6))
    assert "more than 1,000,000 bytes" in refused.value.why


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "weights.tar", [(member(f"{number}", b"x"), b"x") for number in range(4)])
    with pytest.raises(ImageRefused) as refused:
        read_weights(path, limits=ArchiveLimits(layer_entries=3))
    assert "more than 3 entries" in refused.value.why


def test_a_path_that_is_not_there_is_not_the_submissions_fault(tmp_path: Path) -> None:
    with pytest.raises(InputRefused):
        read_weights(tmp_path / "gone.tar")


@pytest.mark.parametrize("volume", ["/opt", "/opt/ml/model", "/opt/ml/model/cache/", "opt/ml", "/"])
def test_a_volume_that_would_hide_them_is_refused(tmp_path: Path, volume: str) -> None:
    image = Image()
    image.settings["Volumes"] = {volume: {}}
    with pytest.raises(ImageRefused, match="hides what lies at /opt/ml/model"):
        joined(tmp_path, image, TWO)


def test_a_volume_elsewhere_hides_nothing(tmp_path: Path) -> None:
    image = Image()
    image.settings["Volumes"] = {"/opt/ml/models": {}, "/data": {}}
    joined(tmp_path, image, TWO)


def test_an_image_of_too_many_layers_has_no_room(tmp_path: Path) -> None:
    image = Image(layers=[layer(f"file{number}") for number in range(4)])
    archive, weights = write(tmp_path / "image.tar", image.oci()), write(tmp_path / "weights.tar", TWO)
    with pytest.raises(ImageRefused, match="no room for the weights"):
        join_weights(archive, weights, out=tmp_path / "joined.tar", limits=ArchiveLimits(layers=4))
