"""Whatever bytes are sent as an archive: an image whose every byte is the one verified, or a refusal in a sentence."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.container.archive import ArchiveReport, read_archive
from evaluator.container.archive_repack import repack
from evaluator.container.weights import join_weights
from evaluator.errors import ImageRefused
from tests.evaluator.container.archive_builder import Image, member, tar_of, write
from tests.evaluator.mutations import Bad, bad, few, for_long, spoil

LAYOUTS = {"old": Image().old_docker(), "new": Image().new_docker(), "oci": Image().oci()}


def send(layout: str, acts: list[Bad], where: str) -> None:
    """Spoil the tar, the gzip around it, or one member before it is packed."""
    files = LAYOUTS[layout]
    if where.isdigit():
        number = int(where) % len(files)
        spoiled = spoil(files[number][1], acts)
        info = type(files[number][0])(files[number][0].name)
        info.type, info.size = files[number][0].type, len(spoiled)
        files = [*files[:number], (info, spoiled), *files[number + 1 :]]
        data = tar_of(files)
    else:
        data = spoil(gzip.compress(tar_of(files)) if where == "gzip" else tar_of(files), acts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tar"
        path.write_bytes(data)
        try:
            report = read_archive(path)
        except ImageRefused as error:
            refusal = error
        else:
            require_verified(path, report, known=not where.isdigit())
            return
    assert str(refusal)
    assert refusal.checks[-1].ok is False


def require_verified(path: Path, report: ArchiveReport, *, known: bool) -> None:
    """What would be loaded is the image that was checked; a layer that was changed by itself is not accepted."""
    again = path.with_name("again.tar")
    again.write_bytes(b"".join(repack(path, config=report.config_member, layers=report.layers)))
    repeated = read_archive(again)
    assert (repeated.digest, repeated.config.diff_ids) == (report.digest, report.config.diff_ids)
    layers = {f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in Image().layers}
    assert set(report.config.diff_ids) <= layers or not known


ANY: dict[str, st.SearchStrategy[object]] = {
    "layout": st.sampled_from(sorted(LAYOUTS)),
    "acts": bad,
    "where": st.sampled_from(["tar", "gzip", *map(str, range(8))]),
}


@few(200)
@given(**ANY)
def test_any_archive_is_a_verified_image_or_a_refusal(**drawn: object) -> None:
    send(**drawn)  # type: ignore[arg-type]


WEIGHTS = tar_of([(member("./fold", kind=tarfile.DIRTYPE), b""), (member("./fold/model.pt", b"weights"), b"weights")])


def send_weights(acts: list[Bad], packed: bool) -> None:
    """Beside a good image: a layer that adds files below one folder and touches nothing else, or a refusal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = write(folder / "image.tar", LAYOUTS["new"])
        (folder / "weights").write_bytes(spoil(gzip.compress(WEIGHTS) if packed else WEIGHTS, acts))
        try:
            join_weights(image, folder / "weights", out=folder / "joined")
        except ImageRefused as error:
            refusal = error
        else:
            require_only_added(folder / "joined", read_archive(image).config.diff_ids)
            return
    assert str(refusal)
    assert refusal.checks[-1].ok is False


def require_only_added(joined: Path, below: tuple[str, ...]) -> None:
    report = read_archive(joined)
    assert report.config.diff_ids[:-1] == below
    with tarfile.open(joined) as archive, tarfile.open(fileobj=archive.extractfile(report.layers[-1].name)) as layer:
        for entry in layer:
            assert entry.isreg() or entry.isdir()
            assert f"{entry.name}/".startswith("opt/ml/model/") or entry.name in ("opt", "opt/ml")
            assert not any(part.startswith(".wh.") or part == ".." for part in entry.name.split("/"))


ANY_WEIGHTS: dict[str, st.SearchStrategy[object]] = {"acts": bad, "packed": st.booleans()}


@few(200)
@given(**ANY_WEIGHTS)
def test_any_archive_of_weights_adds_its_files_or_is_refused(**drawn: object) -> None:
    send_weights(**drawn)  # type: ignore[arg-type]


@pytest.mark.long("fuzz")
def test_the_same_for_minutes(record_property: Callable[[str, object], None]) -> None:
    for_long(send, **ANY).holds("archives", record_property)


@pytest.mark.long("fuzz")
def test_weights_for_minutes(record_property: Callable[[str, object], None]) -> None:
    for_long(send_weights, **ANY_WEIGHTS).holds("archives of weights", record_property)
