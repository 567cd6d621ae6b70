from __future__ import annotations

import dataclasses
import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from evaluator.container.archive import read_archive
from evaluator.container.archive_checks import ArchiveLimits
from evaluator.container.archive_repack import repack
from evaluator.errors import FailureClass, ImageRefused, InputRefused
from tests.evaluator.container.archive_builder import Image, layer, member, sha256, tar_of, write

Files = list[tuple[tarfile.TarInfo, bytes]]
CHECKS = ["file", "members", "size", "blobs", "one image", "json", "config", "platform", "layers", "devices", "command"]


def refusal(path: Path, limits: ArchiveLimits | None = None) -> ImageRefused:
    with pytest.raises(ImageRefused) as caught:
        read_archive(path, limits=limits)
    error = caught.value
    assert error.failure is FailureClass.IMAGE_INVALID
    assert error.next_step
    assert [check.ok for check in error.checks] == [True] * (len(error.checks) - 1) + [False]
    return error


def refused_check(path: Path, limits: ArchiveLimits | None = None) -> str:
    return refusal(path, limits).checks[-1].check


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
@pytest.mark.parametrize("layout", [Image.old_docker, Image.new_docker, Image.oci])
def test_an_archive_in_any_layout_is_accepted_with_every_check_named(
    tmp_path: Path, layout: Callable[[Image], Files], suffix: str
) -> None:
    image = Image()
    report = read_archive(write(tmp_path / f"image{suffix}", layout(image)))
    assert report.digest == image.digest
    assert report.config.diff_ids == tuple(f"sha256:{sha256(data)}" for data in image.layers)
    assert report.config.user == "user"
    assert report.config.entrypoint == ("/opt/algorithm",)
    assert [check.check for check in report.checks] == CHECKS
    assert all(check.ok and check.detail for check in report.checks)


def test_layers_compressed_with_zstd_are_read(tmp_path: Path) -> None:
    image = Image()
    packed = image.oci(compress=lambda data: zstandard.ZstdCompressor().compress(data))
    assert read_archive(write(tmp_path / "image.tar", packed)).digest == image.digest


def test_a_link_between_equal_layers_is_followed(tmp_path: Path) -> None:
    same = layer("opt/algorithm")
    report = read_archive(write(tmp_path / "image.tar", Image(layers=[same, layer("b"), same]).old_docker()))
    assert report.layers[0] == report.layers[2]


def test_a_character_device_in_a_layer_is_accepted(tmp_path: Path) -> None:
    image = Image(layers=[tar_of([(member("dev/null", kind=tarfile.CHRTYPE), b"")])])
    assert read_archive(write(tmp_path / "image.tar", image.old_docker())).digest == image.digest


def test_an_empty_layer_is_accepted(tmp_path: Path) -> None:
    image = Image(layers=[layer("a"), bytes(1024)])
    assert read_archive(write(tmp_path / "image.tar", image.old_docker())).digest == image.digest


def test_names_longer_than_a_header_are_read_in_both_formats(tmp_path: Path) -> None:
    long = member("a" * 300)
    image = Image(layers=[long.tobuf(tarfile.PAX_FORMAT) + bytes(1024), long.tobuf(tarfile.GNU_FORMAT) + bytes(1024)])
    assert read_archive(write(tmp_path / "image.tar", image.old_docker())).digest == image.digest


def test_progress_adds_up_to_the_size_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar.gz", Image().old_docker())
    steps: list[int] = []
    read_archive(path, progress=steps.append)
    assert sum(steps) == path.stat().st_size


def test_a_missing_file_is_the_callers_fault(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="not a file"):
        read_archive(tmp_path / "absent.tar")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(b"not an archive " * 100)
    assert refused_check(path) == "file"


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_truncated_archive_is_refused(tmp_path: Path, suffix: str) -> None:
    image = Image(layers=[layer("weights", bytes(range(256)) * 400)])
    path = write(tmp_path / f"image{suffix}", image.old_docker())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert refused_check(path) == "file"


def test_an_archive_compressed_with_xz_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "image.tar.xz"
    path.write_bytes(b"\xfd7zXZ\x00 and so on")
    assert "xz" in refusal(path).why


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../evil", "a/../b", "a\nb"])
def test_a_path_that_leaves_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    files = [*Image().old_docker(), (member(name, b"x"), b"x")]
    assert refused_check(write(tmp_path / "image.tar", files)) == "members"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "../absent/layer.tar"])
def test_a_link_that_leaves_the_archive_or_leads_nowhere_is_refused(tmp_path: Path, target: str) -> None:
    files = Image().old_docker()
    name = next(info.name for info, _ in files if info.name.endswith("layer.tar"))
    linked = [
        (member(name, kind=tarfile.SYMTYPE, target=target), b"") if info.name == name else (info, data)
        for info, data in files
    ]
    assert refused_check(write(tmp_path / "image.tar", linked)) in {"members", "one image"}


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_a_member_that_docker_save_never_writes_is_refused(tmp_path: Path, kind: bytes) -> None:
    files = [*Image().old_docker(), (member("extra", kind=kind, target="manifest.json"), b"")]
    assert refused_check(write(tmp_path / "image.tar", files)) == "members"


@pytest.mark.parametrize("again", ["manifest.json", "./manifest.json", ".//manifest.json"])
def test_a_member_that_occurs_twice_is_refused(tmp_path: Path, again: str) -> None:
    files = [*Image().old_docker(), (member(again, b"[]"), b"[]")]
    assert refused_check(write(tmp_path / "image.tar", files)) == "members"


def test_a_sparse_member_is_refused(tmp_path: Path) -> None:
    files = [*Image().old_docker(), (member("extra", kind=tarfile.GNUTYPE_SPARSE), b"")]
    assert refused_check(write(tmp_path / "image.tar", files)) == "file"


def test_an_extended_header_of_any_size_is_not_loaded(tmp_path: Path) -> None:
    bomb = member("x", kind=tarfile.XHDTYPE)
    bomb.size = 1024**3
    path = tmp_path / "image.tar"
    path.write_bytes(bomb.tobuf(tarfile.USTAR_FORMAT) + bytes(4096))
    assert "extended header" in refusal(path).why


def test_an_archive_larger_than_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar", Image().old_docker())
    error = refusal(path, ArchiveLimits(archive_bytes=1000))
    assert [check.check for check in error.checks] == ["file"]


@pytest.mark.parametrize("layout", [Image.old_docker, Image.oci])
def test_an_archive_that_inflates_beyond_the_limit_is_refused(tmp_path: Path, layout: Callable[[Image], Files]) -> None:
    image = Image(layers=[layer("zeros", bytes(8 * 1024**2))])
    path = write(tmp_path / "image.tar.gz", layout(image))
    assert path.stat().st_size < 100_000
    assert refused_check(path, ArchiveLimits(unpacked_bytes=4 * 1024**2)) == "size"


def test_more_members_or_layer_entries_than_the_limit_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar", Image().old_docker())
    assert refused_check(path, ArchiveLimits(members=3)) == "members"
    assert refused_check(path, ArchiveLimits(layer_entries=1)) == "size"


def test_a_blob_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    files = [*Image().new_docker(), (member(f"blobs/sha256/{'0' * 64}", b"x"), b"x")]
    assert refused_check(write(tmp_path / "image.tar", files)) == "blobs"


def test_a_config_under_another_digest_is_refused(tmp_path: Path) -> None:
    image = Image()
    name = f"{sha256(image.config_bytes)}.json"
    files = [
        (member(info.name, b"{}"), b"{}") if info.name == name else (info, data) for info, data in image.old_docker()
    ]
    assert refused_check(write(tmp_path / "image.tar", files)) == "one image"


def test_an_archive_of_two_images_is_refused(tmp_path: Path) -> None:
    files = Image().old_docker()
    info, data = files.pop()
    twice = json.dumps(json.loads(data) * 2).encode()
    assert refused_check(write(tmp_path / "docker.tar", [*files, (member(info.name, twice), twice)])) == "one image"
    assert refused_check(write(tmp_path / "oci.tar", Image().oci(images=2))) == "one image"


def test_an_archive_without_an_image_is_refused(tmp_path: Path) -> None:
    assert refused_check(write(tmp_path / "image.tar", [(member("readme", b"hi"), b"hi")])) == "one image"


def test_keys_equal_but_for_case_are_refused(tmp_path: Path) -> None:
    image = Image(settings={"User": "user", "user": "root", "Entrypoint": ["/a"]})
    error = refusal(write(tmp_path / "image.tar", image.old_docker()))
    assert error.checks[-1].check == "json"
    assert "'User' and 'user'" in error.why


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', '{"a": 1', '{"a": "\\ud800"', '{"a":1,"a":2}'])
def test_json_that_two_parsers_would_read_differently_is_refused(tmp_path: Path, text: str) -> None:
    image = Image(config_text=text.encode())
    assert refused_check(write(tmp_path / "image.tar", image.old_docker())) == "json"


def test_a_key_in_another_case_is_read_as_the_engine_reads_it(tmp_path: Path) -> None:
    image = Image(settings={"user": "nobody", "entrypoint": ["/a"]})
    assert read_archive(write(tmp_path / "image.tar", image.old_docker())).config.user == "nobody"


@pytest.mark.parametrize("change", [{"architecture": "arm64"}, {"os": "windows"}, {"architecture": None}])
def test_an_image_for_another_platform_is_refused(tmp_path: Path, change: dict[str, str | None]) -> None:
    error = refusal(write(tmp_path / "image.tar", Image(config=dict(change)).old_docker()))
    assert error.checks[-1].check == "platform"
    assert "amd64" in error.next_step


def test_an_archive_that_only_names_anothers_layers_is_refused(tmp_path: Path) -> None:
    rival = f"sha256:{sha256(layer('secret'))}"
    image = Image(layers=[layer("mine")], diff_ids=[rival])
    assert refused_check(write(tmp_path / "image.tar", image.old_docker())) == "layers"
    none = Image(layers=[], diff_ids=[rival])
    assert refused_check(write(tmp_path / "none.tar", none.old_docker())) == "layers"


def test_layers_in_another_order_than_the_config_are_refused(tmp_path: Path) -> None:
    image = Image()
    image.diff_ids = [f"sha256:{sha256(data)}" for data in reversed(image.layers)]
    assert refused_check(write(tmp_path / "image.tar", image.old_docker())) == "layers"


def test_127_layers_are_accepted_and_128_refused(tmp_path: Path) -> None:
    layers = [layer(f"file{number}") for number in range(128)]
    path = write(tmp_path / "127.tar", Image(layers=layers[:127]).old_docker())
    assert len(read_archive(path).layers) == 127
    assert "128 layers" in refusal(write(tmp_path / "128.tar", Image(layers=layers).old_docker())).what


def test_a_layer_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    image = Image(layers=[b"#!/bin/sh\n" * 200])
    assert refused_check(write(tmp_path / "image.tar", image.old_docker())) == "layers"


@pytest.mark.parametrize("layout", [Image.old_docker, Image.oci])
def test_a_block_device_in_a_layer_is_refused(tmp_path: Path, layout: Callable[[Image], Files]) -> None:
    image = Image(layers=[layer("a"), tar_of([(member("dev/sda", kind=tarfile.BLKTYPE), b"")])])
    assert refused_check(write(tmp_path / "image.tar", layout(image))) == "devices"


def test_a_block_device_behind_a_folder_with_content_is_refused(tmp_path: Path) -> None:
    folder = member("dir/", kind=tarfile.AREGTYPE)
    folder.size = 512
    decoy = member("decoy")
    decoy.size = 512
    hidden = folder.tobuf() + decoy.tobuf() + member("dev/sda", kind=tarfile.BLKTYPE).tobuf() + bytes(1024)
    assert refused_check(write(tmp_path / "image.tar", Image(layers=[hidden]).old_docker())) == "layers"


def test_an_image_without_a_command_is_refused(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "image.tar", Image(settings={"User": "user"}).old_docker()))
    assert error.checks[-1].check == "command"
    assert "ENTRYPOINT" in error.next_step


@pytest.mark.parametrize("layout", [Image.old_docker, Image.new_docker, Image.oci])
def test_the_new_archive_holds_one_manifest_no_tags_and_the_same_image(
    tmp_path: Path, layout: Callable[[Image], Files]
) -> None:
    same = layer("opt/algorithm")
    image = Image(layers=[same, layer("b"), same])
    path = write(tmp_path / "image.tar.gz", layout(image))
    report = read_archive(path)
    new = tmp_path / "new.tar"
    new.write_bytes(b"".join(repack(path, config=report.config_member, layers=report.layers)))
    again = read_archive(new)
    assert (again.digest, again.config) == (report.digest, report.config)
    with tarfile.open(new) as archive:
        assert sorted(archive.getnames()) == sorted(
            ["manifest.json", f"{sha256(image.config_bytes)}.json", *{f"{sha256(data)}.tar" for data in image.layers}]
        )
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        assert json.load(manifest)[0]["RepoTags"] is None


def test_an_archive_that_changes_after_it_was_checked_is_not_loaded(tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar", Image().old_docker())
    report = read_archive(path)
    other = Image(layers=[layer("etc/passwd", b"changed"), layer("opt/algorithm")])
    write(path, other.old_docker())
    with pytest.raises(ImageRefused, match="changed after it was checked"):
        b"".join(repack(path, config=report.config_member, layers=report.layers))


def test_reports_are_frozen(tmp_path: Path) -> None:
    report = read_archive(write(tmp_path / "image.tar", Image().old_docker()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.digest = "sha256:other"  # type: ignore[misc]


def test_two_gzip_streams_in_one_layer_are_read_as_one(tmp_path: Path) -> None:
    def in_two(data: bytes) -> bytes:
        return gzip.compress(data[:700]) + gzip.compress(data[700:])

    image = Image()
    buffer = io.BytesIO(tar_of(image.oci(compress=in_two)))
    path = tmp_path / "image.tar"
    path.write_bytes(buffer.getvalue())
    assert read_archive(path).digest == image.digest
