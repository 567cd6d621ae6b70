"""The scanner's hook: a program that is installed is asked, and whatever it does ends in a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.container.scan import LARGEST_REPORT, scan_archive


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of programs beside the system's; no scanner is in either."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def install(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_without_a_scanner_there_is_no_report(tools: Path, tmp_path: Path) -> None:
    assert scan_archive(tmp_path / "image.tar") is None


def test_trivy_is_asked_offline_and_before_syft(tools: Path, tmp_path: Path) -> None:
    install(tools, "trivy", 'echo "trivy $@"')
    install(tools, "syft", 'echo "syft $@"')
    report = scan_archive(tmp_path / "image.tar")
    assert report is not None
    assert (report.scanner, report.ok) == ("trivy", True)
    assert "--offline-scan --skip-db-update" in report.text
    assert report.text.endswith(f"--input {tmp_path}/image.tar\n")


def test_syft_is_told_what_kind_of_file_it_is(tools: Path, tmp_path: Path) -> None:
    install(tools, "syft", 'echo "$@"')
    report = scan_archive(tmp_path / "image.tar")
    assert report is not None
    assert report.text == f"scan --quiet docker-archive:{tmp_path}/image.tar\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo broken >&2; exit 3", "broken"),
        ("exec sleep 60", "was stopped after 1 s"),
        ("printf '\\377\\376 bytes'; exit 1", "bytes"),
    ],
)
def test_a_scanner_that_fails_is_a_report_that_says_so(tools: Path, tmp_path: Path, script: str, said: str) -> None:
    install(tools, "trivy", script)
    report = scan_archive(tmp_path / "image.tar", seconds=1)
    assert report is not None
    assert not report.ok
    assert said in report.text


def test_a_report_without_end_is_cut(tools: Path, tmp_path: Path) -> None:
    install(tools, "trivy", f"head -c {LARGEST_REPORT + 500} /dev/zero | tr '\\0' x")
    report = scan_archive(tmp_path / "image.tar")
    assert report is not None
    assert len(report.text) < LARGEST_REPORT + 100
    assert report.text.endswith("500 characters more")
